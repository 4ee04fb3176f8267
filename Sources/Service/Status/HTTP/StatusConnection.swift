package import NIOCore

/// One connection to a status listener, without I/O: one request at a time, its route, and the
/// bounds of bytes and time. Time is passed in.
///
/// A client that sends a request before it has the answer to the one before gets that answer and is
/// closed: answers would pile up for one that does not read them.
package struct StatusConnection {
  private enum State {
    /// A request is to come whole before this time.
    case reading(until: NIODeadline)
    /// No request has begun.
    case idle(since: NIODeadline)
    /// The service was asked and has until then.
    case asking(number: UInt64, omitsBody: Bool, until: NIODeadline)
    /// An answer goes out and has until then.
    case writing(closes: Bool, until: NIODeadline)
    /// Nothing more is read or answered.
    case closed
  }

  /// What to do next.
  package enum Action: Equatable {
    case none
    /// Ask the service, and bring its answer with this number.
    case ask(StatusQuestion, number: UInt64)
    /// Send this, and say when the system has taken it.
    case respond(StatusResponse)
    /// Close at once.
    case close
  }

  private static let routes: [String: StatusQuestion] = [
    "/live": .live, "/ready": .ready, "/metrics": .metrics,
  ]

  /// Fields of a header that NIO's decoder reads.
  package static let fieldsMax = 256

  private let limits: StatusLimits
  private var state: State
  /// Bytes since the last header that was whole.
  private var unparsedBytes = 0
  private var closesAfterAnswer = false
  private var lastNumber: UInt64 = 0

  /// A connection that was opened now.
  package init(limits: StatusLimits, now: NIODeadline) {
    self.limits = limits
    state = .reading(until: now + limits.requestTimeout)
  }

  /// When `timePassed` has something to say, or nil.
  package var deadline: NIODeadline? {
    switch state {
    case .reading(let until), .asking(_, _, let until), .writing(_, let until): until
    case .idle(let since): since + limits.idleTimeout
    case .closed: nil
    }
  }

  /// Since when no request has been under way, or nil while one is.
  package var idleSince: NIODeadline? {
    if case .idle(let since) = state { since } else { nil }
  }

  /// Whether what comes in is to be dropped unread.
  package var isDeaf: Bool {
    if case .closed = state { return true }
    if case .writing(closes: true, _) = state { return true }
    return closesAfterAnswer
  }

  // MARK: - What the client does

  /// Bytes came; they are parsed after this unless the connection is deaf then.
  package mutating func bytesReceived(_ count: Int, now: NIODeadline) -> Action {
    unparsedBytes += count
    let isTooLong = unparsedBytes > limits.headerBytesMax
    switch state {
    case .idle where isTooLong, .reading where isTooLong: return refuseLength(now: now)
    case .idle: state = .reading(until: now + limits.requestTimeout)
    case .asking, .writing: closesAfterAnswer = closesAfterAnswer || isTooLong
    case .reading, .closed: break
    }
    return .none
  }

  /// A request's header is whole.
  package mutating func requestReceived(_ request: StatusRequest, now: NIODeadline) -> Action {
    unparsedBytes = 0
    switch state {
    case .reading, .idle: break
    case .asking, .writing:
      closesAfterAnswer = true
      return .none
    case .closed: return .none
    }
    closesAfterAnswer = !request.keepsAlive
    guard !request.hasBody else {
      return respond(413, "a request has no body here", closes: true, now: now)
    }
    let path = request.target.prefix { $0 != "?" }
    let omitsBody = request.method == .head
    guard let question = Self.routes[String(path)] else {
      return path == "/"
        ? list(request, now: now)
        : respond(404, "not here; here are \(Self.list)", omitsBody: omitsBody, now: now)
    }
    guard request.method != .other else { return refuseMethod(now: now) }
    lastNumber += 1
    state = .asking(
      number: lastNumber, omitsBody: omitsBody, until: now + limits.answerTimeout)
    return .ask(question, number: lastNumber)
  }

  /// What came is no request, or one with more fields in its header than are read.
  package mutating func malformed(isTooLong: Bool = false, now: NIODeadline) -> Action {
    switch state {
    case .reading where isTooLong, .idle where isTooLong: return refuseLength(now: now)
    case .reading, .idle: return respond(400, "that is no HTTP request", closes: true, now: now)
    case .asking, .writing:
      closesAfterAnswer = true
      return .none
    case .closed: return .none
    }
  }

  // MARK: - What the service and the system do

  /// The service answered. Ignored if it is no longer waited for.
  package mutating func answered(
    _ number: UInt64, _ answer: StatusAnswer, now: NIODeadline
  ) -> Action {
    guard case .asking(let asked, let omitsBody, _) = state, asked == number else { return .none }
    return respond(
      answer.isGood ? 200 : 503, answer.text, contentType: answer.contentType,
      omitsBody: omitsBody, now: now)
  }

  /// The system has taken the answer.
  package mutating func written(now: NIODeadline) -> Action {
    guard case .writing(let closes, _) = state else { return .none }
    guard !closes, !closesAfterAnswer else {
      state = .closed
      return .close
    }
    state =
      unparsedBytes > 0 ? .reading(until: now + limits.requestTimeout) : .idle(since: now)
    return .none
  }

  /// Looks at the time; to be called at `deadline`.
  package mutating func timePassed(now: NIODeadline) -> Action {
    guard let deadline, deadline <= now else { return .none }
    if case .asking(_, let omitsBody, _) = state {
      let seconds = Double(limits.answerTimeout.nanoseconds) / 1e9
      return respond(
        503, "the event loop has not answered in \(PrometheusText.number(seconds)) s",
        omitsBody: omitsBody, now: now)
    }
    state = .closed
    return .close
  }

  /// The connection is gone.
  package mutating func closed() { state = .closed }

  // MARK: - Answers

  private static let list = "/live /ready /metrics"

  private mutating func list(_ request: StatusRequest, now: NIODeadline) -> Action {
    guard request.method != .other else { return refuseMethod(now: now) }
    return respond(200, Self.list, omitsBody: request.method == .head, now: now)
  }

  private mutating func refuseLength(now: NIODeadline) -> Action {
    respond(
      431,
      "a request's header may have \(limits.headerBytesMax) bytes and \(Self.fieldsMax) fields",
      closes: true, now: now)
  }

  private mutating func refuseMethod(now: NIODeadline) -> Action {
    respond(405, "only GET and HEAD", now: now)
  }

  private mutating func respond(
    _ code: UInt, _ text: String, contentType: String? = nil, omitsBody: Bool = false,
    closes: Bool = false, now: NIODeadline
  ) -> Action {
    let closes = closes || closesAfterAnswer
    state = .writing(closes: closes, until: now + limits.writeTimeout)
    var response = StatusResponse(code, text, omitsBody: omitsBody, closes: closes)
    if let contentType { response.contentType = contentType }
    return .respond(response)
  }
}
