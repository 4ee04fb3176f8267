package import NIOCore
package import Wire

/// A call to send. The budget of its head is set from the deadline when it is written.
package struct OutgoingCall: Sendable {
  package var head: RequestHead
  package var body: ByteBuffer
  package var deadline: NIODeadline?

  package init(head: RequestHead, body: ByteBuffer, deadline: NIODeadline? = nil) {
    self.head = head
    self.body = body
    self.deadline = deadline
  }
}

/// What comes back of a call, on the connection's event loop.
package enum CallEvent: Sendable {
  /// A part of the answer; parts come in any order of inputs, the last one says so.
  case part(ResponseHead, body: ByteBuffer, isLast: Bool)
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
