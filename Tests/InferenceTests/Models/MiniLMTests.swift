import Inference
import JSON
import Testing

@Suite("MiniLM through the engine", .timeLimit(.minutes(2)))
struct MiniLMTests {
  /// The largest difference of a component to sentence-transformers in fp32: about ten times the
  /// rounding of its own batches.
  private static let tolerance: Float = 2e-6

  private func texts() throws -> [[UInt8]] {
    try Fixtures.lines("minilm/texts.jsonl").map { try #require($0.stringBytes) }
  }

  /// How far apart two lists of vectors are at most; infinite where their shapes differ.
  private func difference(_ first: [[Float]], _ second: [[Float]]) -> Float {
    guard first.map(\.count) == second.map(\.count) else { return .infinity }
    return zip(first.joined(), second.joined()).reduce(0) { max($0, abs($1.0 - $1.1)) }
  }

  @Test("vectors and token counts are those of sentence-transformers")
  func parity() async throws {
    let engine = try makeEngine(directory: Fixtures.miniLM())
    let texts = try texts()
    let flat = try Fixtures.floats("minilm/vectors.f32")
    let expected = texts.indices.map { Array(flat[$0 * 384..<($0 + 1) * 384]) }
    let slots = try await engine.slots(
      .embed(EmbedOptions()), texts.map { .text($0) }, limit: InputLimit(truncation: .right))
    let vectors = try slots.map { slot in
      guard case .vector(let vector) = slot.value else { throw UnexpectedResult(result: slot) }
      return Array(vector)
    }
    #expect(difference(vectors, expected) <= Self.tolerance)
    #expect(engine.info.model.maxTokens == 256)
    #expect(engine.info.model.width == 384)
    #expect(slots.allSatisfy { $0.tokens <= 256 })
    #expect(slots.contains { $0.truncated })
  }

  @Test(
    "a text has the same bits alone, among others, in another order and on any number of threads",
    arguments: [1, 2, 3])
  func sameBits(threads: Int) async throws {
    let engine = try makeEngine(directory: Fixtures.miniLM(), threads: threads)
    let few = Array(try texts().prefix(60))
    let limit = InputLimit(truncation: .right)
    var alone: [[Float]] = []
    for text in few.prefix(12) {
      alone += try await engine.vectors([text], limit: limit)
    }
    let together = try await engine.vectors(few, limit: limit)
    let reversed = try await engine.vectors(few.reversed(), limit: limit)
    // The reference is one thread of another engine.
    let other = try await makeEngine(directory: Fixtures.miniLM())
      .vectors(few, limit: limit)
    let allowed: Float = 0
    #expect(difference(alone, Array(together.prefix(12))) <= allowed)
    #expect(difference(reversed.reversed(), together) <= allowed)
    #expect(difference(other, together) <= allowed)
  }

  @Test("an over-long text is refused with its token count and the limit when truncation is off")
  func tooLong() async throws {
    let engine = try makeEngine(directory: Fixtures.miniLM())
    let long = String(repeating: "word ", count: 300)
    let slots = try await engine.slots(.embed(EmbedOptions()), [.text(long), .text("short")])
    #expect(slots[0].error?.code == .invalidArgument)
    #expect(slots[0].error?.reason == .tooLong)
    #expect(
      slots[0].error?.message
        == "the input has 302 tokens, the limit is 256 and truncation is off")
    #expect(slots[1].error == nil)
    #expect(slots[1].tokens == 3)
  }

  @Test("a megabyte of text is cut on either side, and answered")
  func megabyte() async throws {
    let engine = try makeEngine(directory: Fixtures.miniLM())
    let long = ModelInput.text(String(repeating: "word ", count: 200_000))
    for truncation in [InputTruncation.left, .right] {
      let slots = try await engine.slots(
        .embed(EmbedOptions()), [long], limit: InputLimit(maxTokens: 16, truncation: truncation))
      #expect(slots[0].tokens == 16)
      #expect(slots[0].truncated)
    }
  }

