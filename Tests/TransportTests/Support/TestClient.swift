import NIOCore
import NIOPosix
import Transport
import Wire

/// A `ClientConnection` for tests that are not on its event loop.
final class TestClient: Sendable {
  /// All that came of a call.
  struct Answer: Sendable {
    var parts: [(head: ResponseHead, body: ByteBuffer)] = []
    var failure: (status: Status, wasRead: Bool)?

    var body: [UInt8] { parts.flatMap { Array($0.body.readableBytesView) } }
  }

  let events: AsyncStream<ConnectionEvent>
  private let eventLoop: any EventLoop
  private let connection: NIOLoopBound<ClientConnection>

  private init(
    events: AsyncStream<ConnectionEvent>, eventLoop: any EventLoop,
    connection: NIOLoopBound<ClientConnection>
  ) {
    self.events = events
    self.eventLoop = eventLoop
    self.connection = connection
  }

  /// Begins to connect, and hands in calls before the peer can have said hello.
  static func connect(
    host: String = "127.0.0.1", port: Int, calls: [OutgoingCall] = [],
    _ configure: (inout ClientConfiguration) -> Void = { _ in }
  ) async throws -> (client: TestClient, answers: [AsyncStream<CallEvent>]) {
    var configuration = ClientConfiguration.defaults(agent: "test client")
    // Peers of tests share two threads with everything else that is tested.
    configuration.connectTimeout = .seconds(60)
    configure(&configuration)
    let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
    let (events, sink) = AsyncStream<ConnectionEvent>.makeStream(
      bufferingPolicy: .bufferingNewest(1_000))
    return try await eventLoop.submit { [configuration] in
      let connection = ClientConnection(
        host: host, port: port, on: eventLoop, configuration: configuration
      ) { event in
        sink.yield(event)
        if case .closed = event { sink.finish() }
      }
      let answers = calls.map { Self.start($0, on: connection).events }
      let client = TestClient(
        events: events, eventLoop: eventLoop,
        connection: NIOLoopBound(connection, eventLoop: eventLoop))
      return (client, answers)
    }.get()
  }

  /// Hands in calls, all in one go.
  func start(_ calls: [OutgoingCall]) async throws -> [(id: UInt64, events: AsyncStream<CallEvent>)]
  {
    try await eventLoop.submit { [connection] in
      calls.map { Self.start($0, on: connection.value) }
    }.get()
  }

  func call(_ call: OutgoingCall) async throws -> Answer {
    try await Self.answer(start([call])[0].events)
  }

  func cancel(_ callID: UInt64) async throws {
    try await eventLoop.submit { [connection] in connection.value.cancel(callID) }.get()
  }

  func close() async throws {
    try await eventLoop.submit { [connection] in connection.value.close() }.get()
  }

  /// Why the connection ended; waits for it.
  func closed() async -> TransportError? {
    for await event in events {
      if case .closed(let error) = event { return error }
    }
    return nil
  }

  /// Waits for the peer's hello.
  func opened() async {
    for await event in events {
      if case .opened = event { return }
    }
  }

  static func answer(_ events: AsyncStream<CallEvent>) async -> Answer {
    var answer = Answer()
    for await event in events {
      switch event {
      case .part(let head, _, let body, _): answer.parts.append((head, body))
      case .failed(let status, let wasRead): answer.failure = (status, wasRead)
      }
    }
    return answer
  }

  private static func start(
    _ call: OutgoingCall, on connection: ClientConnection
  ) -> (id: UInt64, events: AsyncStream<CallEvent>) {
    let (events, sink) = AsyncStream<CallEvent>.makeStream(bufferingPolicy: .unbounded)
    let id = connection.start(call) { event in
      sink.yield(event)
      switch event {
      case .part(_, _, _, let isLast): if isLast { sink.finish() }
      case .failed: sink.finish()
      }
    }
    return (id, events)
  }
}

extension OutgoingCall {
  /// A call for `TestService`.
  static func test(
    _ model: String = "echo", inputs: Int = 0, bytes: Int = 0, body: [UInt8] = [],
    deadline: NIODeadline? = nil
  ) -> OutgoingCall {
    OutgoingCall(
      head: RequestHead(method: .embed, model: model, inputCount: inputs, textByteCount: bytes),
      body: ByteBuffer(bytes: body), deadline: deadline)
  }
}
