internal import Glibc
package import Logging
package import NIOCore
internal import NIOPosix
internal import Wire

/// Accepts connections on one address and serves calls on them.
package final class Listener: Sendable {
  /// Unsent bytes that the system takes beyond what is on its way: a small answer cannot overtake
  /// them. Without this it takes some 4 MB.
  private static let tickInterval = TimeAmount.milliseconds(250)
  private static let unsentLowWaterBytes: SocketOptionValue = 128 << 10

  private struct Connections {
    var handlers: [ObjectIdentifier: ServerConnectionHandler] = [:]
    var isDraining = false
    var acceptedCount = 0
  }

  /// The address as bound: with the port that the system chose for port 0.
  package let address: SocketAddress
  private let channel: any Channel
  private let connections: NIOLoopBound<Box>
  private let eventLoop: any EventLoop

  /// State of the event loop that accepts and serves.
  private final class Box {
    var connections = Connections()
    var tick: RepeatedTask?

    /// One look at all connections in turn costs less than a timer of its own for each.
    func checkTime() {
      let now = NIODeadline.now()
      for handler in Array(connections.handlers.values) { handler.checkTime(now) }
    }
  }

  private init(channel: any Channel, connections: NIOLoopBound<Box>, address: SocketAddress) {
    self.channel = channel
    self.connections = connections
    self.eventLoop = channel.eventLoop
    self.address = address
  }

  /// Binds and begins to accept.
  ///
  /// All connections live on the given loop, which is the service's as well: no locks between them.
  ///
  /// - Throws: `TransportError` `.addressUnavailable`, naming the address, if it cannot be bound.
  package static func bind(
    host: String, port: Int, on eventLoop: any EventLoop, configuration: ServerConfiguration,
    service: any CallService, logger: Logger
  ) async throws -> Listener {
    let box = try await eventLoop.submit { NIOLoopBound(Box(), eventLoop: eventLoop) }.get()
    let bootstrap = ServerBootstrap(group: eventLoop)
      .serverChannelOption(.backlog, value: 1_024)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelOption(.tcpOption(.unsentLowWater), value: unsentLowWaterBytes)
      .childChannelOption(.writeBufferWaterMark, value: .init(low: 256 << 10, high: 1 << 20))
      .childChannelOption(.maxMessagesPerRead, value: 4)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try accept(
            channel, box.value, configuration: configuration, service: service, logger: logger)
        }
      }
    do {
      let channel = try await bootstrap.bind(host: host, port: port).get()
      guard let address = channel.localAddress else {
        throw TransportError(.addressUnavailable, "\(host):\(port) was bound to no address")
      }
      try await eventLoop.submit { startTick(box, on: channel) }.get()
      return Listener(channel: channel, connections: box, address: address)
    } catch let error as TransportError {
      throw error
    } catch {
      throw TransportError(.addressUnavailable, "cannot listen on \(host):\(port): \(error)")
    }
  }

  /// Time goes on for connections that are left when the listener has closed.
  private static func startTick(_ box: NIOLoopBound<Box>, on channel: any Channel) {
    box.value.tick = channel.eventLoop.scheduleRepeatedTask(
      initialDelay: tickInterval, delay: tickInterval
    ) { _ in
      box.value.checkTime()
    }
  }

  private static func accept(
    _ channel: any Channel, _ box: Box, configuration: ServerConfiguration,
    service: any CallService, logger: Logger
  ) throws {
    guard box.connections.handlers.count < configuration.connectionsMax else {
      logger.warning(
        "connection refused: too many", metadata: ["limit": "\(configuration.connectionsMax)"])
      try channel.pipeline.syncOperations.addHandler(
        RefusalHandler(connectionsMax: configuration.connectionsMax))
      return
    }
    let handler = ServerConnectionHandler(
      configuration: configuration, service: service, logger: logger,
      chance: .random(in: 0...1)
    ) { handler in
      box.connections.handlers[ObjectIdentifier(handler)] = nil
    }
    box.connections.handlers[ObjectIdentifier(handler)] = handler
    box.connections.acceptedCount += 1
    try channel.pipeline.syncOperations.addHandler(handler)
    if box.connections.isDraining { handler.beginDraining() }
  }

  /// Stops accepting and tells every peer to go away; open calls are still answered.
  package func beginDraining() {
    eventLoop.execute { [channel, connections] in
      connections.value.connections.isDraining = true
      channel.close(promise: nil)
      for handler in connections.value.connections.handlers.values { handler.beginDraining() }
    }
  }

  /// Connections served now; on the event loop.
  package var openConnectionCount: Int {
    eventLoop.preconditionInEventLoop()
    return connections.value.connections.handlers.count
  }

  /// Ends every connection at once, as the death of the process would; new ones are accepted.
  package func breakConnections() {
    eventLoop.execute { [connections] in
      for handler in connections.value.connections.handlers.values { handler.breakOff() }
    }
  }

  /// Connections served now.
  package func connectionCount() async throws -> Int {
    try await eventLoop.submit { [connections] in connections.value.connections.handlers.count }
      .get()
  }

  /// Connections that were ever served.
  package func acceptedCount() async throws -> Int {
    try await eventLoop.submit { [connections] in connections.value.connections.acceptedCount }
      .get()
  }
}

/// Tells a peer over the limit of connections so, and closes. It reads nothing.
private final class RefusalHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let connectionsMax: Int

  init(connectionsMax: Int) {
    self.connectionsMax = connectionsMax
  }

  func channelActive(context: ChannelHandlerContext) {
    let status = Status(
      .resourceExhausted, reason: .limit,
      "\(connectionsMax) connections are open, the limit of this server", isRetryable: true)
    let goAway = GoAway(lastCallID: 0, status: status)
    context.write(wrapOutboundOut(Frame.encode(.goAway, head: goAway.encoded())), promise: nil)
    context.channel.flushAndClose()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}

extension NIOBSDSocket.Option {
  fileprivate static let unsentLowWater = NIOBSDSocket.Option(rawValue: TCP_NOTSENT_LOWAT)
}
