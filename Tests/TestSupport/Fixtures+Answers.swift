package import JSON

/// What sentence-transformers answers for the texts of `Tests/Fixtures/minilm`.
package struct EmbeddingReference: Sendable {
  /// The texts in UTF-8.
  package var texts: [[UInt8]]
  /// Of each text: 384 components.
  package var vectors: [[Float]]
  /// Of each text, cut on the right at 256, special tokens included.
  package var tokenCounts: [Int]
  /// Of each text as it is.
  package var uncutTokenCounts: [Int]

  /// Reads it.
  package static func load() throws -> EmbeddingReference {
    let about = try JSON.parse(Fixtures.bytes("minilm/reference.json"))
    let texts = try Fixtures.lines("minilm/texts.jsonl").compactMap(\.stringBytes)
    let numbers = try Fixtures.floats("minilm/vectors.f32")
    guard let width = about["dimensions"]?.int, numbers.count == width * texts.count,
      let tokens = about["tokens"], let uncut = about["uncutTokens"]
    else { throw TestFailure("Tests/Fixtures/minilm contradicts itself") }
    return EmbeddingReference(
      texts: texts,
      vectors: texts.indices.map { Array(numbers[$0 * width..<($0 + 1) * width]) },
      tokenCounts: tokens.elements.compactMap(\.int),
      uncutTokenCounts: uncut.elements.compactMap(\.int))
  }
}

/// One line of `Tests/Fixtures/models/debian-sections.expected.jsonl`.
package struct ClassificationReference: Sendable {
  package var text: [UInt8]
  /// Cut on the right at this many tokens, or not cut.
  package var maxTokens: Int?
  package var tokenCount: Int
  package var logits: [Float]
  package var probabilities: [Float]

  /// Reads all lines.
  package static func load() throws -> [ClassificationReference] {
    try Fixtures.lines("models/debian-sections.expected.jsonl").map { line in
      guard let text = line["text"]?.stringBytes, let ids = line["ids"] else {
        throw TestFailure("a line of debian-sections.expected.jsonl has no text or ids")
      }
      return ClassificationReference(
        text: text, maxTokens: line["max"]?.int, tokenCount: ids.count,
        logits: line.floats("logits"), probabilities: line.floats("probabilities"))
    }
  }
}

/// One line of `Tests/Fixtures/models/debian-reranker.expected.jsonl`.
package struct ScoreReference: Sendable {
  package var query: [UInt8]
  package var document: [UInt8]
  /// Cut longest-first at this many tokens, or not cut.
  package var maxTokens: Int?
  package var tokenCount: Int
  package var logit: Float
  package var score: Float

  /// Reads all lines.
  package static func load() throws -> [ScoreReference] {
    try Fixtures.lines("models/debian-reranker.expected.jsonl").map { line in
      guard let query = line["query"]?.stringBytes, let document = line["document"]?.stringBytes,
        let ids = line["ids"], let logit = line["logit"]?.double,
        let score = line["score"]?.double
      else { throw TestFailure("a line of debian-reranker.expected.jsonl lacks a member") }
      return ScoreReference(
        query: query, document: document, maxTokens: line["max"]?.int, tokenCount: ids.count,
        logit: Float(logit), score: Float(score))
    }
  }
}

extension JSON {
  /// The numbers of a member that is an array of them; empty where it is none.
  package func floats(_ key: String) -> [Float] {
    self[key]?.elements.compactMap { $0.double.map { Float($0) } } ?? []
  }
}
