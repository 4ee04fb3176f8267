import Glibc
import JSON
import Testing
import Tokenization

/// Small tokenizers of every kind, and every normalizer and pre-tokenizer on its own, against what
/// the library recorded (Tests/FixtureMakers/make_tokenizer_reference.py).
@Suite("all kinds of tokenizers give the ids of the tokenizers library")
struct TokenizerReferenceTests {
  @Test("the list of recorded tokenizers is there, and there are enough lines")
  func isComplete() throws {
    #expect(Recorded.names.count >= 70)
    #expect(Recorded.generated.count + Recorded.real.count >= 20_000)
  }

  @Test("the generated lines are those that the library saw")
  func generatedLines() throws {
    let text = try Fixture.bytes("\(Recorded.folder)/lines.hash")
    let hash = Recorded.hash(Recorded.generated.joined(separator: [0]))
    #expect(String(decoding: text, as: UTF8.self) == "\(hash)\n")
  }

  @Test("every line has the same ids", arguments: Recorded.names)
  func lines(name: String) throws {
    let tokenizer = try Recorded.tokenizer(name)
    let hashes = try Recorded.hashes("\(Recorded.folder)/\(name).hashes")
    try compare(tokenizer, Recorded.lines(of: name), hashes)
  }

  @Test("samples have the same ids", arguments: Recorded.kinds)
  func samples(name: String) throws {
    let tokenizer = try Recorded.tokenizer(name)
    var comparison = Comparison()
    for sample in try #require(Recorded.fixture(name)["samples"]).elements {
      let text = try sample.text("text")
      comparison.check(
        try ids { try tokenizer.encode(text, limit: .none) }, sample["ids"]?.ids, readable(text))
    }
    comparison.expectNone(least: 5)
  }

  @Test("pairs have the same ids and type ids", arguments: Recorded.kinds)
  func pairs(name: String) throws {
    let tokenizer = try Recorded.tokenizer(name)
    var comparison = Comparison()
    for pair in try #require(Recorded.fixture(name)["pairs"]).elements {
      let (query, document) = (try pair.text("query"), try pair.text("document"))
      let label = "\(readable(query)) and \(readable(document))"
      let typeIDs = try #require(pair["typeIds"]).ids
      let found = try ids {
        let encoding = try tokenizer.encode(query: query, document: document, limit: .none)
        comparison.check(encoding.typeIDs, typeIDs, label)
        return encoding
      }
      comparison.check(found, pair["ids"]?.ids, label)
    }
    comparison.expectNone(least: 5)
  }

  @Test("pairs cut by every strategy have the same ids", arguments: Recorded.kinds)
  func cut(name: String) throws {
    let tokenizer = try Recorded.tokenizer(name)
    var comparison = Comparison()
    for cut in try #require(Recorded.fixture(name)["cut"]).elements {
      let limit = try limit(cut)
      let (query, document) = (try cut.text("query"), try cut.text("document"))
      let found = try? ids {
        try tokenizer.encode(query: query, document: document, limit: limit)
      }
      let expected = cut["ids"].flatMap { $0.isNull ? nil : $0.ids }
      comparison.check(
        found, expected,
        "\(limit.strategy), \(limit.truncation) to \(limit.maxTokens): "
          + "\(readable(query)) and \(readable(document))")
    }
    comparison.expectNone(least: 20)
  }

  @Test("a larger run, where one was made, has the same ids", arguments: Recorded.names)
  func largerRun(name: String) throws {
    guard let path = getenv("MILLPOND_TOKENIZER_REFERENCE") else { return }
    let folder = String(cString: path)
    let lines = try Fixture.jsonLines("\(folder)/lines.jsonl", root: "").map {
      try #require($0.stringBytes)
    }
    let hashes = try Recorded.hashes("\(folder)/\(name).hashes", root: "")
    try compare(Recorded.tokenizer(name), lines, hashes)
  }

  private func compare(
    _ tokenizer: Tokenizer, _ lines: [[UInt8]], _ hashes: [UInt16]
  ) throws {
    try #require(lines.count == hashes.count)
    var scratch = TokenizerScratch()
    var comparison = Comparison()
    for (index, line) in lines.enumerated() {
      let found = try ids { try tokenizer.encode(line.span, limit: .none, scratch: &scratch) }
      let hash = UInt16(truncatingIfNeeded: Recorded.hash(ids: found))
      comparison.check(
        hash, hashes[index], "line \(index + 1): \(readable(line)), got \(found)")
    }
    comparison.expectNone(least: 10_000)
  }

  private func limit(_ cut: JSON) throws -> Tokenizer.Limit {
    let strategies: [String: Tokenizer.Strategy] = [
      "longest_first": .longestFirst, "only_first": .onlyFirst, "only_second": .onlySecond,
    ]
    return Tokenizer.Limit(
      maxTokens: try cut.number("max"),
      truncation: cut["side"]?.string == "left" ? .left : .right,
      strategy: try #require(strategies[cut["strategy"]?.string ?? ""]))
  }

  /// The ids, none where the input is refused because it gives none.
  private func ids(_ encode: () throws -> Encoding) throws -> [Int32] {
    do {
      return try encode().ids
    } catch let error as TokenizationError where error.code == .noTokens {
      return []
    }
  }
}
