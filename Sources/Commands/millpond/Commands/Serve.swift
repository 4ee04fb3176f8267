internal import ArgumentParser
internal import CommandSupport
internal import Coordination
internal import Discovery
internal import Logging
internal import Logs
internal import MillpondClient
internal import ServiceSupport

/// The coordinator and its workers.
struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Serve models: start their workers and answer calls.",
    discussion: """
      Prints "ready HOST:PORT" on standard output once it serves; logs go to standard error. It \
      ends on SIGTERM or Ctrl-C, after the calls that are open.

        millpond serve --model minilm=Models/all-MiniLM-L6-v2 --replicas 2
        millpond serve --model ./embedder --model ./reranker --replicas embedder=3
        millpond serve --worker 10.0.0.5:7071 --worker 10.0.0.6:7071

      Each flag may stand in the environment (MILLPOND_LISTEN, MILLPOND_MODELS, MILLPOND_REPLICAS, \
      MILLPOND_WORKERS, MILLPOND_THREADS, MILLPOND_PRECISION, MILLPOND_TASK, MILLPOND_POOLING, \
      MILLPOND_OVERRIDES, MILLPOND_SCORE_TEMPLATE, MILLPOND_MAX_TOKENS, MILLPOND_WORKER_BINARY, \
      MILLPOND_LOG_LEVEL, MILLPOND_LOG_FORMAT, MILLPOND_METRICS, MILLPOND_SLOW_CALL, \
      MILLPOND_ADMIN; lists with commas) or in a file:
      {"listen": "127.0.0.1:7070", "models": ["minilm=Models/all-MiniLM-L6-v2"], \
      "replicas": {"minilm": 2}, "workers": [], "threads": 1, "logLevel": "info"}
      A flag goes over a variable, a variable over the file.
      """)

  @OptionGroup var options: ServeOptions

  @Flag(help: "Print the settings in force and where each comes from, and serve nothing.")
  var printConfig = false

  func run() async throws {
    let source = options.source
    let settings = try source.read()
    if printConfig {
      return try StandardStreams.write(settings.effectiveConfiguration)
    }
    let logger = Logger.standardError(
      label: "coordinator", level: settings.logLevel, format: settings.logFormat)
    let configuration = try Self.configuration(settings)
    let wasInterrupted = try await Interruption.noticing {
      try await Coordinator.run(
        configuration, logger: logger,
        readConfiguration: { try Self.configuration(source.read()) }
      ) { host, port in
        let address = ServerAddress(host: host, port: port)
        // Nobody needs to read it.
        try? StandardStreams.write(Array("ready \(address)\n".utf8))
      }
    }
    if wasInterrupted { throw CommandEnded(status: .interrupted) }
  }

  private static func configuration(
    _ settings: ServeSettings
  ) throws(CommandFailure) -> CoordinatorConfiguration {
    var scheduling = SchedulerConfiguration()
    scheduling.hedges = settings.hedges
    var admission = AdmissionConfiguration.defaults
    admission.cacheBytes = settings.resultCache << 20
    return CoordinatorConfiguration(
      listenHost: settings.listen.host, listenPort: settings.listen.port,
      adminAddress: settings.admin.map(WorkerAddress.init),
      metricsAddress: settings.metrics.map(WorkerAddress.init),
      slowCall: settings.slowCall > 0 ? Double(settings.slowCall) / 1_000 : nil,
      models: settings.models.map {
        ModelSpecification(
          name: $0.name, directory: $0.directory,
          replicas: settings.replicas.count(of: $0.name).number,
          arguments: settings.overrides.arguments(of: $0.name))
      },
      workerSources: settings.workers,
      // Without models of our own no worker is started.
      workerBinary: settings.models.isEmpty ? "" : try WorkerProgram.path(settings.workerBinary),
      workerArguments: settings.workerArguments, threadsPerWorker: settings.threads,
      scheduling: scheduling, admission: admission)
  }
}

extension ReplicaCount {
  /// Nil is as many as suit the machine.
  fileprivate var number: Int? {
    if case .number(let number) = self { number } else { nil }
  }
}

extension WorkerAddress {
  fileprivate init(_ address: ServerAddress) {
    self.init(host: address.host, port: address.port)
  }
}
