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
    /// The body of a result that is longer than a frame, so far.
    var partial: (head: ResponseHead, body: ByteBuffer)?
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
    case pong(callID: UInt64)
    case loadReport(LoadReport)
    /// Fail these calls: the peer never read them. Send no more.
    case goAway(Status, unread: [UInt64])
    /// The peer broke the contract.
    case close(TransportError)
  }

  private let waitingCallsMax: Int
  private var state = State.awaitingHello
  private var calls: [UInt64: OpenCall] = [:]
  private var bytesOpen = 0
  private var waiting: Deque<(callID: UInt64, byteCount: Int)> = []

  package init(waitingCallsMax: Int) {
    self.waitingCallsMax = waitingCallsMax
  }

  /// Calls sent and not yet answered.
  package var openCallCount: Int { calls.count }

  /// Whether a call that waits for its turn was never put on the wire.
  package func isWaiting(_ callID: UInt64) -> Bool { calls[callID] == nil }

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
      if byteCount > min(limits.callBytes, limits.bytes) {
        return .refuse(
          Status(
            .invalidArgument, reason: .limit,
            "request of \(byteCount) bytes, the server's limit of one call is \(limits.callBytes)"))
      }
      if inputCount > limits.callInputs {
        return .refuse(
          Status(
            .invalidArgument, reason: .limit,
            "\(inputCount) inputs in one call, the server's limit is \(limits.callInputs)"))
      }
      if waiting.isEmpty, hasCredit(limits, byteCount) {
        open(callID, byteCount)
        return .send
      }
    }
    guard waiting.count < waitingCallsMax else {
      return .refuse(
        Status(
          .resourceExhausted, reason: .overloaded,
          "\(waitingCallsMax) calls wait on this connection already", isRetryable: true))
    }
    waiting.append((callID, byteCount))
    return .wait
  }

  /// The next waiting call that the credit now covers, as sent; nil when none.
  package mutating func nextWaiting() -> UInt64? {
    guard case .open(let limits) = state, let next = waiting.first,
      hasCredit(limits, next.byteCount)
    else { return nil }
    waiting.removeFirst()
    open(next.callID, next.byteCount)
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
    calls = [:]
    waiting = []
  }

  private func hasCredit(_ limits: WireLimits, _ byteCount: Int) -> Bool {
    calls.count < limits.calls && bytesOpen + byteCount <= limits.bytes
  }

  private mutating func open(_ callID: UInt64, _ byteCount: Int) {
    calls[callID] = OpenCall(byteCount: byteCount)
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
    state = .goingAway(lastCallID: goAway.lastCallID)
    var unread = waiting.map(\.callID)
    waiting = []
    for callID in calls.keys where callID > goAway.lastCallID {
      calls[callID] = nil
      unread.append(callID)
    }
    return .goAway(goAway.status, unread: unread)
  }

  private mutating func responseReceived(_ frame: Frame) throws(WireError) -> Action {
    let callID = frame.header.callID
    guard var call = calls[callID] else {
      throw WireError(.protocolViolation, "an answer to call \(callID), which is not open")
    }
    if var partial = call.partial {
      guard frame.header.headByteCount == 0 else {
        throw WireError(.protocolViolation, "a second head within one answer part")
      }
      call.partial = nil
      calls[callID] = call
      partial.body.writeImmutableBuffer(frame.body)
      return finish(frame, partial.head, partial.body)
    }
    let head = try ResponseHead(decoding: frame.head.readableBytesSpan)
    return finish(frame, head, frame.body)
  }

  private mutating func finish(
    _ frame: Frame, _ head: ResponseHead, _ body: ByteBuffer
  ) -> Action {
    let callID = frame.header.callID
    if frame.header.flags.contains(.more) {
      calls[callID]?.partial = (head, body)
      return .none
    }
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
