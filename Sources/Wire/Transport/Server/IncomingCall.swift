package import NIOCore
internal import Synchronization
package import Wire

/// What answers calls. It is called on the connection's event loop and must not block.
package protocol CallService: Sendable {
  /// A whole request arrived. The service answers through the call, from any thread, exactly once.
  func callReceived(_ call: IncomingCall)

  /// The caller of a call that is not answered yet cancelled it, or vanished. It must be answered all
  /// the same. On the connection's event loop, beside the call's own `onCancel`.
  func callCancelled(_ call: IncomingCall)

  /// The load to put into reports, or nil where there is none to speak of.
  func loadReport() -> LoadReport?
}

extension CallService {
  package func callCancelled(_ call: IncomingCall) {}
}

/// A call that waits for its answer. Answer it on any thread; it must be answered, cancelled or
/// not.
package final class IncomingCall: Sendable {
  package let head: RequestHead
  /// The head as it came.
  package let encodedHead: ByteBuffer
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
    callID: UInt64, head: RequestHead, encodedHead: ByteBuffer, body: ByteBuffer,
    deadline: NIODeadline?,
    received: NIODeadline, peerFrameBytesMax: Int, caller: UInt64,
    connection: ServerConnectionHandler,
    eventLoop: any EventLoop
  ) {
    self.callID = callID
    self.head = head
    self.encodedHead = encodedHead
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
    respond(FrameHead(head.encoded()), body: body, isLast: isLast)
  }

  /// The same with a head that is encoded already.
  package func respond(_ head: FrameHead, body: ByteBuffer, isLast: Bool) {
    if isLast { state.withLock { $0.onCancel = nil } }
    let part = AnswerFrames(
      head: head, body: body, callID: callID, isLast: isLast, frameBytesMax: peerFrameBytesMax)
    if eventLoop.inEventLoop {
      connection.value.send(part, callID: callID, isLast: isLast)
    } else {
      eventLoop.execute { [connection, callID] in
        connection.value.send(part, callID: callID, isLast: isLast)
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

/// A part of an answer, ready to be written. A long one is laid out in frames where it is made, on
/// any thread; a short one when it is written.
enum AnswerFrames: Sendable {
  case short(FrameHead, body: ByteBuffer)
  case frames([ByteBuffer])

  init(
    head: FrameHead, body: ByteBuffer, callID: UInt64, isLast: Bool, frameBytesMax: Int
  ) {
    let byteCount = FrameHeader.byteCount + head.byteCount + body.readableBytes
    if byteCount <= min(OutboundQueue.smallBytesMax, frameBytesMax) {
      self = .short(head, body: body)
    } else {
      self = .frames(
        Frame.encodeParts(
          .response, flags: isLast ? .end : [], continuation: .more, callID: callID, head: head,
          body: body, frameBytesMax: frameBytesMax))
    }
  }
}
