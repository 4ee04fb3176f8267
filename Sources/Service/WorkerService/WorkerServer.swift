internal import CPlatform
internal import Glibc
package import Inference
package import Logging
internal import NIOCore
internal import NIOPosix
internal import Status
internal import Transport
internal import UnixSignals
internal import Wire

/// What a worker's server is told.
package struct WorkerServerConfiguration: Sendable, Hashable {
  /// The model's name, which probes are told while there is no engine.
  package var modelName: String
  /// Where calls are taken.
  package var host: String
  /// 0 is any free port.
  package var port: Int
  /// Where `/live`, `/ready` and `/metrics` are served, or nil.
  package var metrics: Address?
  /// A supervisor of ours holds our standard input: its end means that it is gone. It, and not we,
  /// speaks to the service manager.
  package var endsWithInput: Bool

  /// An address to listen on.
  package struct Address: Sendable, Hashable {
    package var host: String
    package var port: Int

    package init(host: String, port: Int) {
      self.host = host
      self.port = port
    }
  }

  package init(
    modelName: String, host: String, port: Int, metrics: Address? = nil, endsWithInput: Bool
  ) {
    self.modelName = modelName
    self.host = host
    self.port = port
    self.metrics = metrics
    self.endsWithInput = endsWithInput
  }
}

/// A worker's life: it says how it is from its start on, takes calls once its engine is warm, and
/// ends when told to.
///
/// Order of use: `start`, `warmingUp` when the engine is loaded, `run` when it is warm.
package final class WorkerServer: Sendable {
  /// How long open calls may take to end after the first signal.
  private static let drainTimeout = Duration.seconds(20)

  private let configuration: WorkerServerConfiguration
  private let group: MultiThreadedEventLoopGroup
  private let status: WorkerStatus
  private let probes: StatusListener?
  private let manager: ServiceManager
  private let logger: Logger

  private init(
    _ configuration: WorkerServerConfiguration, group: MultiThreadedEventLoopGroup,
    status: WorkerStatus, probes: StatusListener?, logger: Logger
  ) {
    self.configuration = configuration
    self.group = group
    self.status = status
    self.probes = probes
    self.logger = logger
    manager = configuration.endsWithInput ? .none : .ofThisProcess
  }

  /// Starts the event loop and what tells of it.
  ///
  /// - Throws: `StatusError` `.addressUnavailable`.
  package static func start(
    _ configuration: WorkerServerConfiguration, logger: Logger
  ) async throws -> WorkerServer {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    group.any().execute { _ = cp_set_thread_slice(100_000) }
    let status = WorkerStatus(modelName: configuration.modelName, on: group.any())
    var probes: StatusListener?
    if let metrics = configuration.metrics {
      let listener = try await StatusListener.bind(
        host: metrics.host, port: metrics.port, source: status, logger: logger)
      logger.info("status is served", metadata: ["address": "http://\(listener.hostAndPort)"])
      probes = listener
    }
    let server = WorkerServer(
      configuration, group: group, status: status, probes: probes, logger: logger)
    server.startWatchdog()
    server.manager.notify(.status(status.health.text))
    return server
  }

  /// The engine is loaded and begins to warm up.
  package func warmingUp(_ engine: Engine) {
    status.warmingUp(engine)
    manager.notify(.status(status.health.text))
  }

  /// Serves a warm engine until SIGTERM, SIGINT or, if asked for, the end of standard input.
  ///
  /// - Parameter onReady: called once with the address as bound.
  /// - Throws: `TransportError` `.addressUnavailable`.
  package func run(
    _ engine: Engine, onReady: @Sendable (_ host: String, _ port: Int) -> Void
  ) async throws {
    let service = WorkerService(engine: engine, status: status, on: group.any())
    var serving = ServerConfiguration.defaults(agent: "millpond \(Version.current) worker")
    // A coordinator takes a worker that says go-away for one that ends.
    serving.connectionAge = nil
    let listener = try await Listener.bind(
      host: configuration.host, port: configuration.port, on: group.any(),
      configuration: serving, service: service,
      logger: logger)
    let stops = await Self.stopSignals(endsWithInput: configuration.endsWithInput)
    status.serving()
    manager.notify(.ready, .status("serving '\(engine.info.name)'"))
    onReady(
      listener.address.ipAddress ?? configuration.host,
      listener.address.port ?? configuration.port)
    for await _ in stops { break }
    logger.debug("stopping")
    manager.notify(.stopping)
    service.beginDraining()
    listener.beginDraining()
    let deadline = ContinuousClock.now + Self.drainTimeout
    while engine.load().openCalls > 0, ContinuousClock.now < deadline {
      try await Task.sleep(for: .milliseconds(10))
    }
    // What was answered last may still be on its way to the peer.
    try await Task.sleep(for: .milliseconds(20))
    await probes?.shutDown()
    try await group.shutdownGracefully()
  }

  /// The service manager hears from the event loop while it runs, and only then.
  private func startWatchdog() {
    guard let interval = manager.watchdogInterval else { return }
    let (seconds, attoseconds) = interval.components
    let amount = TimeAmount.nanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    group.any().scheduleRepeatedTask(initialDelay: .zero, delay: amount) { [manager] _ in
      manager.notify(.watchdog)
    }
  }

  private static func stopSignals(endsWithInput: Bool) async -> AsyncStream<Void> {
    let (stops, continuation) = AsyncStream.makeStream(
      of: Void.self, bufferingPolicy: .bufferingOldest(1))
    let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
    Task {
      for await _ in signals { continuation.yield() }
    }
    if endsWithInput {
      let thread = NIOThreadPool(numberOfThreads: 1)
      thread.start()
      thread.submit { _ in
        waitForEndOfInput()
        continuation.yield()
      }
    }
    return stops
  }

  private static func waitForEndOfInput() {
    var byte: UInt8 = 0
    while true {
      let count = read(STDIN_FILENO, &byte, 1)
      if count == 0 || (count < 0 && errno != EINTR) { return }
    }
  }
}
