internal import NIOCore
internal import NIOHTTP1

/// Carries out on a channel what `StatusConnection` decides.
final class StatusConnectionHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let questions: StatusQuestions
  private let onClose: (StatusConnectionHandler) -> Void
  private var connection: StatusConnection
  private var context: ChannelHandlerContext?
  /// The timer, and what it is set to.
  private var timer: (deadline: NIODeadline, task: Scheduled<Void>)?

  init(
    limits: StatusLimits, questions: StatusQuestions,
    onClose: @escaping (StatusConnectionHandler) -> Void
  ) {
    self.questions = questions
    self.onClose = onClose
    connection = StatusConnection(limits: limits, now: .now())
  }

  /// Since when no request has been under way, or nil while one is.
  var idleSince: NIODeadline? { connection.idleSince }

  /// Closes at once.
  func close() { context?.close(promise: nil) }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    setTimer()
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    timer?.task.cancel()
    self.context = nil
    onClose(self)
  }

  func channelInactive(context: ChannelHandlerContext) {
    connection.closed()
    setTimer()
    context.fireChannelInactive()
  }

  /// Bytes came that were not parsed yet. False: they are not to be.
  func bytesReceived(_ count: Int) -> Bool {
    guard !connection.isDeaf else { return false }
    perform(connection.bytesReceived(count, now: .now()))
    return !connection.isDeaf
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    // A body was refused with its header.
    guard case .head(let head) = unwrapInboundIn(data) else { return }
    perform(connection.requestReceived(StatusRequest(head), now: .now()))
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if let error = error as? HTTPParserError {
      perform(connection.malformed(isTooLong: error == .headerOverflow, now: .now()))
    } else if error is ByteToMessageDecoderError {
      perform(connection.malformed(now: .now()))
    } else {
      context.close(promise: nil)
    }
  }

  private func perform(_ action: StatusConnection.Action) {
    switch action {
    case .none: break
    case .ask(let question, let number): ask(question, number)
    case .respond(let response): respond(response)
    case .close: end()
    }
    setTimer()
  }

  private func ask(_ question: StatusQuestion, _ number: UInt64) {
    guard let context else { return }
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    let isAsked = questions.ask(question) { answer in
      bound.value.answered(number, answer)
    }
    guard !isAsked else { return }
    answered(
      number,
      StatusAnswer(isGood: false, "the event loop has not answered what was asked before"))
  }

  private func answered(_ number: UInt64, _ answer: StatusAnswer) {
    perform(connection.answered(number, answer, now: .now()))
  }

  private func respond(_ response: StatusResponse) {
    guard let context else { return }
    let body = ByteBuffer(string: response.text)
    let headers = HTTPHeaders([
      ("content-type", response.contentType), ("content-length", "\(body.readableBytes)"),
      ("cache-control", "no-store"), ("connection", response.closes ? "close" : "keep-alive"),
    ])
    var head = HTTPResponseHead(
      version: .http1_1, status: HTTPResponseStatus(statusCode: Int(response.code)),
      headers: headers)
    if response.code == 405 { head.headers.add(name: "allow", value: "GET, HEAD") }
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    if !response.omitsBody {
      context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
    }
    let promise = context.eventLoop.makePromise(of: Void.self)
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    promise.futureResult.whenSuccess { bound.value.written() }
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: promise)
  }

  private func written() { perform(connection.written(now: .now())) }

  /// How long the peer may take to end its side after we ended ours.
  private static let endTimeout = TimeAmount.seconds(2)

  /// Ends our side, and closes when the peer ends its own: to close at once could reset the
  /// connection before the peer has read the answer.
  private func end() {
    guard let channel = context?.channel else { return }
    let timeout = channel.eventLoop.scheduleTask(in: Self.endTimeout) {
      channel.close(promise: nil)
    }
    channel.closeFuture.whenComplete { _ in timeout.cancel() }
    channel.close(mode: .output, promise: nil)
  }

  private func setTimer() {
    guard timer?.deadline != connection.deadline else { return }
    timer?.task.cancel()
    timer = nil
    guard let context, let deadline = connection.deadline else { return }
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    let task = context.eventLoop.scheduleTask(deadline: deadline) { bound.value.timePassed() }
    timer = (deadline, task)
  }

  private func timePassed() {
    timer = nil
    perform(connection.timePassed(now: .now()))
  }
}

/// Counts what comes in before it is parsed, and holds back what is not to be.
final class StatusByteCounter: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private let connection: StatusConnectionHandler

  init(_ connection: StatusConnectionHandler) {
    self.connection = connection
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard connection.bytesReceived(unwrapInboundIn(data).readableBytes) else { return }
    context.fireChannelRead(data)
  }
}

extension StatusRequest {
  init(_ head: HTTPRequestHead) {
    let method: Method =
      switch head.method {
      case .GET: .get
      case .HEAD: .head
      default: .other
      }
    let length = head.headers.first(name: "content-length")
    // What follows an upgrade is not parsed.
    let isUpgrade = head.method == .CONNECT || head.headers.contains(name: "upgrade")
    self.init(
      method, head.uri, keepsAlive: head.isKeepAlive && !isUpgrade,
      hasBody: head.headers.contains(name: "transfer-encoding") || (length ?? "0") != "0")
  }
}
