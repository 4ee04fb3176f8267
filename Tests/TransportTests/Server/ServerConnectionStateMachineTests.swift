import NIOCore
import Testing
import Transport
import Wire

@Suite("Server connection, without sockets")
struct ServerConnectionStateMachineTests {
  private static let now = NIODeadline.uptimeNanoseconds(1_000_000_000)

  /// A machine that has the peer's hello.
  private struct Machine {
    var machine: ServerConnectionStateMachine
    var now = ServerConnectionStateMachineTests.now

    init(_ limits: WireLimits = .small()) {
      machine = ServerConnectionStateMachine(limits: limits)
      _ = machine.frameReceived(.hello(), now: now)
    }

    mutating func answered(_ callID: UInt64) -> Bool {
      machine.callAnswered(callID)
    }

    mutating func receive(_ frame: Frame) -> ServerConnectionStateMachine.Action {
      machine.frameReceived(frame, now: now)
    }

    /// A request is whole and with the service.
    mutating func start(_ callID: UInt64, bytes: Int = 0) {
      let body = [UInt8](repeating: 1, count: bytes)
      guard case .start = receive(.request(callID, body: body)) else {
        Issue.record("call \(callID) did not start")
        return
      }
    }
  }

  private func closeMessage(_ action: ServerConnectionStateMachine.Action) -> String? {
    guard case .close(let status) = action else { return nil }
    #expect(status.code == .invalidArgument)
    return status.message
  }

  private func refusal(_ action: ServerConnectionStateMachine.Action) -> Status? {
    if case .refuse(_, let status) = action { status } else { nil }
  }

  // MARK: Hello

