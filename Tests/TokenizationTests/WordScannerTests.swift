import JSON
import Testing
import Tokenization

/// The hand-written scanners against the regular expressions that they stand for, on all lines.
@Suite("the scanners for known patterns cut words as the regular expressions do")
struct WordScannerTests {
  private static let gpt2 =
    #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
  private static let contractions = [
    #"(?i:'s|'t|'re|'ve|'m|'ll|'d)"#, #"'(?i:[sdmt]|ll|ve|re)"#,
  ]
  private static let digits = [#"\p{N}"#, #"\p{N}{1,2}"#, #"\p{N}{1,3}"#]
  static let patterns =
    [gpt2]
    + contractions.flatMap { contraction in
      digits.map { digits in
        contraction + #"|[^\r\n\p{L}\p{N}]?\p{L}+|"# + digits
          + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
      }
    }

  @Test("every line is cut alike", arguments: patterns)
  func lines(pattern: String) throws {
    let scanned = try tokenizer(pattern)
    // In a group the pattern is none that has a scanner.
    let matched = try tokenizer("(?:\(pattern))")
    var scratch = TokenizerScratch()
    var other = TokenizerScratch()
    var comparison = Comparison()
    for line in GeneratedLines.codePoints + GeneratedLines.adversarial where !line.isEmpty {
      let expected = try matched.encode(line.span, limit: .none, scratch: &other).ids
      let found = try scanned.encode(line.span, limit: .none, scratch: &scratch).ids
      comparison.check(found, expected, readable(line))
    }
    comparison.expectNone(least: 8_000)
  }

  /// Spells every byte, and marks all but a word's first character, so that ids show the words.
  private func tokenizer(_ pattern: String) throws -> Tokenizer {
    var writer = JSONWriter()
    writer.string(pattern)
    let spelled = String(decoding: writer.bytes, as: UTF8.self)
    let vocabulary = (0..<256).map { byte in
      let digits = String(byte, radix: 16, uppercase: true)
      return "\"<0x\(byte < 16 ? "0" : "")\(digits)>\":\(byte)"
    }.joined(separator: ",")
    let file = """
      {"pre_tokenizer":{"type":"Split","pattern":{"Regex":\(spelled)},"behavior":"Isolated",\
      "invert":false},"model":{"type":"BPE","continuing_subword_prefix":"##",\
      "byte_fallback":true,"vocab":{\(vocabulary)},"merges":[]}}
      """
    return try Tokenizer(JSON.parse(Array(file.utf8)), fileName: "tokenizer.json")
  }
}
