internal import Glibc
internal import Logging
package import NIOCore
internal import NIOPosix
internal import Wire

/// A connection to a server: many calls at once, answers in any order.
///
/// Everything on it happens on its event loop, calls to it as well; that is why it is not Sendable.
/// Calls handed in before the peer said hello, or over its credit, wait; the wait is bounded in
/// count, and by the call's deadline.
package final class ClientConnection {
  /// What the peer's own refusal at the deadline may take to arrive.
  private static let deadlineGrace = TimeAmount.milliseconds(250)

  private struct Call {
    var call: OutgoingCall
    var onEvent: (CallEvent) -> Void
    var timer: Scheduled<Void>?
    var isWritten: Bool
  }

  private let configuration: ClientConfiguration
  private let address: String
  private let eventLoop: any EventLoop
  private let onEvent: (ConnectionEvent) -> Void

  private var stateMachine: ClientConnectionStateMachine
  private var channel: (any Channel)?
  private var calls: [UInt64: Call] = [:]
  private var nextCallID: UInt64 = 1
  private var lastReceived = NIODeadline.now()
  private var lastSent = NIODeadline.now()
  private var pingSent: NIODeadline?
  private var helloTimer: Scheduled<Void>?
  private var tick: RepeatedTask?
  private var isClosed = false
  private var closeReason: TransportError?

  /// Begins to connect. On the event loop.
  ///
  /// - Parameter onEvent: `.opened` or `.closed` comes first, `.closed` last and exactly once.
  package init(
    host: String, port: Int, on eventLoop: any EventLoop, configuration: ClientConfiguration,
    onEvent: @escaping (ConnectionEvent) -> Void
  ) {
    eventLoop.preconditionInEventLoop()
    self.configuration = configuration
    self.address = "\(host):\(port)"
    self.eventLoop = eventLoop
    self.onEvent = onEvent
    self.stateMachine = ClientConnectionStateMachine(
      waitingCallsMax: configuration.waitingCallsMax)
    connect(host: host, port: port)
  }

  /// Calls sent and not yet answered.
  package var openCallCount: Int { stateMachine.openCallCount }

  /// Sends a call, now or when there is credit.
  ///
  /// - Parameter onEvent: parts and then the end of the answer; not called before this returns.
  /// - Returns: the id to cancel with.
  @discardableResult
  package func start(_ call: OutgoingCall, onEvent: @escaping (CallEvent) -> Void) -> UInt64 {
    eventLoop.preconditionInEventLoop()
    let callID = nextCallID
    nextCallID += 1
    if let field = call.head.oversizedField {
      refuse(Status(.invalidArgument, reason: .limit, field), onEvent)
      return callID
    }
    let submission = stateMachine.submit(
      callID, byteCount: call.body.readableBytes, inputCount: call.head.inputCount)
    if case .refuse(let status) = submission {
      refuse(status, onEvent)
      return callID
    }
    calls[callID] = Call(
      call: call, onEvent: onEvent, timer: deadlineTimer(callID, call.deadline), isWritten: false)
    if submission == .send {
      write(callID)
      channel?.flush()
    }
    return callID
  }

  /// Tells the peer that nobody waits; no more events come for the call.
  package func cancel(_ callID: UInt64) {
    eventLoop.preconditionInEventLoop()
    guard let call = calls.removeValue(forKey: callID) else { return }
    call.timer?.cancel()
    if stateMachine.cancel(callID) {
      send(Frame.encode(.cancel, callID: callID))
    }
  }

  /// Closes at once; open calls fail.
  package func close() {
    eventLoop.preconditionInEventLoop()
    close(TransportError(.connectionClosed, "\(address): closed by this side"))
  }

  private func refuse(_ status: Status, _ onEvent: @escaping (CallEvent) -> Void) {
    let onEvent = NIOLoopBound(onEvent, eventLoop: eventLoop)
    eventLoop.execute { onEvent.value(.failed(status, wasRead: false)) }
  }

  private func connect(host: String, port: Int) {
    let bound = NIOLoopBound(self, eventLoop: eventLoop)
    let bootstrap = ClientBootstrap(group: eventLoop)
      .connectTimeout(configuration.connectTimeout)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelOption(.maxMessagesPerRead, value: 4)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(
            ClientConnectionHandler(
              connection: bound.value, frameBytesMax: bound.value.configuration.limits.frameBytes))
        }
      }
    bootstrap.connect(host: host, port: port).whenComplete { result in
      switch result {
      case .success(let channel): bound.value.connected(channel)
      case .failure(let error):
        bound.value.channelClosed(
          TransportError(.unreachable, "\(bound.value.address): \(error.connectReason)"))
      }
    }
  }

  /// The first channel that is connected is this connection's: a host with several addresses may
  /// give more, and those are not heard.
  fileprivate func connected(_ channel: any Channel) {
    guard !isClosed else { return channel.close(promise: nil) }
    guard self.channel == nil else { return }
    self.channel = channel
    let hello = Hello(
      limits: configuration.limits, agent: configuration.agent, token: configuration.token)
    channel.writeAndFlush(Frame.encode(.hello, head: hello.encoded()), promise: nil)
    lastReceived = .now()
    let bound = NIOLoopBound(self, eventLoop: eventLoop)
    helloTimer = eventLoop.scheduleTask(in: configuration.connectTimeout) {
      bound.value.close(
        TransportError(.unreachable, "\(bound.value.address): no hello from the peer"))
    }
    let interval = TimeAmount.seconds(1)
    tick = eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
      bound.value.checkTime(.now())
    }
  }

  /// Whether the channel's events are this connection's.
  fileprivate func isOwn(_ channel: any Channel) -> Bool { self.channel === channel }

  fileprivate func frameReceived(_ frame: Frame) {
    lastReceived = .now()
    pingSent = nil
    switch stateMachine.frameReceived(frame) {
    case .none: break
    case .opened(let hello):
      helloTimer?.cancel()
      onEvent(.opened(hello))
      for (callID, status) in stateMachine.removeOversized() {
        end(callID)?.onEvent(.failed(status, wasRead: false))
      }
      sendWaiting()
    case .part(let callID, let head, let body, let isLast):
      partReceived(callID, head, body, isLast)
    case .fail(let callID, let status):
      let call = end(callID)
      send(Frame.encode(.cancel, callID: callID))
      call?.onEvent(.failed(status, wasRead: true))
      sendWaiting()
    case .pong(let callID): send(Frame.encode(.pong, callID: callID))
    case .loadReport(let load): onEvent(.loadReport(load))
    case .goAway(let status, let unread):
      closeReason = TransportError(.connectionClosed, "\(address): \(status.message)")
      onEvent(.goAway(status))
      for callID in unread {
        end(callID)?.onEvent(.failed(.connectionLost(status.message), wasRead: false))
      }
    case .close(let error): close(TransportError(error.code, "\(address): \(error.message)"))
    }
  }

  fileprivate func channelClosed(_ error: TransportError?) {
    guard !isClosed else { return }
    isClosed = true
    helloTimer?.cancel()
    tick?.cancel()
    stateMachine.closed()
    let reason =
      closeReason ?? error
      ?? TransportError(.connectionClosed, "\(address): the peer closed the connection")
    let failed = calls
    calls = [:]
    for (_, call) in failed.sorted(by: { $0.key < $1.key }) {
      call.timer?.cancel()
      call.onEvent(.failed(.connectionLost(reason.message), wasRead: call.isWritten))
    }
    onEvent(.closed(reason))
  }

  fileprivate func close(_ reason: TransportError) {
    if closeReason == nil { closeReason = reason }
    if let channel {
      channel.close(promise: nil)
    } else {
      channelClosed(reason)
    }
  }

  private func partReceived(
    _ callID: UInt64, _ head: ResponseHead, _ body: ByteBuffer, _ isLast: Bool
  ) {
    // A cancelled call's answer is no news to anybody.
    let call = isLast ? end(callID) : calls[callID]
    call?.onEvent(.part(head, body: body, isLast: isLast))
    if isLast { sendWaiting() }
  }

  private func end(_ callID: UInt64) -> Call? {
    let call = calls.removeValue(forKey: callID)
    call?.timer?.cancel()
    return call
  }

  private func sendWaiting() {
    guard let channel else { return }
    var wrote = false
    while let callID = stateMachine.nextWaiting() {
      write(callID)
      wrote = true
    }
    if wrote { channel.flush() }
  }

  private func write(_ callID: UInt64) {
    guard let channel, var call = calls[callID] else { return }
    var head = call.call.head
    if let deadline = call.call.deadline {
      head.remainingMicroseconds = UInt64(
        clamping: (deadline - .now()).nanoseconds / 1_000)
    }
    let frames = Frame.encodeParts(
      .request, flags: .end, continuation: [], callID: callID, head: head.encoded(),
      body: call.call.body, frameBytesMax: stateMachine.peerFrameBytesMax)
    for frame in frames { channel.write(frame, promise: nil) }
    lastSent = .now()
    call.isWritten = true
    call.call.body = ByteBuffer()
    calls[callID] = call
  }

  private func send(_ frame: ByteBuffer) {
    lastSent = .now()
    channel?.writeAndFlush(frame, promise: nil)
  }

  private func deadlineTimer(_ callID: UInt64, _ deadline: NIODeadline?) -> Scheduled<Void>? {
    guard let deadline else { return nil }
    let bound = NIOLoopBound(self, eventLoop: eventLoop)
    let latest = max(deadline, .now()) + Self.deadlineGrace
    return eventLoop.scheduleTask(deadline: latest) {
      bound.value.deadlinePassed(callID)
    }
  }

  private func deadlinePassed(_ callID: UInt64) {
    guard let call = calls[callID] else { return }
    cancel(callID)
    call.onEvent(
      .failed(Status(.deadlineExceeded, "no answer within the deadline"), wasRead: call.isWritten))
  }

  private func checkTime(_ now: NIODeadline) {
    if let pingSent {
      if now - pingSent > configuration.pingTimeout {
        close(TransportError(.unreachable, "\(address): no answer to a ping"))
      }
    } else if now - min(lastReceived, lastSent) > configuration.pingInterval {
      pingSent = now
      send(Frame.encode(.ping))
    }
  }
}

