/// What `bench embed` prints.
package struct EmbedReport: Sendable {
  private let facts: TargetFacts
  private let options: EmbedBenchmark.Options
  private let inputCount: Int
  private let selection: RunSelection<LoadRun>
  private let machine: MachineInfo

  init(
    facts: TargetFacts, options: EmbedBenchmark.Options, inputCount: Int,
    selection: RunSelection<LoadRun>, machine: MachineInfo
  ) {
    self.facts = facts
    self.options = options
    self.inputCount = inputCount
    self.selection = selection
    self.machine = machine
  }

  /// Whether at least one run was undisturbed.
  package var isUndisturbed: Bool { selection.hasQuietRuns }

  /// One line: a JSON object.
  package var json: String {
    ReportTable.json(fields)
  }

  /// A table for a person.
  package var text: String {
    ReportTable.text([
      ("texts/s", textsPerSecond.grouped(decimals: 1)),
      ("tokens/s", tokensPerSecond.grouped(decimals: 0)),
      ("p50 of a call", "\(p50.grouped(decimals: 2)) ms"),
      ("p99 of a call", "\(p99.grouped(decimals: 2)) ms"),
      ("p99.9 of a call", "\(p999.grouped(decimals: 2)) ms"),
      ("runs", runsText),
      (
        "call",
        "\(options.isOneByOne ? "1 text" : "\(inputCount) texts"), \(arrivalText)"
      ),
      ("model", "\(facts.model), \(facts.precision), fingerprint \(facts.fingerprint)"),
      ("target", targetText),
      ("kernels", facts.instructionSet),
      ("machine", "\(machine.processor), \(machine.processorCount) processors"),
      ("version", "\(facts.version), commit \(machine.commit ?? "unknown")"),
    ])
  }

  private var arrivalText: String {
    guard let rate = options.callsPerSecond else { return "\(options.concurrency) at a time" }
    return "\(rate.grouped(decimals: 1)) a second, whatever is answered"
  }

  private var runsText: String {
    let count = "\(selection.kept.count) of \(options.runSeconds.grouped(decimals: 1)) s or more"
    let foreign = (100 * selection.foreignShare).grouped(decimals: 1)
    let load = "\(selection.discardedCount) discarded, foreign load \(foreign) % or less"
    return isUndisturbed ? "\(count); \(load)" : "\(count); all were disturbed, \(load)"
  }

  private var targetText: String {
    let threads = "\(facts.threads) compute \(facts.threads == 1 ? "thread" : "threads")"
    guard facts.workers > 0 else { return "\(facts.kind), \(threads)" }
    return
      "\(facts.kind), \(facts.workers) \(facts.workers == 1 ? "worker" : "workers"), \(threads)"
  }

  private var textsPerSecond: Double { median { Double($0.texts) / $0.seconds } }

  private var tokensPerSecond: Double { median { Double($0.tokens) / $0.seconds } }

  private var p50: Double { latencies[50] ?? 0 }

  private var p99: Double { latencies[99] ?? 0 }

  private var p999: Double { latencies[99.9] ?? 0 }

  /// Milliseconds of every call of the runs that count.
  private var latencies: Percentiles {
    Percentiles(selection.kept.flatMap(\.latencies).map { Double($0) / 1e6 })
  }

  private func median(_ value: (LoadRun) -> Double) -> Double {
    Percentiles(selection.kept.map(value)).median ?? 0
  }

  private var fields: [(String, ReportValue)] {
    [
      ("textsPerSecond", .number(textsPerSecond)), ("tokensPerSecond", .number(tokensPerSecond)),
      ("p50Milliseconds", .number(p50)), ("p99Milliseconds", .number(p99)),
      ("p999Milliseconds", .number(p999)),
      ("callsPerSecondWanted", .number(options.callsPerSecond ?? 0)),
      ("precision", .text(facts.precision)), ("isa", .text(facts.instructionSet)),
      ("threads", .integer(facts.threads)), ("blasCore", .text(facts.blasCore)),
      ("machine", .text(machine.processor)), ("processors", .integer(machine.processorCount)),
      ("commit", .text(machine.commit ?? facts.version)), ("version", .text(facts.version)),
      ("runs", .integer(selection.kept.count)), ("discarded", .integer(selection.discardedCount)),
      ("undisturbed", .bool(isUndisturbed)),
      ("foreignCpuPercent", .number(100 * selection.foreignShare)),
      ("target", .text(facts.kind)), ("workers", .integer(facts.workers)),
      ("model", .text(facts.model)), ("fingerprint", .text(facts.fingerprint)),
      ("concurrency", .integer(options.concurrency)),
      ("textsPerCall", .integer(options.isOneByOne ? 1 : inputCount)),
      ("texts", .integer(inputCount)),
      ("calls", .integer(selection.kept.reduce(0) { $0 + $1.latencies.count })),
      ("refusals", .integer(selection.kept.reduce(0) { $0 + $1.refusals })),
      ("runSeconds", .number(median(\.seconds))),
    ]
  }
}
