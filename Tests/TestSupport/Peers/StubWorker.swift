internal import Logging
package import MillpondClient
internal import NIOCore
internal import NIOPosix
internal import Synchronization
internal import Transport
internal import Wire

/// A worker in this process that computes nothing: each text's vector tells the text itself, and what
/// it was asked for is counted.
package final class StubWorker: Sendable {
  /// How it behaves.
  package struct Behaviour: Sendable {
    package var fingerprint = "stub-1"
    /// How long an answer takes.
    package var delay = Duration.zero
    /// It breaks all its connections when it is asked for this text.
    package var fatalText: String?
    /// Its answers are whole by what they say, and have so many results too few.
    package var missingResults = 0
    /// Load reports say so many nanoseconds a token.
    package var tokenNanoseconds: UInt64 = 100_000

    package init() {}
  }

  /// The vector of a text: its length and two sums of its bytes, exact in f32.
  package static func vector(of text: String) -> [Float] {
    let bytes = text.utf8.map { Int($0) }
    let weighted = bytes.enumerated().reduce(0) { sum, byte in
      (sum + (byte.offset % 97 + 1) * byte.element) % 65_521
    }
    return [Float(bytes.count), Float(bytes.reduce(0, +) % 65_521), Float(weighted)]
  }

  package let address: ServerAddress
  private let group: MultiThreadedEventLoopGroup
  private let service: StubWorkerService
  private let listener: Listener

  /// Listens on a free port.
  package init(_ behaviour: Behaviour = Behaviour()) async throws {
    group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    service = StubWorkerService(behaviour)
    let service = service
    listener = try await Listener.bind(
      host: "127.0.0.1", port: 0, on: group.next(), configuration: .defaults(agent: "stub"),
      service: service, logger: Logger(label: "stub") { _ in SwiftLogNoOpLogHandler() })
    address = ServerAddress(host: "127.0.0.1", port: listener.address.port ?? 0)
    let listener = listener
    service.state.withLock { $0.die = { listener.breakConnections() } }
  }

  deinit {
    group.shutdownGracefully { _ in }
  }

  /// Texts that it was asked for, in their order.
  package var texts: [String] { service.state.withLock { $0.texts } }

  /// Times that the fatal text was met.
  package var deaths: Int { service.state.withLock { $0.deaths } }

  package func behave(_ change: @Sendable (inout Behaviour) -> Void) {
    service.state.withLock { change(&$0.behaviour) }
  }
}

private final class StubWorkerService: CallService {
  struct State {
    var behaviour: StubWorker.Behaviour
    var texts: [String] = []
    var deaths = 0
    var die: @Sendable () -> Void = {}
  }

  let state: Mutex<State>

  init(_ behaviour: StubWorker.Behaviour) {
    state = Mutex(State(behaviour: behaviour))
  }

  func loadReport() -> LoadReport? {
    LoadReport(
      threads: 1, tokenNanoseconds: state.withLock { $0.behaviour.tokenNanoseconds },
      tokensPerKilobyte: 250)
  }

  func callReceived(_ call: IncomingCall) {
    switch call.head.method {
    case .info?: call.respond(ResponseHead(load: loadReport()), body: information())
    case .embed?: embed(call)
    default: call.refuse(Status(.unimplemented, "not prepared"))
    }
  }

  private func information() -> [UInt8] {
    var info = ModelInfo()
    info.name = "stub"
    info.fingerprint = state.withLock { $0.behaviour.fingerprint }
    info.task = "embed"
    info.dimensions = 3
    info.maxTokens = 100_000
    info.threads = 1
    return InfoResponse(
      role: "worker", version: Version.current, models: [info], residentBytes: 0,
      uptimeMilliseconds: 0
    ).encoded()
  }

  private func embed(_ call: IncomingCall) {
    let body = call.body
    guard let request = try? EmbedRequest(decoding: body.readableBytesSpan) else {
      return call.refuse(Status(.invalidArgument, "not an EmbedRequest"))
    }
    let texts = request.inputs.map { input in
      if case .text(let bytes) = input { String(decoding: bytes, as: UTF8.self) } else { "" }
    }
    let (behaviour, isFatal) = state.withLock { state in
      state.texts += texts
      let isFatal = state.behaviour.fatalText.map(texts.contains) ?? false
      if isFatal { state.deaths += 1 }
      return (state.behaviour, isFatal)
    }
    if isFatal { return state.withLock(\.die)() }
    let answer: @Sendable () -> Void = {
      let told = max(0, texts.count - behaviour.missingResults)
      let results = texts.prefix(told).map { text in
        EmbedResult(
          outcome: .value(.vector(StubWorker.vector(of: text).bytes)), tokenCount: text.utf8.count)
      }
      call.respond(
        ResponseHead(
          fingerprint: behaviour.fingerprint, timings: Timings(computeMicroseconds: 1),
          load: self.loadReport(), inputs: 0..<results.count),
        body: EmbedResponse(results: results, dimensions: 3).encoded())
    }
    guard behaviour.delay > .zero else { return answer() }
    Task {
      try? await Task.sleep(for: behaviour.delay)
      answer()
    }
  }
}

extension [Float] {
  fileprivate var bytes: [UInt8] {
    flatMap { number in
      let bits = number.bitPattern
      return (0..<4).map { UInt8(truncatingIfNeeded: bits >> ($0 * 8)) }
    }
  }
}
