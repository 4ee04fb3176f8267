internal import NIOCore
internal import Transport
internal import Wire

/// The connection of a client to its server, made anew when it was lost. On its event loop only.
final class ServerLink {
  private let address: ServerAddress
  private let configuration: ClientConfiguration
  private let eventLoop: any EventLoop
  private var connection: ClientConnection?
  private var callIDs: [UInt64: (ClientConnection, UInt64)] = [:]
  /// Counts connections, so that events of an old one are known as such.
  private var generation = 0
  private var lastFailure: MillpondError?
  private var openWaiters: [(Result<Void, MillpondError>) -> Void] = []
  private var isOpen = false
  private var isClosed = false

  init(address: ServerAddress, configuration: ClientConfiguration, eventLoop: any EventLoop) {
    self.address = address
    self.configuration = configuration
    self.eventLoop = eventLoop
  }

  /// Calls back once the server said hello, or the connection failed.
  func open(_ completion: @escaping (Result<Void, MillpondError>) -> Void) {
    if isOpen { return completion(.success(())) }
    openWaiters.append(completion)
    _ = liveConnection()
  }

  /// - Parameters:
  ///   - token: the caller's own name for the call, to cancel it by.
  ///   - completion: called once, with every part of the answer or why there is none.
  func start(
    token: UInt64, _ call: OutgoingCall,
    completion: @escaping (Result<[AnswerPart], MillpondError>) -> Void
  ) {
    guard !isClosed else {
      return completion(.failure(MillpondError(.cancelled, "the client is closed")))
    }
    let connection = liveConnection()
    var parts: [AnswerPart] = []
    let callID = connection.start(call) { [self] event in
      switch event {
      case .part(let head, _, let body, let isLast):
        parts.append(AnswerPart(head: head, body: body))
        guard isLast else { return }
        callIDs[token] = nil
        completion(head.status.isOK ? .success(parts) : .failure(MillpondError(head.status)))
      case .failed(let status, _):
        callIDs[token] = nil
        completion(.failure(failure(status)))
      }
    }
    callIDs[token] = (connection, callID)
  }

  /// - Returns: whether the call was open: its completion is not called any more.
  func cancel(token: UInt64) -> Bool {
    guard let (connection, callID) = callIDs.removeValue(forKey: token) else { return false }
    connection.cancel(callID)
    return true
  }

  func close() {
    isClosed = true
    connection?.close()
  }

  private func failure(_ status: Status) -> MillpondError {
    if status.reason == .workerLost, let lastFailure, lastFailure.isUnreachable {
      return lastFailure
    }
    return MillpondError(status)
  }

  private func liveConnection() -> ClientConnection {
    if let connection { return connection }
    lastFailure = nil
    let made = ClientConnection(
      host: address.host, port: address.port, on: eventLoop, configuration: configuration
    ) { [self, generation = generation + 1] event in
      connectionEvent(event, of: generation)
    }
    generation += 1
    connection = made
    return made
  }

  private func connectionEvent(_ event: ConnectionEvent, of generation: Int) {
    // After a go-away the old connection ends while the next one lives.
    guard generation == self.generation else { return }
    switch event {
    case .opened:
      isOpen = true
      finishOpening(.success(()))
    case .loadReport: break
    case .goAway(let status):
      // Open calls are still answered by it; the next call makes a new connection.
      connection = nil
      isOpen = false
      self.generation += 1
      // Who still waits for a hello would wait forever: no event of this connection is heard now.
      finishOpening(.failure(MillpondError(status)))
    case .closed(let error):
      connection = nil
      isOpen = false
      lastFailure = MillpondError(error)
      finishOpening(.failure(MillpondError(error)))
    }
  }

  private func finishOpening(_ result: Result<Void, MillpondError>) {
    let waiters = openWaiters
    openWaiters = []
    for waiter in waiters { waiter(result) }
  }
}

/// One part of an answer as it came.
struct AnswerPart: Sendable {
  var head: ResponseHead
  var body: ByteBuffer
}
