internal import NIOCore
internal import Transport
internal import Wire

/// The connections to one address: the one that takes calls, and those that end after a go-away. On
/// its event loop only.
final class ServerLink {
  enum Event {
    /// The server said hello.
    case opened
    /// The server takes no new calls on this connection, and answers those that it has.
    case wentAway(ClientConnection)
    /// The connection could not be had, or ended, with every call on it.
    case failed
  }

  /// Connections that may be ending at once; the oldest is closed for one more.
  private static let endingMax = 16

  let address: ServerAddress
  /// The connection that takes calls, once it is open.
  var connection: ClientConnection? { isOpen ? current?.connection : nil }
  /// Why the last connection failed; nil while none has.
  private(set) var lastFailure: MillpondError?

  private let configuration: ClientConfiguration
  private let eventLoop: any EventLoop
  private let onEvent: (ServerLink, Event) -> Void
  private var current: (number: Int, connection: ClientConnection)?
  private var ending: [(number: Int, connection: ClientConnection)] = []
  private var nextNumber = 0
  private var callCount = 0
  private var isOpen = false
  private var isRetired = false

  init(
    address: ServerAddress, configuration: ClientConfiguration, eventLoop: any EventLoop,
    onEvent: @escaping (ServerLink, Event) -> Void
  ) {
    self.address = address
    self.configuration = configuration
    self.eventLoop = eventLoop
    self.onEvent = onEvent
  }

  /// Begins to connect. One that is open or being made is none of this link's any more.
  func connect() {
    let number = nextNumber
    nextNumber += 1
    isOpen = false
    let connection = ClientConnection(
      host: address.host, port: address.port, on: eventLoop, configuration: configuration
    ) { [weak self] event in
      self?.connectionEvent(event, of: number)
    }
    current = (number, connection)
  }

  /// Takes no more calls, and closes when those that it has are over.
  func retire() {
    isRetired = true
    endCurrent()
    if callCount == 0 { close() }
  }

  /// A call was sent.
  func callStarted() {
    callCount += 1
  }

  /// A call is over, on whichever connection.
  func callEnded() {
    callCount -= 1
    if isRetired, callCount == 0 { close() }
  }

  /// Closes at once; what is open fails, and no event follows.
  func close() {
    isRetired = true
    let all = ending.map(\.connection) + (current.map { [$0.connection] } ?? [])
    ending = []
    current = nil
    for connection in all { connection.close() }
  }

  private func connectionEvent(_ event: ConnectionEvent, of number: Int) {
    guard number == current?.number else {
      if case .closed = event { ending.removeAll { $0.number == number } }
      return
    }
    switch event {
    case .opened:
      isOpen = true
      lastFailure = nil
      onEvent(self, .opened)
    case .loadReport: break
    case .goAway(let status):
      let connection = isOpen ? self.connection : nil
      endCurrent()
      if let connection {
        onEvent(self, .wentAway(connection))
      } else {
        // In place of a hello: the server would not have us.
        failed(MillpondError(status))
      }
    case .closed(let error):
      current = nil
      isOpen = false
      failed(MillpondError(error))
    }
  }

  private func failed(_ error: MillpondError) {
    lastFailure = error
    onEvent(self, .failed)
  }

  private func endCurrent() {
    guard let current else { return }
    ending.append(current)
    self.current = nil
    isOpen = false
    if ending.count > Self.endingMax { ending.removeFirst().connection.close() }
  }
}

/// One part of an answer as it came.
struct AnswerPart: Sendable {
  var head: ResponseHead
  var body: ByteBuffer
}
