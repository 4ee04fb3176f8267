/// Repeats a measurement until enough runs were undisturbed, within a bound.
package struct RunSelection<Run: Sendable>: Sendable {
  /// A run during which others used more than this part of the machine's processor time does not
  /// count.
  package static var foreignShareMax: Double { 0.05 }
  /// Attempts for each run that is wanted.
  package static var attemptsPerRun: Int { 3 }

  private let wanted: Int
  private var runs: [(run: Run, foreignShare: Double)] = []

  /// Wants so many undisturbed runs, at least one.
  package init(wanted: Int) {
    self.wanted = max(1, wanted)
  }

  /// Takes a run, and the part of the machine that others had meanwhile.
  package mutating func add(_ run: Run, foreignShare: Double) {
    runs.append((run, foreignShare))
  }

  /// Whether no more runs are needed, or allowed.
  package var isComplete: Bool {
    quiet.count >= wanted || runs.count >= wanted * Self.attemptsPerRun
  }

  /// The runs that count: the undisturbed ones, or, if there are none, the one disturbed least.
  package var kept: [Run] {
    if hasQuietRuns { return quiet.map(\.run) }
    return runs.min { $0.foreignShare < $1.foreignShare }.map { [$0.run] } ?? []
  }

  /// Whether the runs that count were undisturbed.
  package var hasQuietRuns: Bool { !quiet.isEmpty }

  /// Runs that do not count.
  package var discardedCount: Int { runs.count - kept.count }

  /// The largest part of the machine that others had during a run that counts, 0…1.
  package var foreignShare: Double {
    let shares =
      hasQuietRuns ? quiet.map(\.foreignShare) : runs.map(\.foreignShare).min().map { [$0] }
    return shares?.max() ?? 0
  }

  private var quiet: [(run: Run, foreignShare: Double)] {
    runs.filter { $0.foreignShare <= Self.foreignShareMax }
  }
}
