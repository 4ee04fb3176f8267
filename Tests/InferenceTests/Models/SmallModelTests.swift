import Inference
import JSON
import Testing

@Suite("Small classifier and cross-encoder through the engine", .timeLimit(.minutes(1)))
struct SmallModelTests {
  /// The largest difference of a logit or score to transformers in fp32.
  private static let tolerance: Float = 1e-4

  /// The limit of an expected answer: the model's, or the one it was cut to.
  private func limit(_ line: JSON) -> InputLimit {
    InputLimit(maxTokens: line["max"]?.int, truncation: .right)
  }

  private func floats(_ json: JSON?) -> [Float] {
    (json.map { Array($0.elements) } ?? []).compactMap { $0.double.map { Float($0) } }
  }

  private func difference(_ first: [Float], _ second: [Float]) -> Float {
    guard first.count == second.count else { return .infinity }
    return zip(first, second).reduce(0) { max($0, abs($1.0 - $1.1)) }
  }

  @Test("probabilities, logits, labels and token counts of the classifier are those expected")
  func classifier() async throws {
    let engine = try makeEngine(directory: Fixtures.small("debian-sections"), threads: 2)
    #expect(engine.info.model.labels.count == 20)
    for line in try Fixtures.lines("models/debian-sections.expected.jsonl") {
      let input = ModelInput.text(try #require(line["text"]?.stringBytes))
      let activated = try await engine.slots(.classify(raw: false), [input], limit: limit(line))
      let raw = try await engine.slots(.classify(raw: true), [input], limit: limit(line))
      guard case .probabilities(let probabilities, let label) = activated[0].value else {
        throw UnexpectedResult(result: activated[0])
      }
      guard case .logits(let logits, let rawLabel) = raw[0].value else {
        throw UnexpectedResult(result: raw[0])
      }
      let expected = floats(line["logits"])
      #expect(difference(Array(logits), expected) <= Self.tolerance)
      #expect(difference(Array(probabilities), floats(line["probabilities"])) <= Self.tolerance)
      #expect(label == expected.indices.max { expected[$0] < expected[$1] })
      #expect(rawLabel == label)
      #expect(activated[0].tokens == line["ids"]?.count)
    }
  }

  @Test("scores and logits of the cross-encoder are those expected")
  func crossEncoder() async throws {
    let engine = try makeEngine(directory: Fixtures.small("debian-reranker"), threads: 2)
    for line in try Fixtures.lines("models/debian-reranker.expected.jsonl") {
      let pair = ModelInput.pair(
        query: try #require(line["query"]?.stringBytes),
        document: try #require(line["document"]?.stringBytes))
      let activated = try await engine.slots(
        .score(ScoreOptions()), [pair], limit: limit(line))
      let raw = try await engine.slots(
        .score(ScoreOptions(raw: true)), [pair], limit: limit(line))
      let score = try #require(activated[0].score)
      let logit = try #require(raw[0].score)
      #expect(abs(score - Float(try #require(line["score"]?.double))) <= Self.tolerance)
      #expect(abs(logit - Float(try #require(line["logit"]?.double))) <= Self.tolerance)
      #expect(activated[0].tokens == line["ids"]?.count)
    }
  }

  @Test("a classifier with many labels refuses Embed and Score, and says why")
  func refusals() async throws {
    let engine = try makeEngine(directory: Fixtures.small("debian-sections"))
    let embed = await engine.failure(.embed(EmbedOptions()), [.text("a")])
    #expect(embed?.code == .failedPrecondition)
    #expect(embed?.message == "model model is a classifier with 20 labels: it has no embeddings")
    let score = await engine.failure(.score(ScoreOptions()), [.pair("a", "b")])
    #expect(score?.code == .failedPrecondition)
    #expect(score?.message.hasPrefix("model model cannot score: ") == true)
    #expect(score?.message.contains("20") == true)
  }

  @Test("a cross-encoder also classifies, and a pair can be classified")
  func pairs() async throws {
    let engine = try makeEngine(directory: Fixtures.small("debian-reranker"))
    let pair = ModelInput.pair("a mail reader", "Reads mail in a terminal.")
    let label = try await engine.slots(.classify(raw: false), [pair])
    let score = try await engine.slots(.score(ScoreOptions()), [pair])
    #expect(label[0].value == .probabilities([try #require(score[0].score)], label: 0))
  }
}
