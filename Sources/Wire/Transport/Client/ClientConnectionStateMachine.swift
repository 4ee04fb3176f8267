internal import DequeModule
package import NIOCore
package import Wire

/// One connection to a server, without I/O: which calls may be sent on the peer's credit, and what
/// to do about each frame.
package struct ClientConnectionStateMachine {
  private enum State {
    /// Until the peer's hello: calls wait.
    case awaitingHello
    case open(WireLimits)
    /// The peer said go-away: open calls up to the id are answered, waiting ones fail.
    case goingAway(lastCallID: UInt64)
    /// Terminal.
    case closed
  }

  private struct OpenCall {
    var byteCount: Int
    var inputCount: Int
    /// A part that is longer than a frame, so far.
    var partial: PartialPart?
  }

  private final class PartialPart {
    let head: ResponseHead
    var body: ByteBuffer

    init(head: ResponseHead, body: ByteBuffer) {
      self.head = head
      self.body = body
    }
  }

  /// What to do with a call that was handed in.
  package enum Submission: Equatable {
    case send
    case wait
    case refuse(Status)
  }

  /// What to do about a frame.
  package enum Action: Equatable {
    case none
    /// The peer grants credit: send what waits.
    case opened(Hello)
    case part(callID: UInt64, ResponseHead, body: ByteBuffer, isLast: Bool)
    /// Fail this call and cancel it: its answer makes no sense. The connection lives on.
    case fail(callID: UInt64, Status)
    case pong(callID: UInt64)
    case loadReport(LoadReport)
    /// Fail these calls: the peer never read them. Send no more.
    case goAway(Status, unread: [UInt64])
    /// The peer broke the contract.
    case close(TransportError)
  }

  private let waitingCallsMax: Int
  private var state = State.awaitingHello
  private var calls = CallTable<OpenCall>()
  private var bytesOpen = 0
  private var waiting: Deque<(callID: UInt64, byteCount: Int, inputCount: Int)> = []

  package init(waitingCallsMax: Int) {
    self.waitingCallsMax = waitingCallsMax
  }

  /// Calls sent and not yet answered.
  package var openCallCount: Int { calls.count }

  /// The peer's longest frame, once it said hello.
  package var peerFrameBytesMax: Int {
    if case .open(let limits) = state { limits.frameBytes } else { WireLimits.frameBytesMin }
  }

  /// - Parameter callID: larger than every one before.
  package mutating func submit(_ callID: UInt64, byteCount: Int, inputCount: Int) -> Submission {
    switch state {
    case .closed, .goingAway: return .refuse(.connectionLost("the connection is closed"))
    case .awaitingHello: break
    case .open(let limits):
      if let status = Self.refusal(limits, byteCount: byteCount, inputCount: inputCount) {
        return .refuse(status)
      }
      if waiting.isEmpty, hasCredit(limits, byteCount) {
        open(callID, byteCount, inputCount)
        return .send
      }
    }
    guard waiting.count < waitingCallsMax else {
      return .refuse(
        Status(
          .resourceExhausted, reason: .overloaded,
          "\(waitingCallsMax) calls wait on this connection already", isRetryable: true))
    }
    waiting.append((callID, byteCount, inputCount))
    return .wait
  }

  /// The calls that waited for the hello and are over the limits that it states; they wait no more.
  package mutating func removeOversized() -> [(callID: UInt64, status: Status)] {
    guard case .open(let limits) = state else { return [] }
    var refused: [(callID: UInt64, status: Status)] = []
    waiting.removeAll { call in
      guard
        let status = Self.refusal(limits, byteCount: call.byteCount, inputCount: call.inputCount)
      else { return false }
      refused.append((call.callID, status))
      return true
    }
    return refused
  }

  /// The next waiting call that the credit now covers, as sent; nil when none.
  package mutating func nextWaiting() -> UInt64? {
    guard case .open(let limits) = state, let next = waiting.first,
      hasCredit(limits, next.byteCount)
    else { return nil }
    waiting.removeFirst()
    open(next.callID, next.byteCount, next.inputCount)
    return next.callID
  }

  /// Nobody waits for the call any more.
  ///
  /// - Returns: whether a cancel frame is due; its credit returns with the peer's last frame.
  package mutating func cancel(_ callID: UInt64) -> Bool {
    if calls[callID] != nil { return true }
    waiting.removeAll { $0.callID == callID }
    return false
  }

  package mutating func frameReceived(_ frame: Frame) -> Action {
    do throws(WireError) {
      return try action(for: frame)
    } catch {
      return .close(TransportError(.protocolViolation, error.message))
    }
  }

  package mutating func closed() {
    state = .closed
    calls.removeAll()
    waiting = []
  }

  private func hasCredit(_ limits: WireLimits, _ byteCount: Int) -> Bool {
    calls.count < limits.calls && bytesOpen + byteCount <= limits.bytes
  }

  private static func refusal(
    _ limits: WireLimits, byteCount: Int, inputCount: Int
  ) -> Status? {
    let bytesMax = min(limits.callBytes, limits.bytes)
    if byteCount > bytesMax {
      return Status(
        .invalidArgument, reason: .limit,
        "request of \(byteCount) bytes, the server's limit of one call is \(bytesMax)")
    }
    if inputCount > limits.callInputs {
      return Status(
        .invalidArgument, reason: .limit,
        "\(inputCount) inputs in one call, the server's limit is \(limits.callInputs)")
    }
    return nil
  }

  private mutating func open(_ callID: UInt64, _ byteCount: Int, _ inputCount: Int) {
    calls[callID] = OpenCall(byteCount: byteCount, inputCount: inputCount)
    bytesOpen += byteCount
  }

  private mutating func action(for frame: Frame) throws(WireError) -> Action {
    switch (frame.header.kind, state) {
    case (_, .closed): return .none
    case (.hello, .awaitingHello):
      let hello = try Hello(decoding: frame.head.readableBytesSpan)
      state = .open(hello.limits)
      return .opened(hello)
    case (.goAway, _): return try goAwayReceived(frame)
    case (_, .awaitingHello):
      throw WireError(.protocolViolation, "the first frame is a \(frame.header.kind), not a hello")
    case (.response, _): return try responseReceived(frame)
    case (.ping, _): return .pong(callID: frame.header.callID)
    case (.pong, _): return .none
    case (.loadReport, _):
      return .loadReport(try LoadReport(decoding: frame.head.readableBytesSpan))
    case (.hello, _), (.request, _), (.cancel, _):
      throw WireError(.protocolViolation, "a \(frame.header.kind) frame from a server")
    }
  }

  private mutating func goAwayReceived(_ frame: Frame) throws(WireError) -> Action {
    let goAway = try GoAway(decoding: frame.head.readableBytesSpan)
    var lastCallID = goAway.lastCallID
    // A second go-away takes nothing back: calls that the first gave up have failed.
    if case .goingAway(let earlier) = state { lastCallID = min(lastCallID, earlier) }
    state = .goingAway(lastCallID: lastCallID)
    var unread = waiting.map(\.callID)
    waiting = []
    for callID in calls.ids where callID > lastCallID {
      calls[callID] = nil
      unread.append(callID)
    }
    return .goAway(goAway.status, unread: unread.sorted())
  }

  private mutating func responseReceived(_ frame: Frame) throws(WireError) -> Action {
    let callID = frame.header.callID
    guard let call = calls[callID] else {
      // The server refuses a call that crossed its go-away: it has failed here already.
      if case .goingAway(let lastCallID) = state, callID > lastCallID { return .none }
      throw WireError(.protocolViolation, "an answer to call \(callID), which is not open")
    }
    if let partial = call.partial {
      guard frame.header.headByteCount == 0 else {
        throw WireError(.protocolViolation, "a second head within one answer part")
      }
      let byteCount = partial.body.readableBytes + frame.body.readableBytes
      guard byteCount <= WireLimits.partBytesMax else {
        throw WireError(
          .frameTooLong,
          "an answer part of \(byteCount) bytes, the limit is \(WireLimits.partBytesMax)")
      }
      partial.body.writeImmutableBuffer(frame.body)
      return finish(frame, partial.head, partial.body)
    }
    let head = try ResponseHead(decoding: frame.head.readableBytesSpan)
    let action = finish(frame, head, frame.body)
    guard head.inputs.upperBound <= call.inputCount else {
      // Not worth the connection: a caller whose head miscounts its inputs can bring it about.
      return .fail(
        callID: callID,
        Status(
          .internal, "an answer to inputs \(head.inputs) of a call with \(call.inputCount)"))
    }
    return action
  }

  private mutating func finish(
    _ frame: Frame, _ head: ResponseHead, _ body: ByteBuffer
  ) -> Action {
    let callID = frame.header.callID
    if frame.header.flags.contains(.more) {
      if calls[callID]?.partial == nil {
        calls.update(callID) { $0.partial = PartialPart(head: head, body: body) }
      }
      return .none
    }
    calls.update(callID) { $0.partial = nil }
    let isLast = frame.header.flags.contains(.end)
    if isLast, let call = calls.removeValue(forKey: callID) { bytesOpen -= call.byteCount }
    return .part(callID: callID, head, body: body, isLast: isLast)
  }
}

extension Status {
  /// The connection ended before the call was answered: it can be sent again.
  package static func connectionLost(_ message: String) -> Status {
    Status(.unavailable, reason: .workerLost, message, isRetryable: true)
  }
}
