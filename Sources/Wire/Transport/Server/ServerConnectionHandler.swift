package import Logging
package import NIOCore
internal import Wire

/// Carries out on a channel what `ServerConnectionStateMachine` decides, and keeps the bounds of
/// time: hello, slow frames, idle and unread connections.
package final class ServerConnectionHandler: ChannelInboundHandler {
  package typealias InboundIn = ByteBuffer
  package typealias OutboundOut = ByteBuffer

  private static let tickInterval = TimeAmount.milliseconds(250)

  private let configuration: ServerConfiguration
  private let service: any CallService
  private let logger: Logger
  private let onClose: (ServerConnectionHandler) -> Void

  private var stateMachine: ServerConnectionStateMachine
  private let processor: NIOSingleStepByteToMessageProcessor<FrameDecoder>
  private var outbound = OutboundQueue()
  private var calls: [UInt64: IncomingCall] = [:]
  private var context: ChannelHandlerContext?
  private var tick: RepeatedTask?
  private var peerFrameBytesMax = WireLimits.frameBytesMin
  private var isClosing = false
  /// Who asks where a call's head does not say.
  private lazy var peerCaller = UInt64(UInt(bitPattern: ObjectIdentifier(self).hashValue))

  private var opened = NIODeadline.distantPast
  private var frameBegan: NIODeadline?
  private var lastFrame = NIODeadline.distantPast
  private var lastReport = NIODeadline.distantPast
  private var unwrittenSince: NIODeadline?
  private var unflushedBytes = 0

  package init(
    configuration: ServerConfiguration, service: any CallService, logger: Logger,
    onClose: @escaping (ServerConnectionHandler) -> Void
  ) {
    self.configuration = configuration
    self.service = service
    self.logger = logger
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
    do {
      try processor.process(buffer: unwrapInboundIn(data)) { frame in
        self.frameReceived(frame)
      }
    } catch let error as WireError {
      let isOverLimit = error.code == .frameTooLong
      close(
        Status(.invalidArgument, reason: isOverLimit ? .limit : .unspecified, error.message))
    } catch {
      close(Status(.internal, "\(error)"))
    }
    if processor.unprocessedBytes == 0 {
      frameBegan = nil
    } else if frameBegan == nil {
      frameBegan = .now()
    }
  }

  package func channelReadComplete(context: ChannelHandlerContext) {
    pump()
    context.fireChannelReadComplete()
  }

  package func channelWritabilityChanged(context: ChannelHandlerContext) {
    pump()
    context.fireChannelWritabilityChanged()
  }

  package func channelInactive(context: ChannelHandlerContext) {
    tick?.cancel()
    isClosing = true
    let running = stateMachine.closed()
    for callID in running { calls[callID]?.cancelled() }
    calls = [:]
    context.fireChannelInactive()
  }

  package func errorCaught(context: ChannelHandlerContext, error: any Error) {
    logger.debug("connection failed", metadata: ["error": "\(error)"])
    context.close(promise: nil)
  }

  /// Tells the peer to go elsewhere; closes once every open call is answered.
  package func beginDraining() {
    guard !isClosing else { return }
    stateMachine.beginDraining()
    let goAway = GoAway(lastCallID: stateMachine.lastCallID, status: .draining)
    enqueue(Frame.encode(.goAway, head: goAway.encoded()))
    pump()
  }

  /// Frames of a call's answer, on the event loop. Dropped if the call or connection is gone.
  func send(_ frames: [ByteBuffer], callID: UInt64, isLast: Bool) {
    guard !isClosing, calls[callID] != nil else { return }
    for frame in frames { enqueue(frame, callID: callID) }
    if isLast {
      calls[callID] = nil
      _ = stateMachine.callAnswered(callID)
    }
    pump()
  }

  private func begin(_ context: ChannelHandlerContext) {
    guard tick == nil else { return }
    opened = .now()
    lastFrame = opened
    lastReport = opened
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    tick = context.eventLoop.scheduleRepeatedTask(
      initialDelay: Self.tickInterval, delay: Self.tickInterval
    ) { _ in
      bound.value.checkTime(.now())
    }
    let hello = Hello(limits: configuration.limits, agent: configuration.agent)
    enqueue(Frame.encode(.hello, head: hello.encoded()))
    pump()
  }

  private func frameReceived(_ frame: Frame) {
    guard !isClosing else { return }
    let now = NIODeadline.now()
    lastFrame = now
    frameBegan = nil
    switch stateMachine.frameReceived(frame, now: now) {
    case .none: break
    case .accept(let peer):
      peerFrameBytesMax = peer.limits.frameBytes
      if !peer.token.isEmpty { peerCaller = UInt64(bitPattern: Int64(peer.token.hashValue)) }
    case .start(let callID, let head, let deadline, let body):
      start(callID, head, deadline: deadline, body: body, now: now)
    case .refuse(let callID, let status):
      let head = ResponseHead(status: status, load: service.loadReport())
      enqueue(
        Frame.encode(.response, flags: .end, callID: callID, head: head.encoded()), callID: callID)
    case .cancel(let callID): calls[callID]?.cancelled()
    case .pong(let callID): enqueue(Frame.encode(.pong, callID: callID))
    case .close(let status): close(status)
    }
  }

  private func start(
    _ callID: UInt64, _ head: RequestHead, deadline: NIODeadline?, body: ByteBuffer,
    now: NIODeadline
  ) {
    guard let context else { return }
    let call = IncomingCall(
      callID: callID, head: head, body: body, deadline: deadline, received: now,
      peerFrameBytesMax: peerFrameBytesMax, caller: caller(head),
      connection: self, eventLoop: context.eventLoop)
    calls[callID] = call
    service.callReceived(call)
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
    guard let context, !isClosing else { return }
    var wrote = false
    while context.channel.isWritable, let frame = outbound.popNext() {
      write(frame, context)
      wrote = true
    }
    if wrote { context.flush() }
    closeIfDrained()
  }

  private func write(_ frame: ByteBuffer, _ context: ChannelHandlerContext) {
    let byteCount = frame.readableBytes
    unflushedBytes += byteCount
    if unwrittenSince == nil { unwrittenSince = .now() }
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    let promise = context.eventLoop.makePromise(of: Void.self)
    promise.futureResult.whenComplete { _ in bound.value.wrote(byteCount) }
    context.write(wrapOutboundOut(frame), promise: promise)
  }

  private func wrote(_ byteCount: Int) {
    unflushedBytes -= byteCount
    unwrittenSince = unflushedBytes == 0 ? nil : .now()
  }

  private func checkTime(_ now: NIODeadline) {
    guard let context, !isClosing else { return }
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
    if let unwrittenSince, now - unwrittenSince > configuration.writeTimeout {
      logger.info("closed a peer that does not read")
      return context.close(promise: nil)
    }
    if stateMachine.openCallCount == 0, now - lastFrame > configuration.idleTimeout {
      return close(Status(.unavailable, "idle for \(configuration.idleTimeout.text)"))
    }
    reportLoad(now)
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
    context.channel.flushAndClose()
  }

  private func close(_ status: Status) {
    guard let context, !isClosing else { return }
    isClosing = true
    logger.debug("closing a connection", metadata: ["reason": "\(status.message)"])
    let goAway = GoAway(lastCallID: stateMachine.lastCallID, status: status)
    while context.channel.isWritable, let frame = outbound.popNext() {
      context.write(wrapOutboundOut(frame), promise: nil)
    }
    context.write(wrapOutboundOut(Frame.encode(.goAway, head: goAway.encoded())), promise: nil)
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
