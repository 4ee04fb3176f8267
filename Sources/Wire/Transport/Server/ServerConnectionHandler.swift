package import Logging
package import NIOCore
internal import Wire

/// Carries out on a channel what `ServerConnectionStateMachine` decides, and keeps the bounds of
/// time: hello, slow frames, idle, unread and old connections.
package final class ServerConnectionHandler: ChannelInboundHandler {
  package typealias InboundIn = ByteBuffer
  package typealias OutboundOut = ByteBuffer

  private let configuration: ServerConfiguration
  private let service: any CallService
  private let logger: Logger
  private let chance: Double
  private let onClose: (ServerConnectionHandler) -> Void

  private var stateMachine: ServerConnectionStateMachine
  private let processor: NIOSingleStepByteToMessageProcessor<FrameDecoder>
  private var outbound = OutboundQueue()
  private var calls = CallTable<IncomingCall>()
  private var context: ChannelHandlerContext?
  private var writer: FrameWriter?
  private var peerFrameBytesMax = WireLimits.frameBytesMin
  private var isClosing = false
  /// Who asks where a call's head does not say.
  private lazy var peerCaller = UInt64(UInt(bitPattern: ObjectIdentifier(self).hashValue))

  private var opened = NIODeadline.distantPast
  private var frameBegan: NIODeadline?
  private var lastFrame = NIODeadline.distantPast
  private var lastReport = NIODeadline.distantPast
  /// What the peer had taken when it last took anything, and when that was seen.
  private var lastTaken = 0
  private var lastTook = NIODeadline.distantPast
  private var lifetime: ConnectionLifetime?

  /// - Parameter chance: 0…1: how old this connection becomes within the spread of ages.
  package init(
    configuration: ServerConfiguration, service: any CallService, logger: Logger, chance: Double,
    onClose: @escaping (ServerConnectionHandler) -> Void
  ) {
    self.configuration = configuration
    self.service = service
    self.logger = logger
    self.chance = chance
    self.onClose = onClose
    self.stateMachine = ServerConnectionStateMachine(limits: configuration.limits)
    self.processor = NIOSingleStepByteToMessageProcessor(
      FrameDecoder(frameBytesMax: configuration.limits.frameBytes))
  }

  package func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    if context.channel.isActive { begin(context) }
  }

  package func channelActive(context: ChannelHandlerContext) {
    begin(context)
    context.fireChannelActive()
  }

  package func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
    onClose(self)
  }

  package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isClosing else { return }
    let now = NIODeadline.now()
    do {
      try processor.process(buffer: unwrapInboundIn(data)) { frame in
        self.frameReceived(frame, now: now)
      }
    } catch let error as WireError {
      let isOverLimit = error.code == .frameTooLong
      close(
        Status(.invalidArgument, reason: isOverLimit ? .limit : .unspecified, error.message))
    } catch {
      close(Status(.internal, "\(error)"))
    }
    pump()
    if processor.unprocessedBytes == 0 {
      frameBegan = nil
    } else if frameBegan == nil {
      frameBegan = .now()
    }
  }

  package func channelWritabilityChanged(context: ChannelHandlerContext) {
    pump()
    context.fireChannelWritabilityChanged()
  }

  package func channelInactive(context: ChannelHandlerContext) {
    writer = nil
    isClosing = true
    let running = stateMachine.closed()
    for callID in running { cancelled(callID) }
    calls.removeAll()
    context.fireChannelInactive()
  }

  package func errorCaught(context: ChannelHandlerContext, error: any Error) {
    logger.debug("connection failed", metadata: ["error": "\(error)"])
    context.close(promise: nil)
  }

  /// Tells the peer to go elsewhere; closes once every open call is answered.
  func beginDraining(_ status: Status = .draining) {
    guard !isClosing else { return }
    stateMachine.beginDraining()
    let goAway = GoAway(lastCallID: stateMachine.lastCallID, status: status)
    enqueue(Frame.encode(.goAway, head: goAway.encoded()))
    pump()
  }

  /// Ends the connection without a word.
  func breakOff() {
    context?.close(promise: nil)
  }

  /// A part of a call's answer, on the event loop. Dropped if the call or connection is gone.
  func send(_ part: AnswerFrames, callID: UInt64, isLast: Bool) {
    guard !isClosing, calls[callID] != nil, let writer else { return }
    let flags: FrameFlags = isLast ? .end : []
    switch part {
    case .short(let head, let body) where outbound.isEmpty && writer.isWritable:
      writer.write(.response, flags: flags, callID: callID, head: head, body: body)
    case .short(let head, let body):
      enqueue(
        Frame.encode(.response, flags: flags, callID: callID, head: head, body: body),
        callID: callID)
    case .frames(let frames):
      for frame in frames { enqueue(frame, callID: callID) }
      pump()
    }
    guard isLast else { return }
    calls[callID] = nil
    _ = stateMachine.callAnswered(callID)
    closeIfDrained()
  }

  private func begin(_ context: ChannelHandlerContext) {
    guard writer == nil else { return }
    opened = .now()
    lastFrame = opened
    lastReport = opened
    lastTook = opened
    lifetime = configuration.connectionAge.map {
      ConnectionLifetime($0, opened: opened, chance: chance)
    }
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    writer = FrameWriter(channel: context.channel) { bound.value.pump() }
    let hello = Hello(limits: configuration.limits, agent: configuration.agent)
    enqueue(Frame.encode(.hello, head: hello.encoded()))
    pump()
  }

  private func frameReceived(_ frame: Frame, now: NIODeadline) {
    guard !isClosing else { return }
    lastFrame = now
    frameBegan = nil
    switch stateMachine.frameReceived(frame, now: now) {
    case .none: break
    case .accept(let peer):
      peerFrameBytesMax = peer.limits.frameBytes
      if !peer.token.isEmpty { peerCaller = UInt64(bitPattern: Int64(peer.token.hashValue)) }
    case .start(let callID, let head, let deadline, let body):
      let encodedHead = frame.head.readableBytes > 0 ? frame.head : nil
      start(callID, head, encodedHead, deadline: deadline, body: body, now: now)
    case .refuse(let callID, let status):
      let head = ResponseHead(status: status, load: service.loadReport())
      enqueue(
        Frame.encode(.response, flags: .end, callID: callID, head: head.encoded()), callID: callID)
    case .cancel(let callID): cancelled(callID)
    case .pong(let callID): enqueue(Frame.encode(.pong, callID: callID))
    case .close(let status): close(status)
    }
  }

  private func start(
    _ callID: UInt64, _ head: RequestHead, _ encodedHead: ByteBuffer?, deadline: NIODeadline?,
    body: ByteBuffer, now: NIODeadline
  ) {
    guard let context else { return }
    let call = IncomingCall(
      callID: callID, head: head,
      encodedHead: encodedHead ?? ByteBuffer(bytes: head.encoded()), body: body,
      deadline: deadline, received: now,
      peerFrameBytesMax: peerFrameBytesMax, caller: caller(head),
      connection: self, eventLoop: context.eventLoop)
    calls[callID] = call
    service.callReceived(call)
  }

  private func cancelled(_ callID: UInt64) {
    guard let call = calls[callID] else { return }
    call.cancelled()
    service.callCancelled(call)
  }

  private func caller(_ head: RequestHead) -> UInt64 {
    head.token.isEmpty ? peerCaller : UInt64(bitPattern: Int64(head.token.hashValue))
  }

  /// Queues a frame. A peer that asks for more than it reads, be it pongs, is closed at the bound.
  private func enqueue(_ frame: ByteBuffer, callID: UInt64 = 0) {
    guard !isClosing else { return }
    outbound.append(frame, callID: callID)
    guard outbound.byteCount > configuration.unsentBytesMax else { return }
    close(
      Status(
        .resourceExhausted, reason: .limit,
        "over \(configuration.unsentBytesMax) bytes of answers are not read by the peer"))
  }

  private func pump() {
    guard let writer, !isClosing else { return }
    while writer.isWritable, let frame = outbound.popNext() { writer.write(frame) }
    closeIfDrained()
  }

  /// Keeps the bounds of time; to be called a few times a second.
  func checkTime(_ now: NIODeadline) {
    guard let context, writer != nil, !isClosing else { return }
    if stateMachine.isAwaitingHello, now - opened > configuration.helloTimeout {
      return close(Status(.deadlineExceeded, "no hello in \(configuration.helloTimeout.text)"))
    }
    if let frameBegan, now - frameBegan > configuration.frameTimeout {
      return close(
        Status(.deadlineExceeded, "a frame took over \(configuration.frameTimeout.text)"))
    }
    if stateMachine.hasStalledRequest(since: now - configuration.frameTimeout) {
      return close(
        Status(
          .deadlineExceeded,
          "the next frame of a request took over \(configuration.frameTimeout.text)"))
    }
    if hasStoppedReading(now) {
      logger.info("closed a peer that does not read")
      return context.close(promise: nil)
    }
    if stateMachine.openCallCount == 0, now - lastFrame > configuration.idleTimeout {
      return close(Status(.unavailable, "idle for \(configuration.idleTimeout.text)"))
    }
    checkAge(now)
    reportLoad(now)
  }

  /// Whether answers wait and the peer has taken nothing for too long.
  private func hasStoppedReading(_ now: NIODeadline) -> Bool {
    guard let (taken, waiting) = writer?.progress else { return false }
    if waiting == 0 || taken != lastTaken {
      lastTaken = taken
      lastTook = now
    }
    return now - lastTook > configuration.writeTimeout
  }

  private func checkAge(_ now: NIODeadline) {
    guard !stateMachine.isAwaitingHello else { return }
    switch lifetime?.step(now: now) {
    case nil, .some(.none): break
    case .goAway(let status): beginDraining(status)
    case .close(let status): close(status)
    }
  }

  private func reportLoad(_ now: NIODeadline) {
    guard let interval = configuration.loadReportInterval, now - lastReport >= interval,
      !stateMachine.isAwaitingHello, outbound.isEmpty, let load = service.loadReport()
    else { return }
    lastReport = now
    enqueue(Frame.encode(.loadReport, head: load.encoded()))
    pump()
  }

  private func closeIfDrained() {
    guard let context, !isClosing, stateMachine.isDrained, outbound.isEmpty else { return }
    isClosing = true
    writer?.flush()
    context.channel.flushAndClose()
  }

  private func close(_ status: Status) {
    guard let context, !isClosing else { return }
    isClosing = true
    logger.debug("closing a connection", metadata: ["reason": "\(status.message)"])
    let goAway = GoAway(lastCallID: stateMachine.lastCallID, status: status)
    while let writer, writer.isWritable, let frame = outbound.popNext() { writer.write(frame) }
    writer?.write(Frame.encode(.goAway, head: goAway.encoded()))
    writer?.flush()
    context.channel.flushAndClose()
  }
}

extension Channel {
  /// Ends this direction after what was written has left, and closes once the peer ends its own, or
  /// after 2 s. To close at once could reset the connection before the peer has read the go-away.
  func flushAndClose() {
    let channel = self
    let timeout = channel.eventLoop.scheduleTask(in: .seconds(2)) {
      channel.close(promise: nil)
    }
    channel.closeFuture.whenComplete { _ in timeout.cancel() }
    channel.writeAndFlush(ByteBuffer()).whenComplete { _ in
      channel.close(mode: .output, promise: nil)
    }
  }
}

extension TimeAmount {
  /// For messages: "5 s", "200 ms".
  var text: String {
    let milliseconds = nanoseconds / 1_000_000
    return milliseconds % 1_000 == 0 ? "\(milliseconds / 1_000) s" : "\(milliseconds) ms"
  }
}
