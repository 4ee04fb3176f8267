import Logging
import MillpondClient
import NIOCore
import NIOPosix
import Synchronization
import Transport
import Wire

/// A server in this process that does as it is told, on an event loop of its own: it can be killed.
final class PondServer: Sendable {
  enum Manner: Sendable {
    /// A vector for each input.
    case answer
    case refuse(Status)
    /// Calls stay open until they are cancelled, or the server ends.
    case hold
    /// A part with a line for each step of a command, and the end if it is whole.
    case steps([String], isWhole: Bool)
  }

  private struct State {
    var manner: Manner
    var heads: [RequestHead] = []
    var held: [IncomingCall] = []
    var watches: [IncomingCall] = []
    var cancelled = 0
    var health = HealthResponse(isLive: true, isReady: true, isProgressing: true, models: [])
  }

  /// Nobody else's as long as this lives, killed or not.
  let port: LoopbackPort
  private let listener: Listener
  private let group: MultiThreadedEventLoopGroup
  private let service: Service

  /// - Parameters:
  ///   - port: nil is a new one.
  ///   - manner: how calls are taken, until another is set.
  static func start(
    on port: LoopbackPort? = nil, _ manner: Manner = .answer,
    _ configure: (inout ServerConfiguration) -> Void = { _ in }
  ) async throws -> PondServer {
    var configuration = ServerConfiguration.defaults(agent: "test pond")
    configuration.loadReportInterval = nil
    configure(&configuration)
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let service = Service(manner)
    let port = try port ?? LoopbackPort()
    let listener = try await Listener.bind(
      host: port.address.host, port: port.address.port, on: group.next(),
      configuration: configuration,
      service: service, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    return PondServer(port, listener, group, service)
  }

  private init(
    _ port: LoopbackPort, _ listener: Listener, _ group: MultiThreadedEventLoopGroup,
    _ service: Service
  ) {
    self.port = port
    self.listener = listener
    self.group = group
    self.service = service
  }

  var address: ServerAddress { port.address }

  deinit {
    group.shutdownGracefully { _ in }
  }

  /// Ends every connection at once, as the end of a process does.
  func kill() async throws {
    try await group.shutdownGracefully()
  }

  func beginDraining() { listener.beginDraining() }

  /// Connections that are open now.
  func connectionCount() async throws -> Int { try await listener.connectionCount() }

  /// Connections that there ever were.
  func acceptedCount() async throws -> Int { try await listener.acceptedCount() }

  var heads: [RequestHead] { service.state.withLock(\.heads) }
  var callCount: Int { heads.count }
  var heldCount: Int { service.state.withLock(\.held.count) }
  var watchCount: Int { service.state.withLock(\.watches.count) }
  var cancelledCount: Int { service.state.withLock(\.cancelled) }

  func set(_ manner: Manner) {
    service.state.withLock { $0.manner = manner }
  }

  /// Answers everything that is held.
  func release() {
    let held = service.state.withLock { state in
      defer { state.held = [] }
      return state.held
    }
    for call in held { service.answer(call) }
  }

  /// Tells those who watch.
  ///
  /// - Parameter isLast: their watch ends with it.
  func setReady(_ isReady: Bool, isLast: Bool = false) {
    service.setReady(isReady, isLast: isLast)
  }

  private final class Service: CallService {
    let state: Mutex<State>

    init(_ manner: Manner) {
      state = Mutex(State(manner: manner))
    }

    func loadReport() -> LoadReport? { nil }

    func callReceived(_ call: IncomingCall) {
      let manner = state.withLock { state in
        state.heads.append(call.head)
        return state.manner
      }
      if call.head.method == .health { return healthAsked(call) }
      switch manner {
      case .answer: answer(call)
      case .refuse(let status): call.refuse(status)
      case .hold:
        call.onCancel { [self] in state.withLock { $0.cancelled += 1 } }
        state.withLock { $0.held.append(call) }
      case .steps(let lines, let isWhole):
        for line in lines {
          let body = ByteBuffer(bytes: AdminResponse(lines: [line]).encoded())
          call.respond(ResponseHead(), body: body, isLast: false)
        }
        if isWhole { call.respond(ResponseHead()) }
      }
    }

    func answer(_ call: IncomingCall) {
      let count = call.head.inputCount
      let result = EmbedResult(outcome: .value(.vector([0, 0, 128, 63])), tokenCount: 1)
      let response = EmbedResponse(
        results: Array(repeating: result, count: count), dimensions: 1)
      call.respond(
        ResponseHead(fingerprint: "pond-f32", inputs: 0..<count), body: response.encoded())
    }

    func setReady(_ isReady: Bool, isLast: Bool) {
      let (watches, body) = state.withLock { state in
        defer { if isLast { state.watches = [] } }
        state.health.isReady = isReady
        return (state.watches, state.health.encoded())
      }
      for call in watches { call.respond(ResponseHead(), body: body, isLast: isLast) }
    }

    private func healthAsked(_ call: IncomingCall) {
      // The only request that has a body: one with the field set.
      let watches = call.body.readableBytes > 0
      let body = state.withLock { state in
        if watches { state.watches.append(call) }
        return state.health.encoded()
      }
      call.respond(ResponseHead(), body: body, isLast: !watches)
      if watches {
        call.onCancel { [self] in
          state.withLock { state in
            state.cancelled += 1
            state.watches.removeAll { $0 === call }
          }
          call.refuse(Status(.cancelled, "cancelled by the caller"))
        }
      }
    }
  }
}
