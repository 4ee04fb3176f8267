internal import ArgumentParser
internal import Benchmarks

/// What a coordinator adds to the latency of a call.
struct BenchCoordinator: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "coordinator",
    abstract: "The time that a coordinator adds to a one-sentence Embed.",
    discussion: """
      The same call goes through the coordinator and directly to a worker, in turn. The added time \
      is the difference of the medians. With one replica both reach the same worker.
      """)

  @Option(help: ArgumentHelp("The coordinator.", valueName: "HOST:PORT"))
  var server: String

  @Option(
    help: ArgumentHelp(
      "The worker. Default: the first that the coordinator has for the model.",
      valueName: "HOST:PORT"))
  var worker: String?

  @Option(help: ArgumentHelp("The model to measure, at a server with several.", valueName: "NAME"))
  var name: String?

  @Option(help: ArgumentHelp("Pairs of calls in each run.", valueName: "N"))
  var calls = 500

  @Option(help: ArgumentHelp("Undisturbed runs that are wanted.", valueName: "N"))
  var runs = 7

  @Flag(help: "One JSON object in place of a table.")
  var json = false

  func validate() throws {
    try BenchLimits.check("--calls", calls, 1...1_000_000)
    try BenchLimits.check("--runs", runs, 1...1_000)
  }

  func run() async throws {
    try await BenchOutput.reporting { try await measure() }
  }

  private func measure() async throws {
    let texts = [Bench.sentence]
    let coordinator = try await ServerTarget.connect(
      to: server, model: name, texts: texts, lanes: 1)
    defer { coordinator.close() }
    guard let address = worker ?? coordinator.firstWorker else {
      throw ValidationError("\(server) has no worker that is ready: give one with --worker")
    }
    let direct = try await ServerTarget.connect(
      to: address, model: name, texts: texts, lanes: 1)
    defer { direct.close() }
    let report = try await CoordinatorBenchmark(
      coordinator: coordinator, worker: direct, calls: calls, runs: runs
    ).run()
    BenchOutput.write(
      report.json, report.text, asJSON: json, isUndisturbed: report.isUndisturbed)
  }
}
