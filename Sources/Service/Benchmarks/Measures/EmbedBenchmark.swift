/// Embeds a file's inputs over and over: throughput, and the latency of a call.
package struct EmbedBenchmark: Sendable {
  /// How it is measured.
  package struct Options: Sendable, Equatable {
    /// Callers at the same time.
    package var concurrency = 1
    /// Calls a second that come whatever is answered; nil: `concurrency` callers wait for theirs.
    package var callsPerSecond: Double?
    /// One input a call, in place of the whole file.
    package var isOneByOne = false
    /// The least length of one run, in seconds; open calls end after it.
    package var runSeconds = 3.0
    /// Undisturbed runs that are wanted.
    package var runs = 5

    /// One caller, the whole file a call, five runs of three seconds.
    package init() {}
  }

  private let target: any EmbedTarget
  private let inputCount: Int
  private let options: Options
  private let watch: LoadWatch

  /// - Parameters:
  ///   - inputCount: how many inputs the target was made with.
  ///   - watch: knows the processes whose time is ours.
  package init(
    target: any EmbedTarget, inputCount: Int, options: Options, watch: LoadWatch
  ) {
    self.target = target
    self.inputCount = inputCount
    self.options = options
    self.watch = watch
  }

  /// Warms up, then measures until enough runs were undisturbed, within a bound.
  ///
  /// - Throws: `BenchmarksError` of a call that failed.
  package func run() async throws -> EmbedReport {
    let all = [0..<inputCount]
    let calls = options.isOneByOne ? (0..<inputCount).map { $0..<($0 + 1) } : all
    let closed = ClosedLoad(target: target, calls: calls, concurrency: options.concurrency)
    let open = options.callsPerSecond.map {
      OpenLoad(target: target, calls: calls, callsPerSecond: $0)
    }
    func load(_ nanoseconds: UInt64) async throws -> LoadRun {
      if let open { return try await open.run(nanoseconds: nanoseconds) }
      return try await closed.run(nanoseconds: nanoseconds)
    }
    let nanoseconds = UInt64(options.runSeconds * 1e9)
    _ = try await load(max(nanoseconds / 3, 500_000_000))
    var selection = RunSelection<LoadRun>(wanted: options.runs)
    while !selection.isComplete {
      let before = watch.sample()
      let run = try await load(nanoseconds)
      selection.add(run, foreignShare: before.foreignShare(until: watch.sample()))
    }
    return EmbedReport(
      facts: target.facts, options: options, inputCount: inputCount, selection: selection,
      machine: .current())
  }
}