/// Feeds a connection with the frames of its channel.
private final class ClientConnectionHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let connection: ClientConnection
  private let processor: NIOSingleStepByteToMessageProcessor<FrameDecoder>

  init(connection: ClientConnection, frameBytesMax: Int) {
    self.connection = connection
    self.processor = NIOSingleStepByteToMessageProcessor(FrameDecoder(frameBytesMax: frameBytesMax))
  }

  func channelActive(context: ChannelHandlerContext) {
    connection.connected(context.channel)
    context.fireChannelActive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard connection.isOwn(context.channel) else { return }
    do {
      try processor.process(buffer: unwrapInboundIn(data)) { connection.frameReceived($0) }
    } catch {
      connection.close(TransportError(.protocolViolation, "\(error)"))
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    if connection.isOwn(context.channel) { connection.channelClosed(nil) }
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard connection.isOwn(context.channel) else { return context.close(promise: nil) }
    connection.close(TransportError(.connectionClosed, "\(error)"))
  }
}

extension Error {
  /// Why a connection could not be made, in the system's words.
  fileprivate var connectReason: String {
    switch self as any Error {
    case let error as NIOConnectionError:
      if error.dnsAError != nil, error.connectionErrors.isEmpty { return "no such host" }
      return error.connectionErrors.first?.error.connectReason ?? "no address to connect to"
    case let error as IOError: return String(cString: strerror(error.errnoCode))
    case let error as ChannelError:
      if case .connectTimeout = error { return "no answer in time" }
      return "\(error)"
    default: return "\(self)"
    }
  }
}
