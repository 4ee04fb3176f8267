import Foundation
import Inference
import Testing

/// Calls for outputs that a model does not give, or cannot give for an input.
@Suite("Refusals of token and sparse outputs", .timeLimit(.minutes(1)))
struct OutputRefusalTests {
  private func engine(_ name: String) throws -> Engine {
    try makeEngine(directory: OutputFixture(name: name).path)
  }

  @Test("an output that the model does not give is refused with those that it gives")
  func notServed() async throws {
    let plain = try engine("vectors-of-tokens")
    let sparse = await plain.failure(.embed(EmbedOptions(output: .sparse)), [.text("a")])
    #expect(sparse?.code == .failedPrecondition)
    #expect(
      sparse?.message
        == "model model gives vector and token output: sparse output is not served by this model")
    let colbert = try engine("colbert-stanford")
    let vector = await colbert.failure(.embed(EmbedOptions(output: .vector)), [.text("a")])
    #expect(
      vector?.message
        == "model model gives token output: vector output is not served by this model")
    let labels = try engine("tokens-bert")
    let embed = await labels.failure(.embed(EmbedOptions(output: .tokens)), [.text("a")])
    #expect(embed?.message == "model model is a classifier with 5 labels: it has no embeddings")
    let score = await labels.failure(.score(ScoreOptions()), [.pair("a", "b")])
    #expect(
      score?.message
        == "model model cannot score: the model classifies tokens, and a score compares a query with "
        + "a document")
    let classify = await colbert.failure(.classify(raw: false), [.text("a")])
    #expect(classify?.code == .failedPrecondition)
  }

  @Test("sparse output takes neither dimensions nor a length")
  func sparseShape() async throws {
    let splade = try engine("splade-bert")
    let cut = await splade.failure(.embed(EmbedOptions(dimensions: 3)), [.text("a")])
    #expect(cut?.code == .invalidArgument)
    #expect(cut?.message == "model model: sparse output cannot be cut to dimensions")
    let normal = await splade.failure(.embed(EmbedOptions(normalize: true)), [.text("a")])
    #expect(normal?.message == "model model: sparse output cannot be normalised")
  }

  @Test("a query over its length is refused with both numbers, and a document has more room")
  func roleLengths() async throws {
    let colbert = try engine("colbert-stanford")
    let words = "the river and the old stone and the green tree and the boat and a sea is s"
    let long = Array(words.utf8)
    let slots = try await colbert.slots(
      .score(ScoreOptions()), [.pair(query: long, document: long), .pair("the sea", "the river")])
    #expect(slots[0].error?.reason == .tooLong)
    #expect(
      slots[0].error?.message
        == "query: the query has 21 tokens with its marker, the limit is 20 and truncation is off")
    #expect(slots[1].score != nil)
    let document = try await colbert.slots(.embed(EmbedOptions()), [.text(long)])
    #expect(document[0].tokens == 21)
  }

  @Test("a model that marks its texts takes no prompt for a pair, and an empty one for a text")
  func prompts() async throws {
    let colbert = try engine("colbert-stanford")
    let error = await colbert.failure(
      .score(ScoreOptions(prompt: .named(Array("query".utf8)))), [.pair("a", "b")])
    #expect(
      error?.message
        == "model model marks queries and documents itself: its pairs take no prompt")
    let plain = try await colbert.slots(.embed(EmbedOptions(prompt: .none)), [.text("the sea")])
    let marked = try await colbert.slots(.embed(EmbedOptions()), [.text("the sea")])
    #expect(plain[0].tokens == 4)
    #expect(marked[0].tokens == 5)
  }

  @Test("an input without a step is refused, naming the token")
  func noStep() async throws {
    let reward = try engine("process-reward")
    let slots = try await reward.slots(
      .classify(raw: false), [.text("the river"), .text("the sea<extra_0>")])
    #expect(slots[0].error?.code == .invalidArgument)
    #expect(
      slots[0].error?.message
        == "the input has no step token “<extra_0>”: the model judges the steps that it ends")
    #expect(slots[1].value.rows?.count == 1)
  }

  @Test("dimensions cut the vectors of tokens before they are normalised")
  func dimensions() async throws {
    let colbert = try engine("colbert-stanford")
    let slots = try await colbert.slots(
      .embed(EmbedOptions(dimensions: 5)), [.text("the sea"), .text("a")])
    for slot in slots {
      guard let rows = slot.value.rows else { throw UnexpectedResult(result: slot) }
      #expect(rows.numbers.count == rows.count * 5)
      for row in 0..<rows.count {
        let norm = rows.numbers[row * 5..<row * 5 + 5].reduce(0) { $0 + $1 * $1 }
        #expect(abs(norm - 1) < 1e-5)
      }
    }
  }

  @Test("a call whose token rows would not fit is refused before it is computed")
  func room() async throws {
    let engine = try makeEngine(directory: OutputFixture(name: "colbert-stanford").path) {
      $0.callBytesMax = 20_000
    }
    let error = await engine.failure(
      .embed(EmbedOptions(prompt: .named(Array("query".utf8)))),
      Array(repeating: .text("a"), count: 20))
    #expect(error?.reason == .callTooLarge)
    // 20 queries of 20 tokens of 12 floats, their texts, and 128 bytes around each.
    #expect(error?.message.contains("needs \(20 * (20 * 12 * 4 + 1 + 128)) bytes") == true)
  }

  @Test("an id of the tokenizer that has no embedding stops the start, wherever it stands")
  func idsBeyond() throws {
    let files = FileManager.default
    let copy = files.temporaryDirectory.appendingPathComponent("millpond-\(UUID().uuidString)")
    try files.copyItem(
      at: Fixtures.folder.appendingPathComponent("outputs/splade-bert"), to: copy)
    defer { try? files.removeItem(at: copy) }
    let tokenizer = copy.appendingPathComponent("tokenizer.json")
    let text = try String(contentsOf: tokenizer, encoding: .utf8)
    let changed = text.replacingOccurrences(
      of: #""vocab": {"#, with: #""vocab": {"farbeyond": 1000000, "#)
    try #require(changed != text)
    try Data(changed.utf8).write(to: tokenizer)
    let error = #expect(throws: EngineError.self) { try makeEngine(directory: copy.path) }
    #expect(error?.message.contains("token id 1000000 has no embedding") == true)
  }
}
