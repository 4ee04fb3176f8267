import JSON
import Testing
import Tokenization

@Suite("texts that are refused")
struct RefusalTests {
  @Test(
    "invalid UTF-8 is refused at its first byte, wherever it stands",
    arguments: [
      [0x80], [0xFF], [0xC0, 0x80], [0xC2], [0xC2, 0x20], [0xE0, 0x9F, 0x80], [0xED, 0xA0, 0x80],
      [0xE2, 0x82], [0xF0, 0x8F, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF0, 0x9F, 0x98],
      [0xF5, 0x80, 0x80, 0x80],
    ] as [[UInt8]])
  func invalidUTF8(bad: [UInt8]) throws {
    let tokenizer = try TinyTokenizer().read()
    for before in [0, 1, 7, 8, 31, 32, 33, 63, 64, 1000, 1_000_000] {
      let good = [UInt8](repeating: UInt8(ascii: "a"), count: before)
      for after in ["", "b", "é, and more than thirty-two bytes behind it"] {
        let text = good + bad + Array(after.utf8)
        let error = #expect(throws: TokenizationError.self) {
          try tokenizer.encode(text, limit: .init(maxTokens: 8, truncation: .right))
        }
        #expect(error?.code == .invalidUTF8(offset: before))
        #expect(error?.message == "the text is not valid UTF-8 at byte \(before)")
      }
    }
  }

  @Test("every valid length of sequence is taken, NUL included")
  func validUTF8() throws {
    let tokenizer = try TinyTokenizer().read()
    for text in ["a\u{0}b", "a\u{7FF}b", "\u{800}", "\u{FFFF}", "\u{10000}", "\u{10FFFF}"] {
      for before in 0..<40 {
        let padded = [UInt8](repeating: 0x20, count: before) + Array(text.utf8)
        #expect(throws: Never.self) { try tokenizer.encode(padded, limit: .none) }
      }
    }
    #expect(try tokenizer.encode([0x61, 0, 0x20, 0, 0x62], limit: .none).ids == [1, 3, 4, 2])
  }

  @Test("a bad text of a pair is named")
  func invalidPair() throws {
    let tokenizer = try TinyTokenizer().read()
    let limit = Tokenizer.Limit.none
    #expect(
      message { try tokenizer.encode(query: [0x61, 0xFF], document: [], limit: limit) }
        == "the query is not valid UTF-8 at byte 1")
    #expect(
      message { try tokenizer.encode(query: [], document: [0xFF], limit: limit) }
        == "the document is not valid UTF-8 at byte 0")
  }

  @Test("a text that keeps a regular expression of the tokenizer busy is refused, the next is not")
  func tooManySteps() throws {
    var file = TinyTokenizer()
    file.preTokenizer = TinyTokenizer.split("(?:a+)+b")
    let tokenizer = try file.read()
    var scratch = TokenizerScratch()
    let text = [UInt8](repeating: UInt8(ascii: "a"), count: 64) + Array("cb".utf8)
    #expect(
      message { try tokenizer.encode(text.span, limit: .none, scratch: &scratch) }
        == "a regular expression of the tokenizer needs too many steps for this text")
    let next = Array("a".utf8)
    #expect(
      try tokenizer.encode(next.span, limit: .none, scratch: &scratch).ids
        == tokenizer.encode(next, limit: .none).ids)
  }

  @Test(
    "where every match looks at all that follows, the work for a text is bounded",
    arguments: [(3_000, true), (4_000_000, false)])
  func tooManyBytes(digitCount: Int, isTaken: Bool) throws {
    var file = TinyTokenizer()
    file.preTokenizer = TinyTokenizer.split("[0-9]{1,3}(?=(?:[0-9]{3})*(?![0-9]))")
    let tokenizer = try file.read()
    let text = [UInt8](repeating: UInt8(ascii: "7"), count: digitCount)
    let duration = ContinuousClock().measure {
      let found = message { try tokenizer.encode(text, limit: .none) }
      let refusal = "a regular expression of the tokenizer needs too many steps for this text"
      #expect(found == (isTaken ? "no error" : refusal))
    }
    #expect(duration < .seconds(30))
  }

  @Test("a single text is too long where only the second of a pair may be cut")
  func onlySecond() throws {
    let tokenizer = try TinyTokenizer().read()
    let limit = Tokenizer.Limit(maxTokens: 4, truncation: .right, strategy: .onlySecond)
    #expect(
      message { try tokenizer.encode(words(9), limit: limit) }
        == "only the second text may be cut, and there is none")
  }

  @Test(
    "too many tokens without truncation are counted to the end", arguments: [7, 8, 500, 200_000])
  func tooLong(wordCount: Int) throws {
    let tokenizer = try TinyTokenizer().read()
    let limit = Tokenizer.Limit(maxTokens: 8, truncation: .off)
    let error = #expect(throws: TokenizationError.self) {
      try tokenizer.encode(words(wordCount), limit: limit)
    }
    #expect(error?.code == .tooLong(tokens: wordCount + 2, limit: 8))
    #expect(
      error?.message
        == "the input has \(wordCount + 2) tokens, the limit is 8 and truncation is off")
    let pairError = #expect(throws: TokenizationError.self) {
      try tokenizer.encode(query: words(3), document: words(wordCount), limit: limit)
    }
    #expect(pairError?.code == .tooLong(tokens: wordCount + 6, limit: 8))
  }

  @Test("as many tokens as the limit are not too many")
  func justFits() throws {
    let tokenizer = try TinyTokenizer().read()
    let limit = Tokenizer.Limit(maxTokens: 8, truncation: .off)
    #expect(try tokenizer.encode(words(6), limit: limit).ids.count == 8)
    #expect(try tokenizer.encode(query: words(2), document: words(3), limit: limit).ids.count == 8)
  }

  @Test("a limit below the special tokens is refused", arguments: [1, 0, -5, .min])
  func limitTooSmall(limit: Int) throws {
    let tokenizer = try TinyTokenizer().read()
    for truncation in [Tokenizer.Truncation.off, .left, .right] {
      let limit = Tokenizer.Limit(maxTokens: limit, truncation: truncation)
      #expect(
        message { try tokenizer.encode(words(1), limit: limit) }
          == "a limit of \(limit.maxTokens) tokens is too small for any input: the least is 2")
      #expect(
        message { try tokenizer.encode(query: [], document: [], limit: limit) }
          == "a limit of \(limit.maxTokens) tokens is too small for any input: the least is 3")
    }
  }

  @Test("an empty text is refused only where there are no special tokens")
  func noTokens() throws {
    var file = TinyTokenizer()
    #expect(try file.read().encode([], limit: .none).ids == [1, 2])
    file.postProcessor = "null"
    let tokenizer = try file.read()
    #expect(message { try tokenizer.encode([], limit: .none) } == "the input gives no token")
    #expect(
      message { try tokenizer.encode(Array(" \n\u{0}".utf8), limit: .none) }
        == "the input gives no token")
    #expect(
      message { try tokenizer.encode(words(1), limit: .init(maxTokens: 0, truncation: .left)) }
        == "a limit of 0 tokens is too small for any input: the least is 1")
    #expect(try tokenizer.encode(query: [], document: words(1), limit: .none).segmentStart == 0)
  }

  private func message(_ encode: () throws -> Encoding) -> String {
    do {
      _ = try encode()
      return "no error"
    } catch {
      return "\(error)"
    }
  }
}
