package import NIOCore
internal import Synchronization
package import Wire

/// What answers calls. It is called on the connection's event loop and must not block.
package protocol CallService: Sendable {
  /// A whole request arrived. The service answers through the call, from any thread, exactly once.
  func callReceived(_ call: IncomingCall)

  /// The load to put into reports, or nil where there is none to speak of.
  func loadReport() -> LoadReport?
}

/// A call that waits for its answer. Answer it on any thread; it must be answered, cancelled or
/// not.
package final class IncomingCall: Sendable {
  package let head: RequestHead
  package let body: ByteBuffer
  /// When the caller stops waiting, or nil.
  package let deadline: NIODeadline?
  package let received: NIODeadline
  /// The longest frame that the caller reads, header included, in bytes.
  package let peerFrameBytesMax: Int
  /// Who asks, as far as turns go: the holder of the token, else the connection.
  package let caller: UInt64

  private struct State {
    var isCancelled = false
    var onCancel: (@Sendable () -> Void)?
  }

  private let callID: UInt64
  private let connection: NIOLoopBound<ServerConnectionHandler>
  private let eventLoop: any EventLoop
  private let state = Mutex(State())

  init(
    callID: UInt64, head: RequestHead, body: ByteBuffer, deadline: NIODeadline?,
    received: NIODeadline, peerFrameBytesMax: Int, caller: UInt64,
    connection: ServerConnectionHandler,
    eventLoop: any EventLoop
  ) {
    self.callID = callID
    self.head = head
    self.body = body
    self.deadline = deadline
    self.received = received
    self.peerFrameBytesMax = peerFrameBytesMax
    self.caller = caller
    self.connection = NIOLoopBound(connection, eventLoop: eventLoop)
    self.eventLoop = eventLoop
  }

  /// Whether nobody waits any more.
  package var isCancelled: Bool { state.withLock { $0.isCancelled } }

  /// Runs once when the caller cancels or vanishes; at once if that has happened.
  package func onCancel(_ body: @escaping @Sendable () -> Void) {
    let isCancelled = state.withLock { state in
      if !state.isCancelled { state.onCancel = body }
      return state.isCancelled
    }
    if isCancelled { body() }
  }

  /// Sends one part of the answer, in one frame or, over the caller's limit, in several.
  ///
  /// - Parameter isLast: no more parts follow; the call is over.
  package func respond(_ head: ResponseHead, body: [UInt8] = [], isLast: Bool = true) {
    respond(head, body: ByteBuffer(bytes: body), isLast: isLast)
  }

  package func respond(_ head: ResponseHead, body: ByteBuffer, isLast: Bool) {
    let frames = Frame.encodeParts(
      .response, flags: isLast ? .end : [], continuation: .more, callID: callID,
      head: head.encoded(), body: body, frameBytesMax: peerFrameBytesMax)
    if isLast { state.withLock { $0.onCancel = nil } }
    if eventLoop.inEventLoop {
      connection.value.send(frames, callID: callID, isLast: isLast)
    } else {
      eventLoop.execute { [connection, callID] in
        connection.value.send(frames, callID: callID, isLast: isLast)
      }
    }
  }

  /// Refuses the whole call.
  package func refuse(_ status: Status, load: LoadReport? = nil) {
    respond(ResponseHead(status: status, load: load))
  }

  /// Microseconds since the call was received.
  package func elapsedMicroseconds(now: NIODeadline) -> UInt64 {
    UInt64(clamping: (now - received).nanoseconds / 1_000)
  }

  func cancelled() {
    let onCancel = state.withLock { state in
      state.isCancelled = true
      defer { state.onCancel = nil }
      return state.onCancel
    }
    onCancel?()
  }
}
