internal import ArgumentParser
internal import Benchmarks

/// Throughput and latency of embedding a file's texts.
struct BenchEmbed: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "embed",
    abstract: "Throughput and latency of embedding a file's texts, over and over.",
    discussion: """
      --model alone measures the engine in this process; with --replicas a coordinator and so many \
      workers are started for it; --server measures one that runs. Over-long texts are cut. \
      Figures are medians of the runs; percentiles are of all their calls.
      """)

  @Option(help: ArgumentHelp("Model directory, as downloaded.", valueName: "[NAME=]DIR"))
  var model: String?

  @Option(help: ArgumentHelp("A coordinator or a worker.", valueName: "HOST:PORT"))
  var server: String?

  @Option(help: ArgumentHelp("The model to measure, at a server with several.", valueName: "NAME"))
  var name: String?

  @Option(
    help: ArgumentHelp(
      "The texts: on each line a JSON string or an array of token ids.", valueName: "FILE"))
  var jsonl: String

  @Option(help: ArgumentHelp("Start a coordinator with N workers.", valueName: "N"))
  var replicas: Int?

  @Option(help: ArgumentHelp("Calls at the same time.", valueName: "N"))
  var concurrency = 1

  @Option(
    help: ArgumentHelp(
      """
      Calls a second, at random times, whatever is answered (an open load; --concurrency is then \
      the number of connections). Percentiles count from when a call was due.
      """, valueName: "CALLS"))
  var rate: Double?

  @Flag(help: "One text a call, in place of the whole file.")
  var oneByOne = false

  @Option(help: ArgumentHelp("The least length of a run; open calls end after it.", valueName: "S"))
  var seconds = 3.0

  @Option(help: ArgumentHelp("Undisturbed runs that are wanted.", valueName: "N"))
  var runs = 5

  @Option(
    help: ArgumentHelp(
      "Compute threads, of each worker with --replicas. Default: as the processors allow.",
      valueName: "N"))
  var threads: Int?

  @Option(help: "How products are computed: f32, bf16 or int8.")
  var precision = "f32"

  @Flag(help: "One JSON object in place of a table.")
  var json = false

  func validate() throws {
    guard (model == nil) != (server == nil) else {
      throw ValidationError("give one of --model and --server")
    }
    if server != nil {
      guard replicas == nil, threads == nil else {
        throw ValidationError("--replicas and --threads go with --model: a server has its own")
      }
    }
    try BenchLimits.check("--concurrency", concurrency, 1...1_024)
    try BenchLimits.check("--runs", runs, 1...1_000)
    if let replicas { try BenchLimits.check("--replicas", replicas, 1...1_024) }
    if let rate {
      guard rate.isFinite, (0.01...1_000_000).contains(rate) else {
        throw ValidationError("--rate \(rate): it must be 0.01…1000000")
      }
    }
    guard seconds.isFinite, (0.01...3_600).contains(seconds) else {
      throw ValidationError("--seconds \(seconds): it must be 0.01…3600")
    }
    if let model { _ = try modelOptions(model) }
  }

  func run() async throws {
    try await BenchOutput.reporting { try await measure() }
  }

  private func measure() async throws {
    let texts = try BenchmarkTexts.read(jsonl)
    var options = EmbedBenchmark.Options()
    options.concurrency = concurrency
    options.isOneByOne = oneByOne
    options.callsPerSecond = rate
    options.runSeconds = seconds
    options.runs = runs
    if let server {
      try await measure(server: server, texts, options)
    } else if let model, let replicas {
      let program = try startCoordinator(model, replicas: replicas)
      defer { program.end() }
      try await measure(server: program.address, texts, options)
    } else if let model {
      let target = try EngineTarget(
        configuration: try modelOptions(model).engineConfiguration(), texts: texts)
      try await measure(target, LoadWatch(), texts.count, options)
    }
  }

  private func measure(
    server: String, _ texts: [BenchmarkText], _ options: EmbedBenchmark.Options
  ) async throws {
    let target = try await ServerTarget.connect(
      to: server, model: name, texts: texts, lanes: options.concurrency)
    defer { target.close() }
    try await measure(target, LoadWatch(andProcesses: target.processes), texts.count, options)
  }

  private func measure(
    _ target: any EmbedTarget, _ watch: LoadWatch, _ count: Int, _ options: EmbedBenchmark.Options
  ) async throws {
    let report = try await EmbedBenchmark(
      target: target, inputCount: count, options: options, watch: watch
    ).run()
    BenchOutput.write(
      report.json, report.text, asJSON: json, isUndisturbed: report.isUndisturbed)
  }

  private func startCoordinator(_ model: String, replicas: Int) throws -> MeasuredProgram {
    var arguments = [
      "serve", "--model", model, "--replicas", "\(replicas)", "--listen", "127.0.0.1:0",
      "--log-level", "warning", "--precision", precision,
    ]
    if let threads { arguments += ["--threads", "\(threads)"] }
    return try MeasuredProgram(
      path: try BenchLimits.programBeside("millpond"), arguments: arguments)
  }

  private func modelOptions(_ model: String) throws -> ModelOptions {
    var arguments = ["--model", model, "--precision", precision]
    if let threads { arguments += ["--threads", "\(threads)"] }
    return try ModelOptions.parse(arguments)
  }
}
