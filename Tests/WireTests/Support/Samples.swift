import Wire

/// A few values of every message: with nothing set, with everything set, and with what is easily
/// lost on the way.
enum Samples {
  static let load = LoadReport(
    backlogMicroseconds: .max, queuedInputs: 3, queuedBytes: 4_096, threads: 2,
    tokenNanoseconds: 21_500, tokenSquaredPicoseconds: 13, tokensPerKilobyte: 228, isDraining: true)

  static let error = Status(
    .invalidArgument, reason: .tooLong, "input of 300 tokens, the limit is 256", isRetryable: true,
    retryAfterMicroseconds: 1 << 40, inputIndex: 0)

  static let inputs: [Input] = [
    .text([]), .text(Array("mill".utf8)), .text([0]), .text(Array("a\0b".utf8)),
    .text([0xff, 0xfe, 0xc3]), .text([UInt8](repeating: 0x61, count: 300)),
    .ids([]), .ids([0, 101, .max]), .pair(query: [], document: []),
    .pair(query: [0], document: [0xff]),
  ]

  static let heads: [any Coded] = [
    Hello(limits: .server, agent: "millpond 0.1.0 worker", token: "s3cret\0x"),
    Hello(limits: .client, agent: ""),
    GoAway(lastCallID: 0, status: .ok),
    GoAway(lastCallID: .max, status: error),
    LoadReport(), load,
    RequestHead(method: .health),
    RequestHead(method: .embed, remainingMicroseconds: 0),
    RequestHead(
      method: .score, model: "mühle", remainingMicroseconds: .max, priority: .bulk,
      inputCount: 65_536, textByteCount: 1 << 40, requestID: "r\0", traceparent: "00-1-2-01",
      token: String(repeating: "t", count: 4_096)),
    ResponseHead(),
    ResponseHead(
      status: error, fingerprint: "8f3c1a5e-f32.1",
      timings: Timings(
        queueMicroseconds: 1, tokenizeMicroseconds: 2, computeMicroseconds: .max,
        totalMicroseconds: 4),
      load: load, inputs: 7..<4_000_000_000),
    ResponseHead(load: LoadReport(), inputs: 5..<5),
  ]

  static let requests: [any Coded] = [
    EmbedRequest(inputs: []),
    EmbedRequest(
      inputs: inputs, length: LengthOptions(truncation: .right, maxTokens: 0), promptName: "",
      dimensions: 0, normalization: .off, elementType: .bf16),
    EmbedRequest(inputs: [.text([])], promptName: "query", dimensions: 384, normalization: .on),
    ClassifyRequest(inputs: []),
    ClassifyRequest(
      inputs: inputs, length: LengthOptions(truncation: .left, maxTokens: 12), isRaw: true),
    ScoreRequest(queries: [], documents: []),
    ScoreRequest(
      queries: [[0]], documents: [[], [0xff], Array("pond".utf8)], isRaw: true, promptName: ""),
    ScoreRequest(queries: [[0]], documents: [[0]], instruction: []),
    ScoreRequest(queries: [[0]], documents: [[0]], instruction: [0x61, 0, 0xff]),
    TokenizeRequest(inputs: inputs, length: LengthOptions(), promptName: "p"),
    TokenizeRequest(inputs: []),
  ]

  static let answers: [any Coded] = [
    EmbedResponse(results: [], dimensions: 0),
    EmbedResponse(
      results: [
        EmbedResult(outcome: .value([])),
        EmbedResult(outcome: .value([0, 0, 128, 63]), tokenCount: 256, isTruncated: true),
        EmbedResult(outcome: .error(error), tokenCount: 300),
        EmbedResult(outcome: .error(.ok)),
      ], dimensions: 1, elementType: .f16),
    ClassifyResponse(results: [], labels: []),
    ClassifyResponse(
      results: [
        ClassifyResult(outcome: .value([1, 2, 3, 4]), tokenCount: 1),
        ClassifyResult(outcome: .error(error), isTruncated: true),
      ], labels: ["", "ß", "a\0b"]),
    ScoreResponse(results: [
      ScoreResult(outcome: .value(0)),
      ScoreResult(outcome: .value(-1.5), tokenCount: 9, isTruncated: true),
      ScoreResult(outcome: .error(error)),
    ]),
    TokenizeResponse(results: [
      TokenizeResult(outcome: .value(Tokens(ids: [], spellings: []))),
      TokenizeResult(
        outcome: .value(Tokens(ids: [0, .max], spellings: [[], [0xff, 0]])), isTruncated: true),
      TokenizeResult(outcome: .error(error)),
    ]),
    HealthResponse(isLive: false, isReady: false, isProgressing: false, models: []),
    HealthResponse(
      isLive: true, isReady: true, isProgressing: true,
      models: [ModelHealth(name: "m", workersReady: 0, workersKnown: 2)]),
    InfoResponse(role: "", version: "", models: [], residentBytes: 0, uptimeMilliseconds: 0),
    InfoResponse(
      role: "coordinator", version: "0.1.0", models: [model, ModelInfo()],
      workers: [worker, WorkerInfo()], residentBytes: .max, uptimeMilliseconds: .max),
  ]

  static let all = heads + requests + answers

  private static var model: ModelInfo {
    var model = ModelInfo()
    model.name = "all-MiniLM-L6-v2"
    model.fingerprint = "8f3c1a5e-f32.1"
    model.architecture = "BertModel"
    model.task = "embed"
    model.score = "cosine"
    model.maxTokens = 256
    model.dimensions = 384
    model.labels = ["a", ""]
    model.prompts = ["query"]
    model.precision = "f32"
    model.instructionSet = "avx512"
    model.blasCore = "SkylakeX"
    model.threads = 2
    model.parameters = 22_713_216
    return model
  }

  private static var worker: WorkerInfo {
    var worker = WorkerInfo()
    worker.address = "127.0.0.1:40001"
    worker.model = "all-MiniLM-L6-v2"
    worker.state = "ready"
    worker.processID = 4_711
    worker.restarts = 2
    worker.load = load
    worker.openPieces = 3
    return worker
  }
}
