import JSON
import Testing
import Tokenization

/// The default model's tokenizer against ids that the `tokenizers` library recorded.
@Suite("WordPiece ids equal the tokenizers library's")
struct WordPieceReferenceTests {
  @Test("every recorded line has the same ids, with one scratch for all")
  func lines() throws {
    let tokenizer = try Fixture.miniLM()
    let lines = try Fixture.jsonLines("Tests/Fixtures/wordpiece/lines.jsonl")
    let expected = try Fixture.jsonLines("Tests/Fixtures/wordpiece/ids.jsonl")
    try #require(lines.count == expected.count)
    var scratch = TokenizerScratch()
    var comparison = Comparison()
    for (index, (line, ids)) in zip(lines, expected).enumerated() {
      let text = try #require(line.stringBytes)
      let encoding = try tokenizer.encode(text.span, limit: .none, scratch: &scratch)
      comparison.check(encoding.ids, ids.ids, "line \(index + 1): \(readable(text))")
      #expect(encoding.tokenCount == encoding.ids.count)
      #expect(encoding.complete && !encoding.truncated)
      #expect(encoding.segmentStart == encoding.ids.count)
    }
    comparison.expectNone(least: 12_000)
  }

  @Test("every recorded pair has the same ids and type ids")
  func pairs() throws {
    let tokenizer = try Fixture.miniLM()
    var comparison = Comparison()
    for (index, pair) in try Fixture.jsonLines("Tests/Fixtures/wordpiece/pairs.jsonl").enumerated()
    {
      let query = try pair.text("query")
      let document = try pair.text("document")
      let encoding = try tokenizer.encode(
        query: query, document: document, limit: limit(pair))
      let label = "pair \(index + 1), \(pair["side"]?.string ?? "") to \(pair["max"]?.int ?? 0)"
      comparison.check(encoding.ids, try #require(pair["ids"]).ids, label)
      comparison.check(encoding.typeIDs, try #require(pair["typeIds"]).ids, label)
    }
    comparison.expectNone(least: 400)
  }

  @Test("every recorded truncated text has the same ids")
  func truncated() throws {
    let tokenizer = try Fixture.miniLM()
    var comparison = Comparison()
    let cases = try Fixture.jsonLines("Tests/Fixtures/wordpiece/truncated.jsonl")
    for (index, truncated) in cases.enumerated() {
      let text = try truncated.text("text")
      let encoding = try tokenizer.encode(text, limit: limit(truncated))
      comparison.check(
        encoding.ids, try #require(truncated["ids"]).ids, "text \(index + 1): \(readable(text))")
    }
    comparison.expectNone(least: 200)
  }

  @Test("threads that share a tokenizer get the same ids as one thread")
  func threads() async throws {
    let tokenizer = try Fixture.miniLM()
    let lines = try Fixture.jsonLines("Tests/Fixtures/wordpiece/lines.jsonl").prefix(2000)
      .compactMap(\.stringBytes)
    let expected = try lines.map { try tokenizer.encode($0, limit: .none) }
    try await withThrowingTaskGroup(of: [Encoding].self) { group in
      for _ in 0..<4 {
        group.addTask {
          var scratch = TokenizerScratch()
          return try lines.map {
            try tokenizer.encode($0.span, limit: .none, scratch: &scratch)
          }
        }
      }
      for try await encodings in group { #expect(encodings == expected) }
    }
  }

  private func limit(_ recorded: JSON) throws -> Tokenizer.Limit {
    Tokenizer.Limit(
      maxTokens: try recorded.number("max"),
      truncation: recorded["side"]?.string == "left" ? .left : .right)
  }
}
