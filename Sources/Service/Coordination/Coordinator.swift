internal import CPlatform
package import Logging
internal import NIOCore
internal import NIOPosix
internal import Transport
internal import UnixSignals
internal import Wire

/// A coordinator's life: workers up, listener open, until told to stop.
package enum Coordinator {
  /// How long open calls may take to end after the first signal.
  private static let drainTimeout = Duration.seconds(25)

  /// Starts every worker, listens, and serves until SIGTERM, SIGINT or the task's cancellation.
  ///
  /// - Parameter onReady: called once, with the address as bound, when calls are served.
  /// - Throws: `CoordinationError` if a worker or the listener could not start.
  package static func run(
    _ configuration: CoordinatorConfiguration, logger: Logger,
    onReady: @escaping @Sendable (_ host: String, _ port: Int) -> Void
  ) async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    group.any().execute { _ = cp_set_thread_slice(100_000) }
    let eventLoop = group.next()
    let (state, service) = try await eventLoop.submit {
      let state = CoordinatorState(
        configuration: configuration, eventLoop: eventLoop, logger: logger)
      return (
        NIOLoopBound(state, eventLoop: eventLoop),
        CoordinatorService(state: state, eventLoop: eventLoop)
      )
    }.get()
    // Bound before the workers start, so that a port in use is told at once.
    let listener = try await Listener.listen(
      configuration, on: eventLoop, service: service, logger: logger)
    let launches = try await eventLoop.submit {
      for address in configuration.remoteWorkers {
        let id = state.value.addWorker(model: nil)
        state.value.workerListens(id, at: address, processID: 0)
      }
      return plan(configuration, state.value)
    }.get()
    let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
    eventLoop.execute {
      state.value.whenReady {
        onReady(listener.address.ipAddress ?? configuration.listenHost, listener.address.port ?? 0)
      }
    }
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      for (id, launch) in launches {
        tasks.addTask { try await supervise(id, launch, state, eventLoop, logger) }
      }
      tasks.addTask {
        for await _ in signals { break }
        guard !Task.isCancelled else { throw CancellationError() }
        logger.info("stopping")
        listener.beginDraining()
        try await drained(state, eventLoop)
        throw Stopped()
      }
      do {
        // Not `waitForAll`, which would keep the first error until every worker has ended.
        while try await tasks.next() != nil {}
      } catch is Stopped {
      } catch is CancellationError {}
      tasks.cancelAll()
    }
    try await eventLoop.submit { state.value.stop() }.get()
    try await group.shutdownGracefully()
  }

  private struct Stopped: Error {}

  /// The workers of our own that are to be started, by their ids.
  private static func plan(
    _ configuration: CoordinatorConfiguration, _ state: CoordinatorState
  ) -> [(id: Int, launch: WorkerLaunch)] {
    let localCount = configuration.models.reduce(0) { $0 + $1.replicas }
    let threads =
      configuration.threadsPerWorker ?? max(1, Int(cp_usable_cpus()) / max(1, localCount))
    return configuration.models.flatMap { model in
      let launch = WorkerLaunch(
        binary: configuration.workerBinary, modelName: model.name,
        modelDirectory: model.directory,
        arguments: ["--threads", "\(threads)"] + configuration.workerArguments
          + model.arguments)
      return (0..<model.replicas).map { _ in (state.addWorker(model: model.name), launch) }
    }
  }

  private static func supervise(
    _ id: Int, _ launch: WorkerLaunch, _ state: NIOLoopBound<CoordinatorState>,
    _ eventLoop: any EventLoop, _ logger: Logger
  ) async throws {
    let supervisor = WorkerSupervisor(launch: launch, logger: logger) { address, processID in
      eventLoop.execute {
        state.value.workerListens(id, at: address, processID: processID)
      }
    } onExit: {
      eventLoop.execute { state.value.workerExited(id) }
    }
    try await supervisor.run()
  }

  private static func drained(
    _ state: NIOLoopBound<CoordinatorState>, _ eventLoop: any EventLoop
  ) async throws {
    let deadline = ContinuousClock.now + drainTimeout
    while ContinuousClock.now < deadline {
      if try await eventLoop.submit({ state.value.openCallCount }).get() == 0 { return }
      try await Task.sleep(for: .milliseconds(20))
    }
  }
}

extension Listener {
  fileprivate static func listen(
    _ configuration: CoordinatorConfiguration, on eventLoop: any EventLoop,
    service: CoordinatorService, logger: Logger
  ) async throws -> Listener {
    do {
      return try await bind(
        host: configuration.listenHost, port: configuration.listenPort, on: eventLoop,
        configuration: .defaults(agent: "millpond \(Version.current) coordinator"),
        service: service, logger: logger)
    } catch let error as TransportError {
      throw CoordinationError(.addressUnavailable, error.message)
    }
  }
}
