internal import CPlatform
internal import Glibc
package import Inference
package import Logging
internal import NIOCore
internal import NIOPosix
internal import Transport
internal import UnixSignals
internal import Wire

/// A worker's life: a warm engine behind a listener, until told to stop.
package enum WorkerServer {
  /// How long open calls may take to end after the first signal.
  private static let drainTimeout = Duration.seconds(20)

  /// Serves a warm engine until SIGTERM, SIGINT or, if asked for, the end of standard input.
  ///
  /// - Parameters:
  ///   - endsWithInput: a supervisor holds our standard input: its end means that it is gone.
  ///   - onReady: called once with the address as bound.
  /// - Throws: `TransportError` `.addressUnavailable`.
  package static func run(
    _ engine: Engine, host: String, port: Int, endsWithInput: Bool, logger: Logger,
    onReady: @Sendable (_ host: String, _ port: Int) -> Void
  ) async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    group.any().execute { _ = cp_set_thread_slice(100_000) }
    let service = WorkerService(engine: engine)
    var configuration = ServerConfiguration.defaults(
      agent: "millpond \(Version.current) worker")
    // A coordinator takes a worker that says go-away for one that ends.
    configuration.connectionAge = nil
    let listener = try await Listener.bind(
      host: host, port: port, on: group.next(), configuration: configuration, service: service,
      logger: logger)
    let stops = await stopSignals(endsWithInput: endsWithInput)
    onReady(listener.address.ipAddress ?? host, listener.address.port ?? port)
    for await _ in stops { break }
    logger.debug("stopping")
    listener.beginDraining()
    let deadline = ContinuousClock.now + drainTimeout
    while engine.load().openCalls > 0, ContinuousClock.now < deadline {
      try await Task.sleep(for: .milliseconds(10))
    }
    // What was answered last may still be on its way to the peer.
    try await Task.sleep(for: .milliseconds(20))
    try await group.shutdownGracefully()
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
