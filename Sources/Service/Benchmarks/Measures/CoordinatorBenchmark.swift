internal import CPlatform

/// The time that a coordinator adds to a call: the same one-sentence Embed through it and directly
/// to its worker, in turn.
package struct CoordinatorBenchmark: Sendable {
  /// What one run came to, in microseconds, call by call.
  struct Run: Sendable {
    var coordinator: [Double] = []
    var worker: [Double] = []
  }

  private let coordinator: ServerTarget
  private let worker: ServerTarget
  private let calls: Int
  private let runs: Int

  /// - Parameters:
  ///   - calls: pairs of calls of each run.
  ///   - runs: undisturbed runs that are wanted.
  package init(coordinator: ServerTarget, worker: ServerTarget, calls: Int, runs: Int) {
    self.coordinator = coordinator
    self.worker = worker
    self.calls = calls
    self.runs = runs
  }

  /// Measures. Throws `BenchmarksError` when a call fails.
  package func run() async throws -> CoordinatorReport {
    let watch = LoadWatch(andProcesses: coordinator.processes.union(worker.processes))
    _ = try await pairs(max(50, calls / 4))
    var selection = RunSelection<Run>(wanted: runs)
    while !selection.isComplete {
      let before = watch.sample()
      let run = try await pairs(calls)
      selection.add(run, foreignShare: before.foreignShare(until: watch.sample()))
    }
    return CoordinatorReport(facts: coordinator.facts, selection: selection, machine: .current())
  }

  private func pairs(_ count: Int) async throws -> Run {
    var run = Run()
    for index in 0..<count {
      // Whoever comes second finds warmer caches: each goes first every other time.
      if index % 2 == 0 { run.worker.append(try await microseconds(worker)) }
      run.coordinator.append(try await microseconds(coordinator))
      if index % 2 == 1 { run.worker.append(try await microseconds(worker)) }
    }
    return run
  }

  private func microseconds(_ target: ServerTarget) async throws -> Double {
    let start = cp_monotonic_nanoseconds()
    _ = try await target.embed(0..<1, lane: 0)
    return Double(cp_monotonic_nanoseconds() - start) / 1e3
  }
}

/// What `bench coordinator` prints.
package struct CoordinatorReport: Sendable {
  private let facts: TargetFacts
  private let selection: RunSelection<CoordinatorBenchmark.Run>
  private let machine: MachineInfo

  init(
    facts: TargetFacts, selection: RunSelection<CoordinatorBenchmark.Run>, machine: MachineInfo
  ) {
    self.facts = facts
    self.selection = selection
    self.machine = machine
  }

  /// Whether at least one run was undisturbed.
  package var isUndisturbed: Bool { selection.hasQuietRuns }

  /// One line: a JSON object.
  package var json: String {
    let (through, direct) = (through, direct)
    return ReportTable.json([
      ("addedMicroseconds", .number(added(50))), ("addedMicrosecondsP99", .number(added(99))),
      ("coordinatorMicroseconds", .number(through[50] ?? 0)),
      ("coordinatorMicrosecondsP99", .number(through[99] ?? 0)),
      ("workerMicroseconds", .number(direct[50] ?? 0)),
      ("workerMicrosecondsP99", .number(direct[99] ?? 0)),
      ("calls", .integer(selection.kept.reduce(0) { $0 + $1.worker.count })),
      ("runs", .integer(selection.kept.count)), ("discarded", .integer(selection.discardedCount)),
      ("undisturbed", .bool(isUndisturbed)),
      ("foreignCpuPercent", .number(100 * selection.foreignShare)),
      ("workers", .integer(facts.workers)), ("threads", .integer(facts.threads)),
      ("model", .text(facts.model)), ("machine", .text(machine.processor)),
      ("commit", .text(machine.commit ?? facts.version)), ("version", .text(facts.version)),
    ])
  }

  /// A table for a person.
  package var text: String {
    func row(_ median: Double, _ p99: Double) -> String {
      "median \(median.grouped(decimals: 1)) µs, p99 \(p99.grouped(decimals: 1)) µs"
    }
    let disturbed = isUndisturbed ? "" : " (all were disturbed by other load)"
    return ReportTable.text([
      ("through the coordinator", row(through[50] ?? 0, through[99] ?? 0)),
      ("directly to the worker", row(direct[50] ?? 0, direct[99] ?? 0)),
      ("added", row(added(50), added(99))),
      ("runs", "\(selection.kept.count)\(disturbed), \(selection.discardedCount) discarded"),
      ("machine", machine.processor),
      ("version", "\(facts.version), commit \(machine.commit ?? "unknown")"),
    ])
  }

  private var through: Percentiles { Percentiles(selection.kept.flatMap(\.coordinator)) }

  private var direct: Percentiles { Percentiles(selection.kept.flatMap(\.worker)) }

  /// The difference of the two percentiles.
  private func added(_ percent: Double) -> Double {
    (through[percent] ?? 0) - (direct[percent] ?? 0)
  }
}
