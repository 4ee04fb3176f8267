internal import ArgumentParser
internal import Glibc
internal import Inference
internal import Logging
internal import Logs
internal import Resolution
internal import WorkerService

/// Serves until told to stop.
struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Serve the model (the default).", shouldDisplay: false)

  @OptionGroup var model: ModelOptions

  @Option(help: ArgumentHelp("Where to listen; port 0 is any free one.", valueName: "HOST:PORT"))
  var listen: String = "127.0.0.1:7071"

  @Option(
    help: ArgumentHelp(
      "Where /live, /ready and /metrics are served over HTTP. Default: nowhere.",
      valueName: "HOST:PORT"))
  var metrics: String?

  @Option(help: ArgumentHelp("Form of the logs: lines for people or JSON.", valueName: "text|json"))
  var logFormat = LogFormat.text

  @Flag(name: .customLong("exit-on-stdin-end"), help: .hidden)
  var exitOnStandardInputEnd = false

  func run() async throws {
    let (host, port) = try address("--listen", listen)
    let configuration = WorkerServerConfiguration(
      modelName: model.name, host: host, port: port,
      metrics: try metrics.map { text in
        let (host, port) = try address("--metrics", text)
        return WorkerServerConfiguration.Address(host: host, port: port)
      }, endsWithInput: exitOnStandardInputEnd)
    let engineConfiguration = try model.engineConfiguration()
    let logger = Logger.standardError(label: "worker", level: .info, format: logFormat)
    do {
      let server = try await WorkerServer.start(configuration, logger: logger)
      let engine = try Engine(configuration: engineConfiguration)
      if let reason = engine.info.packsRefusal {
        logger.warning("packed weights are in memory of this process: \(reason)")
      }
      server.warmingUp(engine)
      try engine.warmUp()
      try await server.run(engine) { host, port in
        let host = host.contains(":") ? "[\(host)]" : host
        StandardStreams.write("ready \(host):\(port)\n", to: STDOUT_FILENO)
      }
      engine.shutDown()
    } catch let error as EngineError {
      throw error
    } catch {
      WorkerCommand.leave(.notStarted, "\(error)")
    }
  }

  private func address(_ flag: String, _ text: String) throws -> (host: String, port: Int) {
    guard let colon = text.lastIndex(of: ":"),
      let port = Int(text[text.index(after: colon)...]), (0...65_535).contains(port)
    else { throw ValidationError("\(flag) \(text): it is HOST:PORT") }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    guard !host.isEmpty else { throw ValidationError("\(flag) \(text): it is HOST:PORT") }
    return (String(host), port)
  }
}

extension LogFormat: ExpressibleByArgument {}

extension ModelOptions {
  func engineConfiguration() throws -> EngineConfiguration {
    var configuration = EngineConfiguration(modelDirectory: directory, name: name)
    configuration.threadCount = threads
    configuration.precision = precision
    configuration.overrides = try overrides.read(maxTokens: maxTokens)
    configuration.instructionSet = getenv("MILLPOND_ISA").map { String(cString: $0) }
    let folder = cache ?? EngineConfiguration.standardCacheDirectory
    configuration.cacheDirectory = noCache ? nil : folder
    return configuration
  }
}
