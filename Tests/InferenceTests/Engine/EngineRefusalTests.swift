import Inference
import Testing

@Suite("Engine, refusals", .timeLimit(.minutes(1)))
struct EngineRefusalTests {
  @Test("a call that the model cannot do fails as a whole and says why")
  func wrongTask() async throws {
    let embedder = try makeEngine()
    let classify = await embedder.failure(.classify(raw: false), [.text("a")])
    #expect(classify?.code == .failedPrecondition)
    #expect(
      classify?.message == "model fake is an embedding model: it has no labels to classify by")

    let classifier = try makeEngine(
      FakeModel(labels: ["a", "b"], score: .none(reason: "it has 2 labels, a cross-encoder has 1")))
    let embed = await classifier.failure(.embed(EmbedOptions()), [.text("a")])
    #expect(embed?.code == .failedPrecondition)
    #expect(embed?.message == "model fake is a classifier with 2 labels: it has no embeddings")
    let score = await classifier.failure(.score(ScoreOptions()), [.pair("a", "b")])
    #expect(score?.code == .failedPrecondition)
    #expect(score?.reason == .wrongTask)
    #expect(
      score?.message == "model fake cannot score: it has 2 labels, a cross-encoder has 1")
  }

  @Test("an unknown prompt fails the call and names the known ones")
  func unknownPrompt() async throws {
    let engine = try makeEngine()
    let error = await engine.failure(
      .embed(EmbedOptions(prompt: .named(Array("question".utf8)))), [.text("a")])
    #expect(error?.code == .invalidArgument)
    #expect(
      error?.message == "model fake has no such prompt: it has “passage”, “query”")
  }

  @Test("dimensions out of range name the range", arguments: [0, -3, 5, Int.max])
  func dimensions(dimensions: Int) async throws {
    let engine = try makeEngine()
    let error = await engine.failure(
      .embed(EmbedOptions(dimensions: dimensions)), [.text("a")])
    #expect(error?.code == .invalidArgument)
    #expect(
      error?.message == "dimensions \(dimensions) is out of range: model fake takes 1…4")
  }

  @Test("a token limit above the model's, or too small for any text, names both numbers")
  func tokenLimits() async throws {
    let engine = try makeEngine()
    let above = await engine.failure(
      .embed(EmbedOptions()), [.text("a")], limit: InputLimit(maxTokens: 33))
    #expect(above?.code == .invalidArgument)
    #expect(above?.message == "a limit of 33 tokens is above the 32 of model fake")
    for maxTokens in [1, 0, -1, Int.min] {
      let below = await engine.failure(
        .embed(EmbedOptions()), [.text("a")], limit: InputLimit(maxTokens: maxTokens))
      #expect(
        below?.message
          == "a limit of \(maxTokens) tokens is too small for any text: model fake needs 2…32")
    }
    let pairs = try makeEngine(FakeModel(labels: ["score"], score: .crossEncoder))
    let pair = await pairs.failure(
      .score(ScoreOptions()), [.pair("a", "b")], limit: InputLimit(maxTokens: 2))
    #expect(
      pair?.message == "a limit of 2 tokens is too small for any pair: model fake needs 3…32")
  }

  @Test("a cross-encoder without prompts takes none")
  func crossEncoderPrompt() async throws {
    var model = FakeModel(labels: ["score"], score: .crossEncoder)
    model.description.prompts = [:]
    let engine = try makeEngine(model)
    let error = await engine.failure(
      .score(ScoreOptions(prompt: .named(Array("query".utf8)))), [.pair("a", "b")])
    #expect(error?.message == "model fake is a cross-encoder: its pairs take no prompt")
  }

  @Test("an instruction needs a model with a score template, even an empty one")
  func instruction() async throws {
    for model in [FakeModel(labels: ["score"], score: .crossEncoder), FakeModel()] {
      for instruction in [[], Array("find news".utf8)] as [[UInt8]] {
        let error = await (try makeEngine(model)).failure(
          .score(ScoreOptions(instruction: instruction)), [.pair("a", "b")])
        #expect(error?.code == .invalidArgument)
        #expect(
          error?.message == "model fake has no score template: its pairs take no instruction")
      }
    }
  }

  @Test("a number that is not finite is an internal error of its input only")
  func notFinite() async throws {
    let engine = try makeEngine()
    let slots = try await engine.slots(
      .embed(EmbedOptions(normalize: false)), [.text("a"), .text([FakeModel.notFinite])])
    #expect(slots[0].error == nil)
    #expect(slots[1].error?.code == .internal)
    #expect(
      slots[1].error?.message == "the model gave a number that is not finite for this input")
  }

  @Test("a batch that fails is an internal error of its inputs, and the thread goes on")
  func failingBatch() async throws {
    let engine = try makeEngine()
    let slots = try await engine.slots(.embed(EmbedOptions()), [.text([FakeModel.poison])])
    #expect(slots[0].error?.code == .internal)
    #expect(slots[0].error?.message == "poisoned")
    #expect(slots[0].error?.index == 0)
    let after = try await engine.slots(.embed(EmbedOptions()), [.text("a")])
    #expect(after[0].error == nil)
    // A call is answered before its batch is put away.
    engine.shutDown()
    #expect(engine.load().openCalls == 0)
  }

  @Test("calls are refused while warming up and after the engine began to drain")
  func phases() async throws {
    let engine = makeColdEngine()
    let cold = await engine.failure(.embed(EmbedOptions()), [.text("a")])
    #expect(cold?.code == .unavailable)
    #expect(cold?.reason == .warmingUp)
    #expect(cold?.message == "model fake is warming up")
    try engine.warmUp()
    engine.shutDown()
    let drained = await engine.failure(.embed(EmbedOptions()), [.text("a")])
    #expect(drained?.code == .unavailable)
    #expect(drained?.reason == .draining)
    #expect(drained?.message == "model fake is draining: it takes no more calls")
    #expect(engine.load().isDraining)
  }

  @Test("a workspace that cannot be made fails the warm-up, and the engine ends")
  func failingWarmUp() {
    var model = FakeModel()
    model.workspaceError = EngineError(.startUp, "no memory for scratch")
    let engine = makeColdEngine(model, threads: 2)
    #expect(throws: EngineError(.startUp, "no memory for scratch")) { try engine.warmUp() }
  }

  @Test(
    "a large model is ready after one batch on each thread, and serves",
    arguments: [(0, 8), (160_000_000, 2)])
  func proportionateWarmUp(batchTime: UInt64, batches: Int) async throws {
    var model = FakeModel()
    model.batchTime = batchTime
    let engine = try makeEngine(model, threads: 2)
    #expect(model.gate.entered == batches)
    let answer = await engine.failure(.embed(EmbedOptions()), [.text("a")])
    #expect(answer == nil)
  }

  @Test("a call larger than any may be is refused for good, with the numbers")
  func tooLargeCall() async throws {
    let engine = try makeEngine { $0.callBytesMax = 1_000 }
    let text = String(repeating: "x", count: 900)
    let error = await engine.failure(.embed(EmbedOptions()), [.text(text)])
    #expect(error?.code == .invalidArgument)
    #expect(error?.reason == .callTooLarge)
    #expect(
      error?.message == "the call needs 1044 bytes with its results; one call may need 1000")
  }
}
