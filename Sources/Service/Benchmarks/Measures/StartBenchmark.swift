/// Starts a worker over and over: the time until it is ready, and its memory.
package struct StartBenchmark: Sendable {
  /// What one start came to.
  struct Run: Sendable {
    var startMilliseconds: Double
    var ready: ProcessMemory
    var used: ProcessMemory
  }

  private let worker: String
  private let arguments: [String]
  private let texts: [BenchmarkText]
  private let starts: Int
  private let calls: Int

  /// - Parameters:
  ///   - worker: path of `millpond-worker`.
  ///   - arguments: its model and threads.
  ///   - texts: what each call embeds.
  ///   - starts: starts that count; one before them warms the page cache.
  ///   - calls: calls after each start, before memory is read the second time.
  package init(
    worker: String, arguments: [String], texts: [BenchmarkText], starts: Int, calls: Int
  ) {
    self.worker = worker
    self.arguments = arguments + ["--listen", "127.0.0.1:0", "--exit-on-stdin-end"]
    self.texts = texts
    self.starts = max(1, starts)
    self.calls = calls
  }

  /// Measures. Throws `BenchmarksError` when a start or a call fails.
  package func run() async throws -> StartReport {
    _ = try await start(calls: 1)
    var selection = RunSelection<Run>(wanted: starts)
    while !selection.isComplete {
      let watch = LoadWatch()
      let before = watch.sample()
      let (run, _) = try await start(calls: calls)
      selection.add(run, foreignShare: before.foreignShare(until: watch.sample()))
    }
    let (_, facts) = try await start(calls: 1)
    return StartReport(facts: facts, selection: selection, calls: calls, machine: .current())
  }

  private func start(calls: Int) async throws -> (Run, TargetFacts) {
    let program = try MeasuredProgram(path: worker, arguments: arguments)
    defer { program.end() }
    let ready = program.memory
    let target = try await ServerTarget.connect(
      to: program.address, model: nil, texts: texts, lanes: 1)
    defer { target.close() }
    for _ in 0..<calls { _ = try await target.embed(0..<texts.count, lane: 0) }
    guard let ready, let used = program.memory else {
      throw BenchmarksError(.callFailed, "\(worker) ended while it was measured")
    }
    let run = Run(
      startMilliseconds: Double(program.startNanoseconds) / 1e6, ready: ready, used: used)
    return (run, target.facts)
  }
}

/// What `bench start` prints.
package struct StartReport: Sendable {
  private let facts: TargetFacts
  private let selection: RunSelection<StartBenchmark.Run>
  private let calls: Int
  private let machine: MachineInfo

  init(
    facts: TargetFacts, selection: RunSelection<StartBenchmark.Run>, calls: Int,
    machine: MachineInfo
  ) {
    self.facts = facts
    self.selection = selection
    self.calls = calls
    self.machine = machine
  }

  /// Whether at least one start was undisturbed.
  package var isUndisturbed: Bool { selection.hasQuietRuns }

  /// One line: a JSON object.
  package var json: String {
    ReportTable.json([
      ("startMilliseconds", .number(median(\.startMilliseconds))),
      ("startMillisecondsMin", .number(starts.min ?? 0)),
      ("startMillisecondsMax", .number(starts.max ?? 0)),
      ("readyResidentBytes", .number(median { Double($0.ready.resident) })),
      ("residentBytes", .number(median { Double($0.used.resident) })),
      ("anonymousBytes", .number(median { Double($0.used.anonymous) })),
      ("peakResidentBytes", .number(median { Double($0.used.peak) })),
      ("calls", .integer(calls)), ("runs", .integer(selection.kept.count)),
      ("discarded", .integer(selection.discardedCount)), ("undisturbed", .bool(isUndisturbed)),
      ("foreignCpuPercent", .number(100 * selection.foreignShare)),
      ("threads", .integer(facts.threads)), ("model", .text(facts.model)),
      ("precision", .text(facts.precision)), ("isa", .text(facts.instructionSet)),
      ("blasCore", .text(facts.blasCore)), ("machine", .text(machine.processor)),
      ("commit", .text(machine.commit ?? facts.version)), ("version", .text(facts.version)),
    ])
  }

  /// A table for a person.
  package var text: String {
    func megabytes(_ value: (StartBenchmark.Run) -> Int) -> String {
      (median { Double(value($0)) } / 1e6).grouped(decimals: 1) + " MB"
    }
    let disturbed = isUndisturbed ? "" : " (all were disturbed by other load)"
    return ReportTable.text([
      (
        "start to ready",
        "\(median(\.startMilliseconds).grouped(decimals: 1)) ms"
          + " (\((starts.min ?? 0).grouped(decimals: 1)) to \((starts.max ?? 0).grouped(decimals: 1)))"
      ),
      ("resident when ready", megabytes(\.ready.resident)),
      ("resident after \(calls) calls", megabytes(\.used.resident)),
      ("of it no file's", megabytes(\.used.anonymous)),
      ("peak", megabytes(\.used.peak)),
      ("starts", "\(selection.kept.count)\(disturbed), \(selection.discardedCount) discarded"),
      ("model", "\(facts.model), \(facts.precision), \(facts.threads) threads"),
      ("machine", machine.processor),
      ("version", "\(facts.version), commit \(machine.commit ?? "unknown")"),
    ])
  }

  private var starts: Percentiles { Percentiles(selection.kept.map(\.startMilliseconds)) }

  private func median(_ value: (StartBenchmark.Run) -> Double) -> Double {
    Percentiles(selection.kept.map(value)).median ?? 0
  }
}
