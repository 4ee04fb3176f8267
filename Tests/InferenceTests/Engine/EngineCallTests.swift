import Inference
import Testing

@Suite("Engine, calls", .timeLimit(.minutes(1)))
struct EngineCallTests {
  @Test("results come in input order with token counts, and a wrong input fails its slot only")
  func slots() async throws {
    let engine = try makeEngine()
    let long = String(repeating: "x", count: 40)
    let slots = try await engine.slots(
      .embed(EmbedOptions(normalize: false)),
      [.text("ab"), .text(long), .pair("a", "b"), .ids([1, 5, 6, 2, 7])])
    #expect(slots[0].value == .vector([1, 97, 98, 2]))
    #expect(slots[0].tokens == 4)
    #expect(!slots[0].truncated)
    #expect(slots[1].error?.code == .invalidArgument)
    #expect(slots[1].error?.reason == .tooLong)
    #expect(slots[1].error?.message == "42 over 32")
    #expect(slots[1].error?.index == 1)
    #expect(
      slots[2].error?.message == "Embed takes a text or token ids in an input, not a pair")
    #expect(slots[3].value == .vector([8, 5, 6, 2]))
  }

  @Test("a vector is cut before it is normalised")
  func dimensions() async throws {
    let engine = try makeEngine()
    let options = EmbedOptions(dimensions: 2)
    let slots = try await engine.slots(.embed(options), [.ids([3, 4, 100, 100])])
    #expect(slots[0].value == .vector([0.6, 0.8]))
  }

  @Test("a model's default length holds for vectors and scores, and a call may ask for more")
  func defaultDimensions() async throws {
    var model = FakeModel()
    model.description.defaultDimensions = 2
    model.description.allowedDimensions = [3]
    let engine = try makeEngine(model)
    let inputs = [ModelInput.ids([3, 4, 100, 100])]
    let cut = try await engine.slots(.embed(EmbedOptions()), inputs)
    #expect(cut[0].value == .vector([0.6, 0.8]))
    let whole = EmbedOptions(dimensions: 4, normalize: false)
    #expect(try await engine.slots(.embed(whole), inputs)[0].value == .vector([3, 4, 100, 100]))
    let error = await engine.failure(.embed(EmbedOptions(dimensions: 1)), inputs)
    #expect(error?.message.contains("cannot cut to dimensions 1: only 3") == true)
  }

  @Test("an answer without inputs has no slots")
  func noInputs() async throws {
    let engine = try makeEngine()
    #expect(try await engine.slots(.embed(EmbedOptions()), []).isEmpty)
  }

  @Test("a prompt is put before the text, and truncation is told")
  func prompt() async throws {
    let engine = try makeEngine()
    let options = EmbedOptions(prompt: .named(Array("query".utf8)), normalize: false)
    let slots = try await engine.slots(
      .embed(options), [.text("a")], limit: InputLimit(maxTokens: 4, truncation: .right))
    let (q, colon, space) = (Float(113), Float(58), Float(32))
    #expect(slots[0].value == .vector([1, q, colon, space]))
    #expect(slots[0].truncated)
    #expect(slots[0].tokens == 4)
  }

  @Test("a classifier answers probabilities or logits with the index of the largest")
  func classify() async throws {
    let engine = try makeEngine(
      FakeModel(labels: ["no", "yes", "maybe"], score: .none(reason: "")))
    let inputs = [ModelInput.ids([1, 2, 1])]
    let activated = try await engine.slots(.classify(raw: false), inputs)
    #expect(activated[0].value == .probabilities([0.25, 0.5, 0.25], label: 1))
    let raw = try await engine.slots(.classify(raw: true), inputs)
    #expect(raw[0].value == .logits([1, 2, 1], label: 1))
  }

  @Test("a cross-encoder scores pairs, raw and activated, and refuses anything else")
  func crossEncoder() async throws {
    let engine = try makeEngine(FakeModel(labels: ["score"], score: .crossEncoder))
    let inputs = [ModelInput.pair("a", "b"), .text("a"), .ids([1])]
    let raw = try await engine.slots(.score(ScoreOptions(raw: true)), inputs)
    #expect(raw[0].score == Float(200))
    #expect(raw[1].error?.message == "Score takes a query and a document in an input")
    #expect(raw[2].error?.code == .invalidArgument)
    let activated = try await engine.slots(.score(ScoreOptions()), inputs)
    #expect(activated[0].score == Float(1))
  }

  @Test("a cosine counts the tokens of both texts and names the one that fails")
  func cosine() async throws {
    let engine = try makeEngine()
    let long = String(repeating: "x", count: 40)
    let slots = try await engine.slots(
      .score(ScoreOptions()),
      [.pair("ab", "ab"), .pair("ab", long), .pair(long, "b"), .text("a"), .pair("ab", "abc")])
    #expect(abs(try #require(slots[0].score) - 1) < 1e-6)
    #expect(slots[0].tokens == 8)
    #expect(slots[1].error?.message == "document: 42 over 32")
    #expect(slots[1].error?.index == 1)
    #expect(slots[2].error?.message == "query: 42 over 32")
    #expect(slots[3].error?.message == "Score takes a query and a document in an input")
    #expect(slots[4].tokens == 9)
    #expect(try #require(slots[4].score) < 1)
  }

  @Test("each distinct text of a cosine call is computed once")
  func cosineOnce() async throws {
    let model = FakeModel()
    let engine = try makeEngine(model) {
      $0.batchUnitsMax = 1
      $0.batchCostMin = 0
    }
    let before = model.gate.entered
    let inputs = (0..<20).map { ModelInput.pair("query", "document \($0 % 4)") }
    let slots = try await engine.slots(.score(ScoreOptions(raw: true)), inputs)
    #expect(slots.count == 20)
    #expect(model.gate.entered - before == 5)
  }

  @Test("tokenising gives ids and spellings and does not refuse for length")
  func tokenize() async throws {
    let engine = try makeEngine()
    let long = String(repeating: "x", count: 40)
    let slots = try await engine.slots(.tokenize(prompt: .none), [.text("a"), .text(long)])
    #expect(slots[0].value == .tokens(ids: [1, 97, 2], spellings: [[1], [97], [2]]))
    #expect(slots[1].tokens == 42)
    let cut = try await engine.slots(
      .tokenize(prompt: .none), [.text(long)], limit: InputLimit(truncation: .right))
    #expect(cut[0].tokens == 32)
    #expect(cut[0].truncated)
  }

  @Test("times add up")
  func timings() async throws {
    let engine = try makeEngine()
    let timings = await engine.answer(.embed(EmbedOptions()), [.text("a")]).timings
    #expect(timings.total > 0)
    #expect(timings.compute > 0)
    #expect(timings.total >= timings.queue + timings.compute)
  }
}
