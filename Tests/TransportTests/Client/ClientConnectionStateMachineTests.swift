import NIOCore
import Testing
import Transport
import Wire

@Suite("Client connection, without sockets")
struct ClientConnectionStateMachineTests {
  private func open(_ limits: WireLimits = .small()) -> ClientConnectionStateMachine {
    var machine = ClientConnectionStateMachine(waitingCallsMax: 8)
    let hello = Hello(limits: limits, agent: "test")
    #expect(machine.frameReceived(.hello(limits)) == .opened(hello))
    return machine
  }

  private func closeError(_ action: ClientConnectionStateMachine.Action) -> TransportError? {
    if case .close(let error) = action { error } else { nil }
  }

  private func refusal(_ submission: ClientConnectionStateMachine.Submission) -> Status? {
    if case .refuse(let status) = submission { status } else { nil }
  }

  // MARK: Hello

  @Test("calls wait for the hello, and go in order once it came")
  func waiting() {
    var machine = ClientConnectionStateMachine(waitingCallsMax: 8)
    for callID in 1...3 as ClosedRange<UInt64> {
      #expect(machine.submit(callID, byteCount: 10, inputCount: 1) == .wait)
    }
    #expect(machine.nextWaiting() == nil)
    _ = machine.frameReceived(.hello(.small()))
    #expect(machine.nextWaiting() == 1)
    #expect(machine.nextWaiting() == 2)
    #expect(machine.nextWaiting() == 3)
    #expect(machine.nextWaiting() == nil)
    #expect(machine.openCallCount == 3)
  }

