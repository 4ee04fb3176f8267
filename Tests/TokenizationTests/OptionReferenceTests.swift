import JSON
import Testing
import Tokenization

/// Tiny tokenizers of every supported component and flag against what the library recorded
/// (Tests/FixtureMakers/make_added_token_reference.py).
@Suite("added tokens and options work as in the tokenizers library")
struct OptionReferenceTests {
  @Test(
    "added tokens with every flag are found where the library finds them",
    arguments: [
      "special", "special-normalized", "lstrip", "rstrip", "both-strips", "single-word",
      "single-word-strips", "normalized", "normalized-strips", "mixed", "longest",
      "longest-normalized", "spaces", "punctuated-whole", "raw", "raw-whole", "new-and-known",
      "not-ascii", "cased",
    ])
  func addedTokens(name: String) throws {
    let fixture = try JSON.parse(Fixture.bytes("Tests/Fixtures/added-tokens/\(name).json"))
    try compare(fixture, least: 200)
  }

  @Test(
    "normalizer, pre-tokenizer, model and post-processor options give the library's ids",
    arguments: [
      "bert", "cased", "cased-stripped", "lower-accents", "unclean", "no-chinese", "nothing",
      "sequence", "empty-sequence", "whole", "short-words", "no-words", "no-prefix",
      "other-prefix", "bert-processing", "template", "template-several-ids", "template-swapped",
      "template-one-type",
    ])
  func options(name: String) throws {
    let fixture = try JSON.parse(Fixture.bytes("Tests/Fixtures/tokenizer-options/\(name).json"))
    try compare(fixture, least: 200)
  }

  private func compare(_ fixture: JSON, least: Int) throws {
    let tokenizer = try Tokenizer(
      #require(fixture["tokenizer"]), fileName: "tokenizer.json")
    var comparison = Comparison()
    for recorded in try #require(fixture["cases"]).elements {
      let text = try recorded.text("text")
      comparison.check(
        try ids { try tokenizer.encode(text, limit: .none) }, recorded["ids"]?.ids,
        readable(text))
    }
    for recorded in try #require(fixture["pairs"]).elements {
      let query = try recorded.text("query")
      let document = try recorded.text("document")
      let label = "\(readable(query)) and \(readable(document))"
      let typeIDs = try #require(recorded["typeIds"]).ids
      comparison.check(
        try ids {
          let encoding = try tokenizer.encode(query: query, document: document, limit: .none)
          comparison.check(encoding.typeIDs, typeIDs, label)
          return encoding
        }, recorded["ids"]?.ids, label)
    }
    comparison.expectNone(least: least)
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
