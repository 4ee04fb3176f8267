import CommandSupport
import Logging
import MillpondClient
import NIOCore
import NIOPosix
import Transport
import Wire

/// A server on a free port of the loopback that gives prepared answers.
struct StubServer: CallService {
  var models: [String] = ["stub"]
  var isReady = true
  var connectionsMax = 4_096
  /// The vector, logits or score of each input, in order, as little-endian f32; nil is an error.
  var values: [[Float]?] = []
  var spellings: [[UInt8]] = []

  /// The error of inputs without a value.
  static let refusal = Status(.invalidArgument, "the text is 300 tokens, over the limit of 256")

  func loadReport() -> LoadReport? { nil }

  func callReceived(_ call: IncomingCall) {
    switch call.head.method {
    case .info:
      call.respond(ResponseHead(), body: information.encoded())
    case .health:
      call.respond(ResponseHead(), body: health.encoded())
    case .embed:
      let results = values.map { EmbedResult(outcome: outcome($0), tokenCount: 9) }
      answer(call, EmbedResponse(results: results, dimensions: 2).encoded())
    case .classify:
      let results = values.map {
        ClassifyResult(outcome: outcome($0), tokenCount: 9, isTruncated: true)
      }
      answer(call, ClassifyResponse(results: results, labels: ["games", "utils"]).encoded())
    case .score:
      let results = values.map { value in
        ScoreResult(
          outcome: value.map { .value($0[0]) } ?? .error(Self.refusal), tokenCount: 21)
      }
      answer(call, ScoreResponse(results: results).encoded())
    case .tokenize:
      let tokens = Tokens(ids: spellings.indices.map(UInt32.init), spellings: spellings)
      let results = values.map { value in
        TokenizeResult(outcome: value.map { _ in .value(tokens) } ?? .error(Self.refusal))
      }
      answer(call, TokenizeResponse(results: results).encoded())
    default: call.refuse(Status(.unimplemented, "not prepared"))
    }
  }

  private func answer(_ call: IncomingCall, _ body: [UInt8]) {
    call.respond(ResponseHead(fingerprint: "f-1", inputs: 0..<values.count), body: body)
  }

  private func outcome(_ values: [Float]?) -> Outcome<[UInt8]> {
    guard let values else { return .error(Self.refusal) }
    return .value(values.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian, Array.init) })
  }

  private var information: InfoResponse {
    var worker = WorkerInfo()
    worker.address = "127.0.0.1:4000"
    worker.model = "stub"
    worker.state = "ready"
    worker.openPieces = 1
    return InfoResponse(
      role: "coordinator", version: "0.1.0",
      models: models.map { name in
        var model = ModelInfo()
        model.name = name
        model.fingerprint = "f-1"
        model.architecture = "BertModel"
        model.task = "embed"
        model.score = "cosine"
        model.maxTokens = 256
        model.dimensions = name == "stub" ? 384 : 0
        model.prompts = ["query"]
        model.precision = "f32"
        model.instructionSet = "avx2"
        model.blasCore = "Haswell"
        model.threads = 2
        model.parameters = 22_713_216
        return model
      }, workers: [worker], residentBytes: 123_456_789, uptimeMilliseconds: 61_500)
  }

  private var health: HealthResponse {
    HealthResponse(
      isLive: true, isReady: isReady, isProgressing: true,
      models: models.map {
        ModelHealth(name: $0, workersReady: isReady ? 2 : 0, workersKnown: 2)
      })
  }

  /// Serves as long as the body runs.
  func run<Value>(_ body: (ServerAddress) async throws -> Value) async throws -> Value {
    var configuration = ServerConfiguration.defaults(agent: "stub")
    configuration.connectionsMax = connectionsMax
    let listener = try await Listener.bind(
      host: "127.0.0.1", port: 0, on: MultiThreadedEventLoopGroup.singleton.any(),
      configuration: configuration, service: self, logger: Logger(label: "stub"))
    defer { listener.beginDraining() }
    guard let port = listener.address.port else { throw SetupFailure(message: "no port") }
    return try await body(ServerAddress(host: "127.0.0.1", port: port))
  }

  /// Serves as long as the body runs, with a client of it.
  func withClient<Value>(_ body: (MillpondClient) async throws -> Value) async throws -> Value {
    try await run { address in
      let client = try await ServerSession.connect(to: address)
      defer { client.close() }
      return try await body(client)
    }
  }
}
