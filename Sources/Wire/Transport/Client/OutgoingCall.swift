package import NIOCore
package import Wire

/// A call to send. The budget of its head is set from the deadline when it is written.
package struct OutgoingCall: Sendable {
  /// A head of our own, or another peer's, passed on.
  enum Head: Sendable {
    case own(RequestHead)
    case relayed(ByteBuffer)
  }

  let head: Head
  package var body: ByteBuffer
  package var deadline: NIODeadline?
  package let inputCount: Int
  /// Whether the connection fails the call at its deadline if the peer does not; whoever makes the
  /// call does it otherwise.
  package let isTimed: Bool

  package init(
    head: RequestHead, body: ByteBuffer, deadline: NIODeadline? = nil, isTimed: Bool = true
  ) {
    self.head = .own(head)
    self.body = body
    self.deadline = deadline
    self.isTimed = isTimed
    inputCount = head.inputCount
  }

  /// Passes a call on as it came, with what is left of its time.
  package init(relaying call: IncomingCall, deadline: NIODeadline?) {
    head = .relayed(call.encodedHead)
    body = call.body
    self.deadline = deadline
    isTimed = false
    inputCount = call.head.inputCount
  }

  /// Names the first field of the head that is longer than a server reads; nil when all fit.
  var oversizedField: String? {
    // What a peer read is short enough.
    if case .own(let head) = head { head.oversizedField } else { nil }
  }

  /// The head as it goes out now.
  func encodedHead() -> FrameHead {
    let remaining = deadline.map { UInt64(clamping: ($0 - .now()).nanoseconds / 1_000) }
    switch head {
    case .own(var head):
      head.remainingMicroseconds = remaining
      return FrameHead(head.encoded())
    case .relayed(let bytes):
      return FrameHead(
        relaying: bytes, overrides: remaining.map(RequestHead.encodedBudget) ?? [])
    }
  }
}

/// What comes back of a call, on the connection's event loop.
package enum CallEvent: Sendable {
  /// A part of the answer, with its head decoded and as it came; parts come in any order of inputs,
  /// the last one says so.
  case part(ResponseHead, encodedHead: ByteBuffer, body: ByteBuffer, isLast: Bool)
  /// There will be no answer. `wasRead` is false if the peer certainly never saw the call.
  case failed(Status, wasRead: Bool)
}

/// What happens to a connection as a whole, on its event loop.
package enum ConnectionEvent: Sendable {
  case opened(Hello)
  case loadReport(LoadReport)
  /// The peer takes no new calls; open ones are still answered.
  case goAway(Status)
  /// Nothing more comes. Every open call has failed.
  case closed(TransportError)
}
