internal import ArgumentParser
internal import Benchmarks
internal import Kernels

/// How long a worker takes to start, and its memory.
struct BenchStart: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "start",
    abstract: "The time until a worker is ready, and its resident memory.",
    discussion: "The first start, which warms the page cache, does not count.")

  @Option(help: ArgumentHelp("Model directory, as downloaded.", valueName: "[NAME=]DIR"))
  var model: String

  @Option(
    help: ArgumentHelp(
      "Texts that each call embeds. Default: 64 short ones.", valueName: "FILE"))
  var jsonl: String?

  @Option(help: ArgumentHelp("Starts that count.", valueName: "N"))
  var runs = 11

  @Option(help: ArgumentHelp("Calls before memory is read again.", valueName: "N"))
  var calls = 5

  @Option(
    help: ArgumentHelp("Compute threads. Default: as the processors allow.", valueName: "N"))
  var threads: Int?

  @Option(help: "How products are computed: f32, bf16 or int8.")
  var precision = Precision.f32

  @Flag(help: "One JSON object in place of a table.")
  var json = false

  func validate() throws {
    try BenchLimits.check("--runs", runs, 1...1_000)
    try BenchLimits.check("--calls", calls, 0...100_000)
    if let threads { try BenchLimits.check("--threads", threads, 1...1_024) }
  }

  func run() async throws {
    try await BenchOutput.reporting { try await measure() }
  }

  private func measure() async throws {
    let texts =
      try jsonl.map { path in try BenchmarkTexts.read(path) }
      ?? Array(repeating: Bench.sentence, count: 64)
    var arguments = ["--model", model, "--precision", precision.rawValue]
    if let threads { arguments += ["--threads", "\(threads)"] }
    let report = try await StartBenchmark(
      worker: try BenchLimits.programBeside("millpond-worker"), arguments: arguments, texts: texts,
      starts: runs, calls: calls
    ).run()
    BenchOutput.write(
      report.json, report.text, asJSON: json, isUndisturbed: report.isUndisturbed)
  }
}