  @Test("the peer's hello is accepted, once")
  func hello() {
    var machine = ServerConnectionStateMachine(limits: .small())
    #expect(machine.isAwaitingHello)
    let hello = Hello(limits: .client, agent: "test")
    #expect(machine.frameReceived(.hello(), now: Self.now) == .accept(peer: hello))
    #expect(!machine.isAwaitingHello)
    #expect(
      closeMessage(machine.frameReceived(.hello(), now: Self.now))
        == "a hello frame on an open connection to a server")
  }

  @Test(
    "anything but a hello first closes", arguments: FrameKind.allCases.filter { $0 != .hello })
  func firstFrame(kind: FrameKind) {
    var machine = ServerConnectionStateMachine(limits: .small())
    #expect(
      closeMessage(machine.frameReceived(Frame(kind, callID: 1), now: Self.now))
        == "the first frame is a \(kind), not a hello")
  }

  @Test("a hello of another version closes, naming both")
  func version() {
    var machine = ServerConnectionStateMachine(limits: .small())
    let hello = Hello(version: 7, limits: .client, agent: "test")
    #expect(
      closeMessage(machine.frameReceived(Frame(.hello, head: hello.encoded()), now: Self.now))
        == "hello: protocol version 7, this side speaks 1")
  }

  // MARK: Call ids

  @Test("call ids only rise", arguments: [(5, 5), (5, 4), (5, 0)] as [(UInt64, UInt64)])
  func idsRise(first: UInt64, second: UInt64) {
    var machine = Machine()
    machine.start(first)
    _ = machine.answered(first)
    #expect(
      closeMessage(machine.receive(.request(second)))
        == "call id \(second) after \(first): ids only rise")
  }

  @Test("ids may leap, to the last one there is")
  func idsLeap() {
    var machine = Machine()
    machine.start(1)
    machine.start(1 << 40)
    machine.start(.max)
    #expect(machine.machine.lastCallID == .max)
    #expect(machine.machine.openCallCount == 3)
  }

  @Test("the first call id is not 0")
  func idZero() {
    var machine = Machine()
    #expect(closeMessage(machine.receive(.request(0))) == "call id 0 after 0: ids only rise")
  }

  @Test("a frame after a request's last closes")
  func afterEnd() {
    var machine = Machine()
    machine.start(1)
    let more = Frame(.request, flags: .end, callID: 1, body: [1])
    #expect(closeMessage(machine.receive(more)) == "a frame of call 1 after its last")
  }

  // MARK: Credit

  @Test("one call over the credit closes; an answer returns its credit")
  func callCredit() {
    var machine = Machine(.small(calls: 2))
    machine.start(1)
    machine.start(2)
    #expect(machine.answered(1) == true)
    machine.start(3)
    #expect(
      closeMessage(machine.receive(.request(4)))
        == "more than 2 calls open: the credit is exceeded")
  }

  @Test("bytes over the credit close; an answer returns its bytes")
  func byteCredit() {
    var machine = Machine(.small(bytes: 1_000, callBytes: 400))
    machine.start(1, bytes: 400)
    machine.start(2, bytes: 400)
    _ = machine.answered(1)
    machine.start(3, bytes: 400)
    machine.start(4, bytes: 200)
    #expect(
      closeMessage(machine.receive(.request(5, body: [1])))
        == "more than 1000 bytes open: the credit is exceeded")
  }

  @Test("a call is answered once")
  func answeredOnce() {
    var machine = Machine()
    machine.start(1, bytes: 100)
    #expect(machine.answered(1) == true)
    #expect(machine.answered(1) == false)
    #expect(machine.machine.openCallCount == 0)
  }

  // MARK: Requests in several frames

  @Test("the bodies of a request's frames are joined")
  func joinedFrames() {
    var machine = Machine()
    #expect(machine.receive(.request(1, body: [1, 2], flags: [])) == .none)
    #expect(machine.receive(Frame(.request, callID: 1)) == .none)
    #expect(machine.receive(Frame(.request, callID: 1, body: [3])) == .none)
    let action = machine.receive(Frame(.request, flags: .end, callID: 1, body: [4, 5]))
    guard case .start(1, let head, nil, let body) = action else {
      Issue.record("\(action)")
      return
    }
    #expect(head.model == "echo")
    #expect(Array(body.readableBytesView) == [1, 2, 3, 4, 5])
  }

  @Test("the frames of several requests may alternate")
  func alternatingRequests() {
    var machine = Machine()
    #expect(machine.receive(.request(1, body: [1], flags: [])) == .none)
    #expect(machine.receive(.request(2, body: [2], flags: [])) == .none)
    #expect(machine.receive(Frame(.request, callID: 1, body: [1])) == .none)
    for callID in [2, 1] as [UInt64] {
      let action = machine.receive(Frame(.request, flags: .end, callID: callID))
      guard case .start(callID, _, _, let body) = action else {
        Issue.record("\(action)")
        return
      }
      #expect(body.readableBytesView.allSatisfy { UInt64($0) == callID })
    }
  }

  @Test("a second head within a request closes")
  func secondHead() {
    var machine = Machine()
    _ = machine.receive(.request(1, flags: []))
    #expect(
      closeMessage(machine.receive(.request(1)))
        == "a second head within the request of call 1")
  }

  @Test("a request in very many frames is joined in linear time", .timeLimit(.minutes(1)))
  func manyFrames() {
    let part = [UInt8](repeating: 1, count: 256)
    let count = (64 << 20) / part.count
    var machine = Machine(.server)
    _ = machine.receive(.request(1, flags: []))
    let frame = Frame(.request, callID: 1, body: part)
    for _ in 0..<count - 1 { _ = machine.receive(frame) }
    let action = machine.receive(Frame(.request, flags: .end, callID: 1, body: part))
    guard case .start(1, _, _, let body) = action else {
      Issue.record("the request did not start")
      return
    }
    #expect(body.readableBytes == 64 << 20)
  }

  @Test("a request that is begun and not ended is stalled once no frame of it comes")
  func stalled() {
    var machine = Machine()
    machine.start(1)
    #expect(!machine.machine.hasStalledRequest(since: Self.now + .seconds(100)))
    _ = machine.receive(.request(2, flags: []))
    #expect(!machine.machine.hasStalledRequest(since: Self.now))
    #expect(machine.machine.hasStalledRequest(since: Self.now + .nanoseconds(1)))
    machine.now = Self.now + .seconds(5)
    _ = machine.receive(Frame(.ping))
    #expect(machine.machine.hasStalledRequest(since: Self.now + .seconds(1)))
    _ = machine.receive(Frame(.request, callID: 2))
    #expect(!machine.machine.hasStalledRequest(since: Self.now + .seconds(1)))
  }

  // MARK: Refused calls

  @Test("a call over the limit of bytes is refused while its frames still come, which are dropped")
  func callBytes() {
    var machine = Machine(.small(calls: 1, bytes: 1_000, callBytes: 400))
    let part = [UInt8](repeating: 1, count: 300)
    #expect(machine.receive(.request(1, body: part, flags: [])) == .none)
    let refused = refusal(machine.receive(Frame(.request, callID: 1, body: part)))
    #expect(refused?.code == .invalidArgument)
    #expect(refused?.reason == .limit)
    #expect(refused?.message == "request of more than 400 bytes, the limit of one call")
    for _ in 0..<10 { #expect(machine.receive(Frame(.request, callID: 1, body: part)) == .none) }
    #expect(machine.machine.openCallCount == 1)
    #expect(machine.receive(Frame(.request, flags: .end, callID: 1, body: part)) == .none)
    #expect(machine.machine.openCallCount == 0)
    machine.start(2, bytes: 400)
  }

  @Test("a call over the limit in its only frame is refused and forgotten")
  func callBytesInOneFrame() {
    var machine = Machine(.small(callBytes: 400))
    let action = machine.receive(.request(1, body: .init(repeating: 0, count: 401)))
    #expect(refusal(action)?.reason == .limit)
    #expect(machine.machine.openCallCount == 0)
  }

  @Test("too many inputs are refused with both numbers")
  func inputs() {
    var machine = Machine(.small(callInputs: 10))
    let status = refusal(machine.receive(.request(1, inputs: 11)))
    #expect(status?.code == .invalidArgument)
    #expect(status?.reason == .limit)
    #expect(status?.message == "11 inputs in one call, the limit is 10")
  }

  @Test("an unknown method is refused by number", arguments: [0, 8, 99] as [UInt32])
  func unknownMethod(number: UInt32) {
    var machine = Machine()
    var head = RequestHead(method: .embed)
    head.methodNumber = number
    let frame = Frame(.request, flags: .end, callID: 1, head: head.encoded())
    let status = refusal(machine.receive(frame))
    #expect(status?.code == .unimplemented)
    #expect(status?.reason == .unknownMethod)
    #expect(status?.message == "method \(number) is not known here")
    #expect(machine.machine.openCallCount == 0)
  }

  @Test("a head that does not decode refuses the call, not the connection")
  func malformedHead() {
    var machine = Machine()
    let frame = Frame(.request, flags: .end, callID: 1, head: [0x0a, 0xff])
    #expect(
      refusal(machine.receive(frame))
        == Status(.invalidArgument, "RequestHead is not valid protobuf"))
    machine.start(2)
  }

  // MARK: Cancel

  @Test("cancelling a running call tells the service, which still answers")
  func cancelRunning() {
    var machine = Machine()
    machine.start(1, bytes: 100)
    #expect(machine.receive(Frame(.cancel, callID: 1)) == .cancel(callID: 1))
    #expect(machine.machine.openCallCount == 1)
    #expect(machine.answered(1) == true)
    #expect(machine.machine.openCallCount == 0)
  }

  @Test("cancelling a call whose request still comes answers it and returns its credit")
  func cancelReceiving() {
    var machine = Machine(.small(calls: 1, bytes: 400))
    _ = machine.receive(.request(1, body: .init(repeating: 0, count: 400), flags: []))
    #expect(refusal(machine.receive(Frame(.cancel, callID: 1)))?.code == .cancelled)
    #expect(machine.machine.openCallCount == 0)
    machine.start(2, bytes: 400)
  }

  @Test("cancelling a refused call whose frames still come forgets it")
  func cancelRefused() {
    var machine = Machine(.small(calls: 1))
    _ = machine.receive(.request(1, inputs: 100, flags: []))
    #expect(machine.receive(Frame(.cancel, callID: 1)) == .none)
    machine.start(2)
  }

  @Test("cancelling what is not open does nothing", arguments: [0, 1, 99] as [UInt64])
  func cancelUnknown(callID: UInt64) {
    var machine = Machine()
    machine.start(1)
    _ = machine.answered(1)
    #expect(machine.receive(Frame(.cancel, callID: callID)) == .none)
  }

  // MARK: Others

  @Test("the budget becomes a deadline from now; none is none; the largest does not overflow")
  func deadline() {
    var machine = Machine()
    func deadline(_ callID: UInt64, _ budget: UInt64?) -> NIODeadline? {
      let head = RequestHead(method: .embed, remainingMicroseconds: budget)
      let frame = Frame(.request, flags: .end, callID: callID, head: head.encoded())
      guard case .start(_, _, let deadline, _) = machine.receive(frame) else { return nil }
      return deadline
    }
    #expect(deadline(1, nil) == nil)
    #expect(deadline(2, 0) == Self.now)
    #expect(deadline(3, 1_500) == Self.now + .microseconds(1_500))
    #expect(deadline(4, .max) ?? Self.now > Self.now + .hours(24 * 365))
  }

  @Test("a ping is answered with its number; other frames of a client are ignored")
  func otherFrames() {
    var machine = Machine()
    #expect(machine.receive(Frame(.ping, callID: 77)) == .pong(callID: 77))
    for kind in [FrameKind.pong, .goAway, .loadReport] {
      #expect(machine.receive(Frame(kind)) == .none)
    }
    #expect(
      closeMessage(machine.receive(Frame(.response, callID: 1)))
        == "a response frame on an open connection to a server")
  }

  // MARK: Draining and the end

  @Test("draining answers what is open, refuses what comes, and is done with the last answer")
  func draining() {
    var machine = Machine()
    machine.start(1)
    _ = machine.receive(.request(2, flags: []))
    machine.machine.beginDraining()
    #expect(!machine.machine.isDrained)
    #expect(refusal(machine.receive(.request(3))) == .draining)
    guard case .start = machine.receive(Frame(.request, flags: .end, callID: 2)) else {
      Issue.record("a request that was begun before the go-away is served")
      return
    }
    #expect(machine.receive(Frame(.ping)) == .pong(callID: 0))
    _ = machine.answered(1)
    #expect(!machine.machine.isDrained)
    _ = machine.answered(2)
    #expect(machine.machine.isDrained)
  }

  @Test("draining without a call is done at once")
  func drainingIdle() {
    var machine = Machine()
    machine.machine.beginDraining()
    #expect(machine.machine.isDrained)
  }

  @Test("a closed connection tells which calls the service still works on, and hears no more")
  func closed() {
    var machine = Machine()
    machine.start(1)
    machine.start(2)
    _ = machine.receive(.request(3, flags: []))
    let running = machine.machine.closed()
    #expect(running.sorted() == [1, 2])
    #expect(machine.receive(.request(4)) == .none)
    #expect(machine.answered(1) == false)
  }
}
