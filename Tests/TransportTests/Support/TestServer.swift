import Logging
import NIOCore
import NIOPosix
import Synchronization
import Transport
import Wire

/// A service that does what the model's name says.
///
/// - `echo`: answers with the request's body.
/// - `parts`: answers in as many parts as the head counts inputs, each of as many bytes as its texts.
/// - `hold`: keeps the call until `release()`, then answers with the request's body.
final class TestService: CallService {
  enum Event: Sendable, Equatable {
    case held
    case cancelled
  }

  private struct State {
    var held: [IncomingCall] = []
    var heldMax = 0
  }

  let events: AsyncStream<Event>
  private let eventSink: AsyncStream<Event>.Continuation
  private let state = Mutex(State())
  private let load: LoadReport?

  init(load: LoadReport? = nil) {
    self.load = load
    (events, eventSink) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1_000))
  }

  /// The most calls that were held at once.
  var heldMax: Int { state.withLock { $0.heldMax } }

  func loadReport() -> LoadReport? { load }

  func callReceived(_ call: IncomingCall) {
    switch call.head.model {
    case "parts":
      let body = ByteBuffer(repeating: 7, count: call.head.textByteCount)
      let count = call.head.inputCount
      for index in 0..<count {
        call.respond(
          ResponseHead(inputs: index..<index + 1), body: body, isLast: index == count - 1)
      }
    case "hold":
      call.onCancel { [eventSink] in eventSink.yield(.cancelled) }
      state.withLock { state in
        state.held.append(call)
        state.heldMax = max(state.heldMax, state.held.count)
      }
      eventSink.yield(.held)
    default: call.respond(ResponseHead(), body: call.body, isLast: true)
    }
  }

  /// Answers all calls that are held, or the first few.
  func release(_ count: Int = .max) {
    let released = state.withLock { state in
      let released = state.held.prefix(count)
      state.held.removeFirst(released.count)
      return released
    }
    for call in released { call.respond(ResponseHead(), body: call.body, isLast: true) }
  }

  /// Waits until the service has seen as many events.
  func wait(for count: Int = 1, of event: Event) async {
    var seen = 0
    for await next in events where next == event {
      seen += 1
      if seen == count { return }
    }
  }
}

/// A listener on a port of the system's choice, with a `TestService`.
struct TestServer {
  let listener: Listener
  let service: TestService
  let port: Int

  static func start(
    load: LoadReport? = nil, _ configure: (inout ServerConfiguration) -> Void = { _ in }
  ) async throws -> TestServer {
    var configuration = ServerConfiguration.defaults(agent: "test server")
    configuration.loadReportInterval = nil
    configure(&configuration)
    let service = TestService(load: load)
    let listener = try await Listener.bind(
      host: "127.0.0.1", port: 0, on: MultiThreadedEventLoopGroup.singleton.next(),
      configuration: configuration, service: service,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    return TestServer(listener: listener, service: service, port: listener.address.port ?? 0)
  }

  func stop() {
    service.release()
    listener.beginDraining()
  }

  /// Whether a newcomer is answered.
  func isServing() throws -> Bool {
    let peer = try RawPeer(port: port)
    peer.send(.hello(), .request(1, body: [1, 2, 3]))
    return try peer.readAnswer()?.body == ByteBuffer(bytes: [1, 2, 3])
  }

  /// Whether the connections become that many, within patience.
  func connections(become count: Int) async throws -> Bool {
    let deadline = NIODeadline.now() + .milliseconds(Int64(RawPeer.patienceMilliseconds))
    while try await listener.connectionCount() != count {
      if NIODeadline.now() > deadline { return false }
      await Task.yield()
    }
    return true
  }

  /// Whether nobody listens any more, within the time for it: a listener closes on its event loop.
  func refusesConnections() async throws -> Bool {
    let deadline = NIODeadline.now() + .milliseconds(Int64(RawPeer.patienceMilliseconds))
    while NIODeadline.now() < deadline {
      do {
        _ = try RawPeer(port: port)
      } catch is RawPeer.Failure {
        return true
      }
      await Task.yield()
    }
    return false
  }
}
