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
  /// A peer that was heard of so recently needs no ping.
  private static let probeSilence = TimeAmount.milliseconds(500)
  /// What the peer's own refusal at the deadline may take to arrive.
  private static let deadlineGrace = TimeAmount.milliseconds(250)

  private struct Call {
    var onEvent: (CallEvent) -> Void
    var timer: Scheduled<Void>?
    /// Until it is written.
    var waiting: Waiting?

    var isWritten: Bool { waiting == nil }
  }

  private final class Waiting {
    let call: OutgoingCall

    init(_ call: OutgoingCall) {
      self.call = call
    }
  }

  private let configuration: ClientConfiguration
  private let address: String
  private let eventLoop: any EventLoop
  private let onEvent: (ConnectionEvent) -> Void

  private var stateMachine: ClientConnectionStateMachine
  private var channel: (any Channel)?
  private var writer: FrameWriter?
  private var calls = CallTable<Call>()
  private var nextCallID: UInt64 = 1
  private var lastSent = NIODeadline.now()
  /// Whether anything was sent since `lastSent` was last looked at.
  private var hasSent = false
  private var pingSent: NIODeadline?
  private var helloTimer: Scheduled<Void>?
  private var tick: RepeatedTask?
  private var isClosed = false
  private var isProbing = false
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
    self.address = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    self.eventLoop = eventLoop
    self.onEvent = onEvent
    self.stateMachine = ClientConnectionStateMachine(
      waitingCallsMax: configuration.waitingCallsMax)
    connect(host: host, port: port)
  }

  /// When anything last came from the peer.
  package private(set) var lastReceived = NIODeadline.now()

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
    if let field = call.oversizedField {
      refuse(Status(.invalidArgument, reason: .limit, field), onEvent)
      return callID
    }
    let submission = stateMachine.submit(
      callID, byteCount: call.body.readableBytes, inputCount: call.inputCount)
    if case .refuse(let status) = submission {
      refuse(status, onEvent)
      return callID
    }
    calls[callID] = Call(
      onEvent: onEvent, timer: call.isTimed ? deadlineTimer(callID, call.deadline) : nil,
      waiting: submission == .send ? nil : Waiting(call))
    if submission == .send { write(call, callID) }
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

  /// The peer owes an answer that is late: unless it has just been heard of it is pinged now, and
  /// taken for gone if nothing comes in `configuration.probeTimeout`.
  package func probe() {
    guard channel != nil, !isClosed else { return }
    let now = NIODeadline.now()
    isProbing = true
    guard pingSent == nil, now - lastReceived > Self.probeSilence else { return }
    pingSent = now
    send(Frame.encode(.ping))
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
    writer = FrameWriter(channel: channel)
    let hello = Hello(
      limits: configuration.limits, agent: configuration.agent, token: configuration.token)
    writer?.write(Frame.encode(.hello, head: hello.encoded()))
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

  fileprivate func bytesReceived(_ now: NIODeadline) {
    lastReceived = now
    pingSent = nil
    isProbing = false
  }

  fileprivate func frameReceived(_ frame: Frame) {
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
      partReceived(callID, head, frame.head, body, isLast)
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
    writer = nil
    helloTimer?.cancel()
    tick?.cancel()
    stateMachine.closed()
    let reason =
      closeReason ?? error
      ?? TransportError(.connectionClosed, "\(address): the peer closed the connection")
    let failed = calls
    calls.removeAll()
    for callID in failed.ids.sorted() {
      guard let call = failed[callID] else { continue }
      call.timer?.cancel()
      call.onEvent(.failed(.connectionLost(reason.message), wasRead: call.isWritten))
    }
    onEvent(.closed(reason))
  }

  fileprivate func close(_ reason: TransportError) {
    if closeReason == nil { closeReason = reason }
    if let channel {
      // What was asked for before, a cancel, goes out first.
      writer?.flush()
      channel.close(promise: nil)
    } else {
      channelClosed(reason)
    }
  }

  private func partReceived(
    _ callID: UInt64, _ head: ResponseHead, _ encodedHead: ByteBuffer, _ body: ByteBuffer,
    _ isLast: Bool
  ) {
    // A cancelled call's answer is no news to anybody.
    let call = isLast ? end(callID) : calls[callID]
    // The head of a part in several frames came with the first of them.
    let encodedHead =
      encodedHead.readableBytes > 0 ? encodedHead : ByteBuffer(bytes: head.encoded())
    call?.onEvent(.part(head, encodedHead: encodedHead, body: body, isLast: isLast))
    if isLast { sendWaiting() }
  }

  private func end(_ callID: UInt64) -> Call? {
    let call = calls.removeValue(forKey: callID)
    call?.timer?.cancel()
    return call
  }

  private func sendWaiting() {
    while channel != nil, let callID = stateMachine.nextWaiting() {
      guard let call = calls[callID]?.waiting?.call else { continue }
      calls.update(callID) { $0.waiting = nil }
      write(call, callID)
    }
  }

  private func write(_ call: OutgoingCall, _ callID: UInt64) {
    guard let writer else { return }
    let head = call.encodedHead()
    let byteCount = FrameHeader.byteCount + head.byteCount + call.body.readableBytes
    let frameBytesMax = stateMachine.peerFrameBytesMax
    if byteCount <= min(OutboundQueue.smallBytesMax, frameBytesMax) {
      writer.write(.request, flags: .end, callID: callID, head: head, body: call.body)
    } else {
      let frames = Frame.encodeParts(
        .request, flags: .end, continuation: [], callID: callID, head: head, body: call.body,
        frameBytesMax: frameBytesMax)
      for frame in frames { writer.write(frame) }
    }
    hasSent = true
  }

  private func send(_ frame: ByteBuffer) {
    hasSent = true
    writer?.write(frame)
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
    if hasSent {
      lastSent = now
      hasSent = false
    }
    if let pingSent {
      if now - pingSent > (isProbing ? configuration.probeTimeout : configuration.pingTimeout) {
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
      connection.bytesReceived(.now())
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
