internal import CPlatform
package import Logging
package import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// Answers probes and scrapers over HTTP/1.1, on a thread of its own: a busy relay or computation
/// keeps nobody waiting who only asks how it is.
///
/// | route | 200 | 503 |
/// | --- | --- | --- |
/// | `/live` | the service's event loop answers | it has not answered in a second |
/// | `/ready` | the service takes calls now | it does not, and the text says why |
/// | `/metrics` | metrics as Prometheus reads them | as for `/live` |
/// | `/` | a line with the routes | |
///
/// GET and HEAD only (405), other paths are 404, a request with a body 413, one whose header is too
/// long 431, and what is no HTTP 400. `StatusLimits` bounds everything. There is no TLS and nobody
/// is told from anybody: bind it where only probes and scrapers come.
package final class StatusListener: Sendable {
  /// State of the event loop.
  private final class Connections {
    var handlers: [ObjectIdentifier: StatusConnectionHandler] = [:]
  }

  /// Bytes that are read at a time.
  private static let readBytes = 4 << 10

  /// The address as bound: with the port that the system chose for port 0.
  package let address: SocketAddress
  private let group: MultiThreadedEventLoopGroup
  private let questions: StatusQuestions

  private init(
    address: SocketAddress, group: MultiThreadedEventLoopGroup, questions: StatusQuestions
  ) {
    self.address = address
    self.group = group
    self.questions = questions
  }

  /// The address as in a URL: with brackets around an IPv6 address.
  package var hostAndPort: String {
    let host = address.ipAddress ?? "localhost"
    return "\(host.contains(":") ? "[\(host)]" : host):\(address.port ?? 0)"
  }

  /// Starts the thread, binds and begins to accept.
  ///
  /// - Throws: `StatusError` `.addressUnavailable`, naming the address, if it cannot be bound.
  package static func bind(
    host: String, port: Int, source: any StatusSource, limits: StatusLimits = .defaults,
    logger: Logger
  ) async throws -> StatusListener {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let eventLoop = group.next()
    eventLoop.execute { _ = cp_set_thread_slice(100_000) }
    let questions = StatusQuestions(to: source, on: eventLoop, openMax: limits.questionsMax)
    do {
      let connections = try await eventLoop.submit {
        NIOLoopBound(Connections(), eventLoop: eventLoop)
      }.get()
      let channel = try await ServerBootstrap(group: group)
        .serverChannelOption(.backlog, value: 64)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .childChannelOption(
          .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: readBytes)
        )
        .childChannelOption(.maxMessagesPerRead, value: 1)
        .childChannelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try accept(channel, connections.value, limits, questions, logger)
          }
        }
        .bind(host: host, port: port).get()
      guard let address = channel.localAddress else {
        throw StatusError(.addressUnavailable, "\(host):\(port) was bound to no address")
      }
      return StatusListener(address: address, group: group, questions: questions)
    } catch {
      // The thread has nothing to end but itself.
      try? await group.shutdownGracefully()
      if let error = error as? StatusError { throw error }
      throw StatusError(
        .addressUnavailable, "cannot serve status on \(host):\(port): \(error)")
    }
  }

  /// Closes all connections, stops listening and ends the thread. Answers that are still to come are
  /// dropped.
  package func shutDown() async {
    questions.end()
    // It fails only where it was called before.
    try? await group.shutdownGracefully()
  }

  private static func accept(
    _ channel: any Channel, _ connections: Connections, _ limits: StatusLimits,
    _ questions: StatusQuestions, _ logger: Logger
  ) throws {
    if connections.handlers.count >= limits.connectionsMax {
      guard let idle = longestIdle(connections) else {
        logger.debug(
          "status connection refused: too many", metadata: ["limit": "\(limits.connectionsMax)"])
        return channel.close(promise: nil)
      }
      connections.handlers[ObjectIdentifier(idle)] = nil
      idle.close()
    }
    let handler = StatusConnectionHandler(limits: limits, questions: questions) { handler in
      connections.handlers[ObjectIdentifier(handler)] = nil
    }
    connections.handlers[ObjectIdentifier(handler)] = handler
    var decoding = NIOHTTPDecoderLimitConfiguration()
    decoding.maxHeaderFieldCount = StatusConnection.fieldsMax
    try channel.pipeline.syncOperations.addHandlers([
      StatusByteCounter(handler), HTTPResponseEncoder(),
      ByteToMessageHandler(
        HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: decoding),
        maximumBufferSize: limits.headerBytesMax + readBytes),
      handler,
    ])
  }

  private static func longestIdle(_ connections: Connections) -> StatusConnectionHandler? {
    var longest: (handler: StatusConnectionHandler, since: NIODeadline)?
    for handler in connections.handlers.values {
      guard let since = handler.idleSince else { continue }
      if let known = longest, known.since <= since { continue }
      longest = (handler, since)
    }
    return longest?.handler
  }
}