  @Test("texts that are not UTF-8 and ids that are not in the vocabulary fail their slots only")
  func badInputs() async throws {
    let engine = try makeEngine(directory: Fixtures.miniLM())
    let slots = try await engine.slots(
      .embed(EmbedOptions()),
      [
        .text([0x61, 0xFF]), .text([0x61, 0x00, 0x62]), .text(""), .ids([]), .ids([101, 30_522]),
        .ids([-1]), .ids(Array(repeating: 7, count: 257)), .ids([101, 2_023, 102]),
      ])
    #expect(slots[0].error?.code == .invalidArgument)
    #expect(slots[0].error?.reason == .invalidUTF8)
    #expect(slots[0].error?.message == "the text is not valid UTF-8 at byte 1")
    #expect(slots[1].error == nil)
    #expect(slots[2].tokens == 2)
    #expect(slots[3].error?.message == "the input has no token ids")
    #expect(
      slots[4].error?.message
        == "token id 30522 at position 1 is not in the vocabulary: ids are 0…30521")
    #expect(
      slots[5].error?.message
        == "token id -1 at position 0 is not in the vocabulary: ids are 0…30521")
    #expect(slots[6].error?.reason == .tooLong)
    #expect(slots[7].tokens == 3)
    let ids = ModelInput.ids(Array(repeating: 7, count: 257))
    let cut = try await engine.slots(
      .embed(EmbedOptions()), [ids], limit: InputLimit(truncation: .left))
    #expect(cut[0].truncated)
    #expect(cut[0].tokens == 256)
  }

  @Test("ids give the vector of the text that they come from")
  func ids() async throws {
    let engine = try makeEngine(directory: Fixtures.miniLM())
    let text = ModelInput.text("This is an example sentence.")
    let tokens = try await engine.slots(.tokenize(prompt: .none), [text])
    guard case .tokens(let ids, let spellings) = tokens[0].value else {
      throw UnexpectedResult(result: tokens[0])
    }
    #expect(spellings.first == Array("[CLS]".utf8))
    #expect(spellings.last == Array("[SEP]".utf8))
    let slots = try await engine.slots(.embed(EmbedOptions()), [text, .ids(ids)])
    guard case .vector(let ofText) = slots[0].value, case .vector(let ofIDs) = slots[1].value else {
      throw UnexpectedResult(result: slots[1])
    }
    let allowed: Float = 0
    #expect(difference([Array(ofText)], [Array(ofIDs)]) <= allowed)
  }

  @Test("a cosine is that of the two vectors, and a query scores 1 against itself")
  func cosine() async throws {
    let engine = try makeEngine(directory: Fixtures.miniLM())
    let query = "How do I reset my password?"
    let document = "To change your password, open the account page."
    let slots = try await engine.slots(
      .score(ScoreOptions()), [.pair(query, document), .pair(query, query)])
    let vectors = try await engine.vectors([Array(query.utf8), Array(document.utf8)])
    let expected = zip(vectors[0], vectors[1]).reduce(Float(0)) { $0 + $1.0 * $1.1 }
    #expect(abs(try #require(slots[0].score) - expected) < 1e-6)
    #expect(abs(try #require(slots[1].score) - 1) < 1e-6)
    #expect(slots[1].tokens == 18)
  }

  @Test("dimensions cut before normalising, and normalising can be switched off")
  func shapes() async throws {
    let engine = try makeEngine(directory: Fixtures.miniLM())
    let text = Array("A man is eating food.".utf8)
    let raw = try await engine.vectors([text], EmbedOptions(normalize: false))[0]
    let cut = try await engine.vectors([text], EmbedOptions(dimensions: 100))[0]
    let norm = raw.prefix(100).reduce(Float(0)) { $0 + $1 * $1 }.squareRoot()
    #expect(cut.count == 100)
    #expect(difference([raw.prefix(100).map { $0 / norm }], [cut]) < 1e-6)
  }

  @Test("a directory that is not there is a start-up error that names it")
  func missingDirectory() {
    let configuration = EngineConfiguration(modelDirectory: "/nowhere/model", name: "model")
    let error = #expect(throws: EngineError.self) { try Engine(configuration: configuration) }
    #expect(error?.code == .startUp)
    #expect(error?.message.contains("/nowhere/model") == true)
  }

  @Test("settings out of range are start-up errors that name them")
  func settings() throws {
    let directory = try Fixtures.miniLM()
    let cases: [(String, (inout EngineConfiguration) -> Void)] = [
      ("0 compute threads: it must be 1…1024", { $0.threadCount = 0 }),
      ("65 tokenising threads: it must be 0…64", { $0.tokenizerThreadCount = 65 }),
      (
        "batchTokensMax is 255: it must be at least the model's limit, 256, and at most 1048576",
        { $0.batchTokensMax = 255 }
      ),
      (
        "queuedBytesMax is 5: it must be at least callBytesMax, 67108864",
        { $0.queuedBytesMax = 5 }
      ),
      (
        "MILLPOND_ISA is \"avx9\"; it must be one of scalar, avx2, avx512, "
          + "avx512_vnni, avx512_bf16",
        { $0.instructionSet = "avx9" }
      ),
    ]
    for (message, change) in cases {
      let error = #expect(throws: EngineError.self) {
        _ = try makeEngine(directory: directory, threads: 1, change)
      }
      #expect(error == EngineError(.startUp, message))
    }
  }
}
