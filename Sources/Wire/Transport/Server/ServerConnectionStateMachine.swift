package import NIOCore
package import Wire

/// One accepted connection's protocol, without I/O: credit, calls, and what to do about each frame.
///
/// A peer that breaks the contract is told so and closed; a call that cannot be served is refused
/// and the connection lives on.
package struct ServerConnectionStateMachine {
  private enum State {
    /// Until the peer's hello: nothing else is accepted.
    case awaitingHello
    /// Calls come and go.
    case open
    /// A go-away was sent: open calls are answered, new ones refused. Then closed.
    case draining
    /// Terminal.
    case closed
  }

  /// A call from its first frame until its answer's last.
  private struct OpenCall {
    enum Phase {
      /// More request frames are to come.
      case receiving(Request)
      /// The service has it.
      case running
      /// Answered with an error while request frames are still to come; they are dropped.
      case refused
    }

    var phase: Phase
    var bytesHeld: Int
    /// When the request's last frame so far came.
    var lastFrame: NIODeadline
  }

  /// A request of several frames, as far as it has come.
  private final class Request {
    let head: RequestHead
    let deadline: NIODeadline?
    var body = ByteBuffer()

    init(_ head: RequestHead, _ deadline: NIODeadline?) {
      self.head = head
      self.deadline = deadline
    }
  }

  /// What to do about a frame.
  package enum Action: Equatable {
    case none
    /// Remember the peer's limits and go on.
    case accept(peer: Hello)
    case start(callID: UInt64, RequestHead, deadline: NIODeadline?, body: ByteBuffer)
    /// Answer the call with this status and nothing else.
    case refuse(callID: UInt64, Status)
    /// Tell the service that nobody waits any more. It still answers.
    case cancel(callID: UInt64)
    case pong(callID: UInt64)
    /// Send a go-away with this status, then close.
    case close(Status)
  }

  private let limits: WireLimits
  private var state = State.awaitingHello
  private var calls = CallTable<OpenCall>()
  private var bytesHeld = 0
  /// The largest call id that was read.
  package private(set) var lastCallID: UInt64 = 0

  package init(limits: WireLimits) {
    self.limits = limits
  }

  package var openCallCount: Int { calls.count }

  package var isAwaitingHello: Bool {
    if case .awaitingHello = state { true } else { false }
  }

  /// Whether the connection can close: told to go away, and every call answered.
  package var isDrained: Bool {
    if case .draining = state { calls.isEmpty } else { false }
  }

  /// Whether a request was begun, is not at its end, and got no frame since then.
  package func hasStalledRequest(since limit: NIODeadline) -> Bool {
    calls.contains { call in
      if case .running = call.phase { false } else { call.lastFrame < limit }
    }
  }

  package mutating func frameReceived(_ frame: Frame, now: NIODeadline) -> Action {
    switch state {
    case .awaitingHello: return helloExpected(frame)
    case .open, .draining: break
    case .closed: return .none
    }
    switch frame.header.kind {
    case .request: return requestReceived(frame, now: now)
    case .cancel: return cancelReceived(frame.header.callID)
    case .ping: return .pong(callID: frame.header.callID)
    case .pong, .goAway, .loadReport: return .none
    case .hello, .response:
      return violation("a \(frame.header.kind) frame on an open connection to a server")
    }
  }

  /// The answer's last frame is on its way: the call's credit returns to the peer.
  ///
  /// - Returns: false if the call is not open: it was answered before.
  package mutating func callAnswered(_ callID: UInt64) -> Bool {
    guard var call = calls[callID] else { return false }
    bytesHeld -= call.bytesHeld
    call.bytesHeld = 0
    if case .receiving = call.phase {
      call.phase = .refused
      calls[callID] = call
    } else {
      calls[callID] = nil
    }
    return true
  }

  /// No new calls from now on.
  package mutating func beginDraining() {
    switch state {
    case .awaitingHello, .open: state = .draining
    case .draining, .closed: break
    }
  }

  /// - Returns: the calls that the service still works on.
  package mutating func closed() -> [UInt64] {
    state = .closed
    let running = calls.ids.filter { id in
      if case .running? = calls[id]?.phase { true } else { false }
    }
    calls.removeAll()
    return running
  }

  private func violation(_ message: String) -> Action {
    .close(Status(.invalidArgument, message))
  }

  private mutating func helloExpected(_ frame: Frame) -> Action {
    guard frame.header.kind == .hello else {
      return violation("the first frame is a \(frame.header.kind), not a hello")
    }
    do throws(WireError) {
      let hello = try Hello(decoding: frame.head.readableBytesSpan)
      state = .open
      return .accept(peer: hello)
    } catch {
      return violation("hello: \(error.message)")
    }
  }

  private mutating func cancelReceived(_ callID: UInt64) -> Action {
    guard let call = calls[callID] else { return .none }
    switch call.phase {
    case .running: return .cancel(callID: callID)
    case .refused:
      calls[callID] = nil
      return .none
    case .receiving:
      bytesHeld -= call.bytesHeld
      calls[callID] = nil
      return .refuse(callID: callID, Status(.cancelled, "cancelled by the caller"))
    }
  }

  private mutating func requestReceived(_ frame: Frame, now: NIODeadline) -> Action {
    let callID = frame.header.callID
    let isLast = frame.header.flags.contains(.end)
    if calls[callID] != nil {
      guard frame.header.headByteCount == 0 else {
        return violation("a second head within the request of call \(callID)")
      }
      return requestContinued(frame, isLast: isLast, now: now)
    }
    guard callID > lastCallID else {
      return violation("call id \(callID) after \(lastCallID): ids only rise")
    }
    lastCallID = callID
    guard calls.count < limits.calls else {
      return violation("more than \(limits.calls) calls open: the credit is exceeded")
    }
    let head: RequestHead
    do throws(WireError) {
      head = try RequestHead(decoding: frame.head.readableBytesSpan)
    } catch {
      return refuse(callID, isLast, Status(.invalidArgument, error.message), now: now)
    }
    if case .draining = state {
      return refuse(callID, isLast, .draining, now: now)
    }
    if let status = refusal(of: head) {
      return refuse(callID, isLast, status, now: now)
    }
    let deadline = head.remainingMicroseconds.map {
      now + .microseconds(Int64(clamping: min($0, 1 << 50)))
    }
    let byteCount = frame.body.readableBytes
    if let action = refusal(callID, isLast, holding: byteCount, beside: 0, now: now) {
      return action
    }
    bytesHeld += byteCount
    if isLast {
      calls[callID] = OpenCall(phase: .running, bytesHeld: byteCount, lastFrame: now)
      return .start(callID: callID, head, deadline: deadline, body: frame.body)
    }
    let request = Request(head, deadline)
    request.body = frame.body
    calls[callID] = OpenCall(phase: .receiving(request), bytesHeld: byteCount, lastFrame: now)
    return .none
  }

  private func refusal(of head: RequestHead) -> Status? {
    if head.method == nil {
      return Status(
        .unimplemented, reason: .unknownMethod, "method \(head.methodNumber) is not known here")
    }
    if head.inputCount > limits.callInputs {
      return Status(
        .invalidArgument, reason: .limit,
        "\(head.inputCount) inputs in one call, the limit is \(limits.callInputs)")
    }
    return nil
  }

  private mutating func requestContinued(
    _ frame: Frame, isLast: Bool, now: NIODeadline
  ) -> Action {
    let callID = frame.header.callID
    guard var call = calls[callID] else { return .none }
    switch call.phase {
    case .running:
      return violation("a frame of call \(callID) after its last")
    case .refused:
      call.lastFrame = now
      calls[callID] = isLast ? nil : call
      return .none
    case .receiving(let request):
      let byteCount = frame.body.readableBytes
      if let action = refusal(callID, isLast, holding: byteCount, beside: call.bytesHeld, now: now)
      {
        return action
      }
      bytesHeld += byteCount
      call.bytesHeld += byteCount
      request.body.writeImmutableBuffer(frame.body)
      call.lastFrame = now
      if isLast { call.phase = .running }
      calls[callID] = call
      guard isLast else { return .none }
      return .start(
        callID: callID, request.head, deadline: request.deadline, body: request.body)
    }
  }

  /// What to do about a request that would hold that many bytes more; nil when it may.
  private mutating func refusal(
    _ callID: UInt64, _ isLast: Bool, holding byteCount: Int, beside held: Int, now: NIODeadline
  ) -> Action? {
    guard held + byteCount <= limits.callBytes else {
      return refuse(
        callID, isLast,
        Status(
          .invalidArgument, reason: .limit,
          "request of more than \(limits.callBytes) bytes, the limit of one call"),
        now: now)
    }
    guard bytesHeld + byteCount <= limits.bytes else {
      return violation("more than \(limits.bytes) bytes open: the credit is exceeded")
    }
    return nil
  }

  private mutating func refuse(
    _ callID: UInt64, _ isLast: Bool, _ status: Status, now: NIODeadline
  ) -> Action {
    if let call = calls[callID] { bytesHeld -= call.bytesHeld }
    calls[callID] = isLast ? nil : OpenCall(phase: .refused, bytesHeld: 0, lastFrame: now)
    return .refuse(callID: callID, status)
  }
}

extension Status {
  /// The answer to a call that came after the go-away.
  package static var draining: Status {
    Status(
      .unavailable, reason: .draining, "the server is draining: send the call elsewhere",
      isRetryable: true)
  }
}
