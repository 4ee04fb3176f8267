internal import CPlatform
package import Logging
internal import NIOCore
internal import NIOPosix
internal import Status
internal import Transport
internal import UnixSignals
internal import Wire

/// A coordinator's life: workers up, listener open, until told to stop.
package enum Coordinator {
  /// How long open calls may take to end after the first signal.
  private static let drainTimeout = Duration.seconds(25)

  /// Starts every worker, listens, and serves until SIGTERM, SIGINT or the task's cancellation.
  /// SIGHUP has the configuration read again.
  ///
  /// - Parameters:
  ///   - readConfiguration: reads it again, from where it came.
  ///   - onReady: called once, with the address as bound, when calls are served.
  /// - Throws: `CoordinationError` if a worker or the listener could not start, or the last worker of
  ///   a model was given up.
  package static func run(
    _ configuration: CoordinatorConfiguration, logger: Logger,
    readConfiguration: @escaping @Sendable () throws -> CoordinatorConfiguration,
    onReady: @escaping @Sendable (_ host: String, _ port: Int) -> Void
  ) async throws {
    _ = cp_raise_open_files()
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    group.any().execute { _ = cp_set_thread_slice(100_000) }
    let eventLoop = group.next()
    let (handle, service) = try await eventLoop.submit {
      let state = CoordinatorState(
        configuration: configuration, eventLoop: eventLoop, logger: logger)
      let bound = NIOLoopBound(state, eventLoop: eventLoop)
      return (
        CoordinatorHandle(state: bound, eventLoop: eventLoop),
        CoordinatorService(state: state, eventLoop: eventLoop)
      )
    }.get()
    // Bound before the workers start, so that a port in use is told at once.
    let listener = try await Listener.listen(
      configuration.listenHost, configuration.listenPort, on: eventLoop, service: service,
      logger: logger)
    handle.tell { $0.count { listener.openConnectionCount } }
    for model in configuration.models where model.replicas == nil {
      let plan = configuration.plan(of: model, on: .ofThisMachine)
      logger.info(
        "workers planned", metadata: ["model": "\(model.name)", "plan": "\(plan.reason)"])
    }
    let (failures, failed) = AsyncStream.makeStream(of: CoordinationError.self)
    let fleet = Fleet(handle: handle, logger: logger) { _, error in failed.yield(error) }
    let operate = Operator(
      handle: handle, fleet: fleet, logger: logger, configuration: configuration,
      readConfiguration: readConfiguration)
    let admin = AdminService(coordinator: service, operate: operate, logger: logger)
    var listeners = [listener]
    if let address = configuration.adminAddress {
      let adminListener = try await Listener.listen(
        address.host, address.port, on: eventLoop, service: admin, logger: logger)
      listeners.append(adminListener)
      logger.info(
        "administration is served",
        metadata: ["address": "\(address.host):\(adminListener.address.port ?? address.port)"])
    }
    let status = try await serveStatus(configuration, handle, logger)
    let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
    let manager = ServiceManager.ofThisProcess
    let outcome = await serve(
      configuration, handle, fleet, operate, failures, signals, listeners, logger
    ) {
      manager.notify(.ready)
      handle.tell { $0.beganServing() }
      handle.tell { $0.keepAlive(manager) }
      onReady(listener.address.ipAddress ?? configuration.listenHost, listener.address.port ?? 0)
    }
    await fleet.endAll()
    await status?.shutDown()
    try await handle.ask { $0.stop() }
    try await group.shutdownGracefully()
    try outcome.get()
  }

  private static func serveStatus(
    _ configuration: CoordinatorConfiguration, _ handle: CoordinatorHandle, _ logger: Logger
  ) async throws -> StatusListener? {
    guard let address = configuration.metricsAddress else { return nil }
    do {
      let listener = try await StatusListener.bind(
        host: address.host, port: address.port, source: CoordinatorStatus(handle: handle),
        logger: logger)
      logger.info(
        "status is served",
        metadata: ["address": "\(address.host):\(listener.address.port ?? address.port)"])
      return listener
    } catch let error as StatusError {
      throw CoordinationError(.addressUnavailable, error.message)
    }
  }

  /// Starts the workers and lets calls be served until it is over.
  private static func serve(
    _ configuration: CoordinatorConfiguration, _ handle: CoordinatorHandle, _ fleet: Fleet,
    _ operate: Operator, _ failures: AsyncStream<CoordinationError>,
    _ signals: UnixSignalsSequence, _ listeners: [Listener], _ logger: Logger,
    onReady: @escaping @Sendable () -> Void
  ) async -> Result<Void, any Error> {
    await withTaskGroup(of: Result<Void, any Error>?.self) { tasks in
      tasks.addTask {
        await Result.of {
          try await start(configuration, handle, fleet)
          onReady()
        }.failure
      }
      tasks.addTask {
        guard let failure = await failure(of: failures, fleet) else { return nil }
        // Other models' calls are answered.
        _ = await stop(handle, listeners, logger)
        return failure
      }
      tasks.addTask {
        for await signal in signals {
          guard signal == .sighup else { break }
          // Beside this, which must hear of the signal to stop also while workers start.
          Task { await reload(operate, logger) }
        }
        guard !Task.isCancelled else { return .success(()) }
        return await stop(handle, listeners, logger)
      }
      var outcome: Result<Void, any Error> = .success(())
      for await ended in tasks {
        guard let ended else { continue }
        outcome = ended
        break
      }
      tasks.cancelAll()
      return outcome
    }
  }

  /// Takes nothing new, and waits until what is open is answered.
  private static func stop(
    _ handle: CoordinatorHandle, _ listeners: [Listener], _ logger: Logger
  ) async -> Result<Void, any Error> {
    logger.info("stopping")
    ServiceManager.ofThisProcess.notify(.stopping)
    handle.tell { $0.beginStopping() }
    for listener in listeners { listener.beginDraining() }
    return await Result.of { _ = try await handle.wait(drainTimeout) { $0.openCallCount == 0 } }
  }

  private static func reload(_ operate: Operator, _ logger: Logger) async {
    ServiceManager.ofThisProcess.notify(.reloading)
    defer { ServiceManager.ofThisProcess.notify(.ready) }
    do {
      try await operate.reload { logger.info("\($0)") }
    } catch let error as CoordinationError {
      logger.error("the configuration is not in force", metadata: ["reason": "\(error.message)"])
    } catch {
      logger.error("the configuration is not in force", metadata: ["reason": "\(error)"])
    }
  }

  private static func start(
    _ configuration: CoordinatorConfiguration, _ handle: CoordinatorHandle, _ fleet: Fleet
  ) async throws {
    try await handle.ask { $0.follow(configuration.workerSources) }
    var started: [Int] = []
    for model in configuration.models {
      for launch in configuration.launches(of: model.name) {
        started.append(try await fleet.start(launch))
      }
    }
    for id in started { try await fleet.waitUntilReady(id) }
    // With no workers of our own, calls are served once any worker is up.
    if started.isEmpty {
      while try await !handle.ask({ $0.hasReadyWorker }) {
        try await Task.sleep(for: .milliseconds(10))
      }
    }
  }

  /// A worker that was given up ends the coordinator if it was its model's last.
  private static func failure(
    of failures: AsyncStream<CoordinationError>, _ fleet: Fleet
  ) async -> Result<Void, any Error>? {
    for await error in failures {
      if fleet.hasLostModel() { return .failure(error) }
    }
    return nil
  }
}

extension Result<Void, any Error> {
  fileprivate static func of(_ body: () async throws -> Void) async -> Self {
    do {
      try await body()
      return .success(())
    } catch is CancellationError {
      return .success(())
    } catch {
      return .failure(error)
    }
  }

  /// Itself if it is a failure.
  fileprivate var failure: Self? {
    if case .failure = self { self } else { nil }
  }
}

extension Listener {
  fileprivate static func listen(
    _ host: String, _ port: Int, on eventLoop: any EventLoop, service: any CallService,
    logger: Logger
  ) async throws -> Listener {
    do {
      return try await bind(
        host: host, port: port, on: eventLoop,
        configuration: .defaults(agent: "millpond \(Version.current) coordinator"),
        service: service, logger: logger)
    } catch let error as TransportError {
      throw CoordinationError(.addressUnavailable, error.message)
    }
  }
}