  @Test("anything but a hello or a go-away first is a violation")
  func firstFrame() {
    for kind in FrameKind.allCases where kind != .hello && kind != .goAway {
      var machine = ClientConnectionStateMachine(waitingCallsMax: 8)
      #expect(
        closeError(machine.frameReceived(Frame(kind, callID: 1)))
          == TransportError(.protocolViolation, "the first frame is a \(kind), not a hello"))
    }
  }

  @Test("a second hello, a request and a cancel are violations")
  func wrongFrames() {
    for kind in [FrameKind.hello, .request, .cancel] {
      var machine = open()
      #expect(
        closeError(machine.frameReceived(Frame(kind, callID: 1)))
          == TransportError(.protocolViolation, "a \(kind) frame from a server"))
    }
  }

  @Test("a hello with a frame limit below the least is a violation")
  func smallFrameLimit() {
    var machine = ClientConnectionStateMachine(waitingCallsMax: 8)
    var limits = WireLimits.small()
    limits.frameBytes = WireLimits.frameBytesMin - 1
    #expect(
      closeError(machine.frameReceived(.hello(limits)))?.message
        == "frame limit of 65551 bytes, the least is 65552")
  }

  @Test("calls over the limits that wait for the hello are refused by it, and hold up nobody")
  func oversizedWaiting() {
    var machine = ClientConnectionStateMachine(waitingCallsMax: 8)
    #expect(machine.submit(1, byteCount: 5_000, inputCount: 1) == .wait)
    #expect(machine.submit(2, byteCount: 5, inputCount: 11) == .wait)
    #expect(machine.submit(3, byteCount: 5, inputCount: 1) == .wait)
    _ = machine.frameReceived(.hello(.small(bytes: 1_000, callBytes: 400, callInputs: 10)))
    let refused = machine.removeOversized()
    #expect(refused.map(\.callID) == [1, 2])
    #expect(
      refused.map(\.status.message) == [
        "request of 5000 bytes, the server's limit of one call is 400",
        "11 inputs in one call, the server's limit is 10",
      ])
    #expect(machine.nextWaiting() == 3)
  }

  // MARK: Credit

  @Test("calls over the credit wait, and go when an answer's last frame returns it")
  func callCredit() {
    var machine = open(.small(calls: 2))
    #expect(machine.submit(1, byteCount: 1, inputCount: 1) == .send)
    #expect(machine.submit(2, byteCount: 1, inputCount: 1) == .send)
    #expect(machine.submit(3, byteCount: 1, inputCount: 1) == .wait)
    #expect(machine.nextWaiting() == nil)
    _ = machine.frameReceived(.response(2, flags: []))
    #expect(machine.nextWaiting() == nil)
    _ = machine.frameReceived(.response(2))
    #expect(machine.nextWaiting() == 3)
  }

  @Test("bytes over the credit wait, and small calls behind do not overtake")
  func byteCredit() {
    var machine = open(.small(bytes: 1_000, callBytes: 1_000))
    #expect(machine.submit(1, byteCount: 700, inputCount: 1) == .send)
    #expect(machine.submit(2, byteCount: 400, inputCount: 1) == .wait)
    #expect(machine.submit(3, byteCount: 1, inputCount: 1) == .wait)
    #expect(machine.nextWaiting() == nil)
    _ = machine.frameReceived(.response(1))
    #expect(machine.nextWaiting() == 2)
    #expect(machine.nextWaiting() == 3)
  }

  @Test("a call over the server's limits is refused with both numbers")
  func overLimits() {
    var machine = open(.small(bytes: 1_000, callBytes: 400, callInputs: 10))
    let bytes = refusal(machine.submit(1, byteCount: 401, inputCount: 1))
    #expect(bytes?.reason == .limit)
    #expect(bytes?.message == "request of 401 bytes, the server's limit of one call is 400")
    let inputs = refusal(machine.submit(2, byteCount: 4, inputCount: 11))
    #expect(inputs?.reason == .limit)
    #expect(inputs?.message == "11 inputs in one call, the server's limit is 10")
  }

  @Test("more waiting calls than the bound are refused as overload")
  func waitingBound() {
    var machine = ClientConnectionStateMachine(waitingCallsMax: 2)
    #expect(machine.submit(1, byteCount: 1, inputCount: 1) == .wait)
    #expect(machine.submit(2, byteCount: 1, inputCount: 1) == .wait)
    let status = refusal(machine.submit(3, byteCount: 1, inputCount: 1))
    #expect(status?.code == .resourceExhausted)
    #expect(status?.reason == .overloaded)
    #expect(status?.isRetryable == true)
    #expect(status?.message == "2 calls wait on this connection already")
  }

  // MARK: Answers

  @Test("parts come as they are, the last says so")
  func parts() {
    var machine = open()
    _ = machine.submit(1, byteCount: 1, inputCount: 5)
    let head = ResponseHead(inputs: 3..<5)
    #expect(
      machine.frameReceived(.response(1, head, body: [1], flags: []))
        == .part(callID: 1, head, body: ByteBuffer(bytes: [1]), isLast: false))
    let last = ResponseHead(inputs: 0..<3)
    #expect(
      machine.frameReceived(.response(1, last, body: [2]))
        == .part(callID: 1, last, body: ByteBuffer(bytes: [2]), isLast: true))
    #expect(machine.openCallCount == 0)
  }

  @Test("a part in several frames is joined; other answers may come between")
  func joinedPart() {
    var machine = open()
    _ = machine.submit(1, byteCount: 1, inputCount: 1)
    _ = machine.submit(2, byteCount: 1, inputCount: 1)
    let head = ResponseHead(fingerprint: "f", inputs: 0..<1)
    #expect(machine.frameReceived(.response(1, head, body: [1, 2], flags: .more)) == .none)
    guard case .part(callID: 2, _, _, isLast: true) = machine.frameReceived(.response(2)) else {
      Issue.record("the other answer did not come through")
      return
    }
    #expect(machine.frameReceived(Frame(.response, flags: .more, callID: 1, body: [3])) == .none)
    #expect(
      machine.frameReceived(Frame(.response, flags: .end, callID: 1, body: [4]))
        == .part(callID: 1, head, body: ByteBuffer(bytes: [1, 2, 3, 4]), isLast: true))
  }

  @Test("a second head within a part is a violation")
  func secondHead() {
    var machine = open()
    _ = machine.submit(1, byteCount: 1, inputCount: 1)
    _ = machine.frameReceived(.response(1, flags: .more))
    #expect(
      closeError(machine.frameReceived(.response(1)))?.message
        == "a second head within one answer part")
  }

  @Test("an answer to a call that is not open is a violation")
  func unknownCall() {
    var machine = open()
    #expect(
      closeError(machine.frameReceived(.response(7)))
        == TransportError(.protocolViolation, "an answer to call 7, which is not open"))
  }

  @Test(
    "an answer to inputs that the call does not have fails the call, not the connection",
    arguments: [[], .end, .more] as [FrameFlags])
  func beyondInputs(flags: FrameFlags) {
    var machine = open()
    _ = machine.submit(1, byteCount: 1, inputCount: 3)
    let frame = Frame.response(1, ResponseHead(inputs: 2..<4), flags: flags)
    #expect(
      machine.frameReceived(frame)
        == .fail(
          callID: 1, Status(.internal, "an answer to inputs 2..<4 of a call with 3")))
    // Its credit returns with its last frame, as ever.
    #expect(machine.openCallCount == (flags == .end ? 0 : 1))
    if flags == .more { _ = machine.frameReceived(Frame(.response, flags: .end, callID: 1)) }
    if flags.isEmpty { _ = machine.frameReceived(.response(1)) }
    #expect(machine.openCallCount == 0)
    #expect(machine.submit(2, byteCount: 1, inputCount: 1) == .send)
  }

  @Test("a head that does not decode is a violation")
  func malformedHead() {
    var machine = open()
    _ = machine.submit(1, byteCount: 1, inputCount: 3)
    let frame = Frame(.response, flags: .end, callID: 1, head: [0x0a, 0xff])
    #expect(
      closeError(machine.frameReceived(frame))?.message == "ResponseHead is not valid protobuf")
  }

  @Test("pings are answered, load reports handed on")
  func otherFrames() {
    var machine = open()
    #expect(machine.frameReceived(Frame(.ping, callID: 4)) == .pong(callID: 4))
    #expect(machine.frameReceived(Frame(.pong, callID: 4)) == .none)
    let load = LoadReport(threads: 3)
    #expect(
      machine.frameReceived(Frame(.loadReport, head: load.encoded())) == .loadReport(load))
  }

  // MARK: Cancel

  @Test("cancelling an open call is told to the peer and keeps its credit until the answer")
  func cancelOpen() {
    var machine = open(.small(calls: 1))
    _ = machine.submit(1, byteCount: 1, inputCount: 1)
    #expect(machine.submit(2, byteCount: 1, inputCount: 1) == .wait)
    let isTold = machine.cancel(1)
    #expect(isTold)
    #expect(machine.nextWaiting() == nil)
    _ = machine.frameReceived(.response(1))
    #expect(machine.nextWaiting() == 2)
  }

  @Test("cancelling a waiting call is told to nobody")
  func cancelWaiting() {
    var machine = open(.small(calls: 1))
    _ = machine.submit(1, byteCount: 1, inputCount: 1)
    #expect(machine.submit(2, byteCount: 1, inputCount: 1) == .wait)
    #expect(machine.submit(3, byteCount: 1, inputCount: 1) == .wait)
    let isTold = machine.cancel(2)
    #expect(!isTold)
    _ = machine.frameReceived(.response(1))
    #expect(machine.nextWaiting() == 3)
  }

  // MARK: Going away

  @Test("go-away fails what waits and what was not read; the rest is still answered")
  func goAway() {
    var machine = open(.small(calls: 3))
    for callID in 1...3 as ClosedRange<UInt64> {
      #expect(machine.submit(callID, byteCount: 1, inputCount: 1) == .send)
    }
    #expect(machine.submit(4, byteCount: 1, inputCount: 1) == .wait)
    #expect(machine.frameReceived(.goAway(1)) == .goAway(.draining, unread: [2, 3, 4]))
    #expect(machine.nextWaiting() == nil)
    #expect(refusal(machine.submit(5, byteCount: 1, inputCount: 1))?.code == .unavailable)
    // The server's refusal of a call that crossed its go-away is no violation.
    #expect(machine.frameReceived(.response(2)) == .none)
    guard case .part(callID: 1, _, _, isLast: true) = machine.frameReceived(.response(1)) else {
      Issue.record("the open call was not answered")
      return
    }
  }

  @Test("a second go-away takes nothing back")
  func secondGoAway() {
    var machine = open()
    _ = machine.submit(1, byteCount: 1, inputCount: 1)
    _ = machine.submit(2, byteCount: 1, inputCount: 1)
    #expect(machine.frameReceived(.goAway(1)) == .goAway(.draining, unread: [2]))
    #expect(machine.frameReceived(.goAway(2)) == .goAway(.draining, unread: []))
    #expect(machine.frameReceived(.response(2)) == .none)
    #expect(machine.frameReceived(.goAway(0)) == .goAway(.draining, unread: [1]))
  }

  @Test("a go-away in place of the hello fails what waits")
  func goAwayFirst() {
    var machine = ClientConnectionStateMachine(waitingCallsMax: 8)
    #expect(machine.submit(1, byteCount: 1, inputCount: 1) == .wait)
    #expect(machine.frameReceived(.goAway(0)) == .goAway(.draining, unread: [1]))
  }

  @Test("a closed connection hears and takes nothing")
  func closed() {
    var machine = open()
    _ = machine.submit(1, byteCount: 1, inputCount: 1)
    machine.closed()
    #expect(machine.frameReceived(.response(1)) == .none)
    #expect(refusal(machine.submit(2, byteCount: 1, inputCount: 1))?.reason == .workerLost)
  }
}
