import JSON
import Testing
import Tokenization

@Suite("truncation")
struct TruncationTests {
  static let limits = [2, 3, 4, 7, 8, 63, 64, 300]

  @Test(
    "cut on the right is the beginning of the whole, cut on the left its end", arguments: limits)
  func single(limit: Int) throws {
    let tokenizer = try Fixture.miniLM()
    for text in try texts() {
      let whole = try tokenizer.encode(text, limit: .none)
      let content = whole.ids.dropFirst().dropLast()
      let right = try tokenizer.encode(text, limit: .init(maxTokens: limit, truncation: .right))
      let left = try tokenizer.encode(text, limit: .init(maxTokens: limit, truncation: .left))
      #expect(right.ids == [101] + content.prefix(limit - 2) + [102])
      #expect(left.ids == [101] + content.suffix(limit - 2) + [102])
      let isTooLong = whole.ids.count > limit
      #expect(right.truncated == isTooLong && left.truncated == isTooLong)
      #expect(left.tokenCount == whole.ids.count && left.complete)
      #expect(right.tokenCount <= whole.ids.count && right.complete == !isTooLong)
      #expect(!isTooLong || right.tokenCount > limit)
    }
  }

  @Test("pairs that stop early are cut as the full counts demand", arguments: limits.dropFirst())
  func pair(limit: Int) throws {
    let tokenizer = try Fixture.miniLM()
    let texts = try texts()
    for query in texts {
      for document in texts {
        let whole = try tokenizer.encode(query: query, document: document, limit: .none)
        let first = whole.ids[1..<whole.segmentStart - 1]
        let second = whole.ids[whole.segmentStart...].dropLast()
        let keep = longestFirst(first.count, second.count, limit - 3)
        let right = try tokenizer.encode(
          query: query, document: document, limit: .init(maxTokens: limit, truncation: .right))
        #expect(right.ids == around(first.prefix(keep.0), second.prefix(keep.1)))
        let left = try tokenizer.encode(
          query: query, document: document, limit: .init(maxTokens: limit, truncation: .left))
        #expect(left.ids == around(first.suffix(keep.0), second.suffix(keep.1)))
        #expect(left.tokenCount == whole.ids.count)
        #expect(right.truncated == (whole.ids.count > limit))
      }
    }
  }

  @Test(
    "a text of 1 MB that will be cut is not tokenized to its end",
    arguments: [
      "The quick brown fox. ", "中文字符", "a,b;c", "日本語のテキスト、", "[MASK]", "naïve café ",
    ])
  func early(unit: String) throws {
    let tokenizer = try Fixture.miniLM()
    let unit = Array(unit.utf8)
    let text = Array(repeating: unit, count: 1_000_000 / unit.count).flatMap { $0 }
    let cut = try tokenizer.encode(text, limit: .init(maxTokens: 256, truncation: .right))
    #expect(!cut.complete && cut.truncated)
    #expect(cut.tokenCount < 1024)
    let whole = try tokenizer.encode(text, limit: .none)
    #expect(whole.complete && whole.tokenCount == whole.ids.count)
    #expect(cut.ids.dropLast() == whole.ids.prefix(255))
    let left = try tokenizer.encode(text, limit: .init(maxTokens: 256, truncation: .left))
    #expect(left.ids == [101] + whole.ids.suffix(255))
    #expect(left.tokenCount == whole.ids.count)
  }

  @Test("one word of 1 MB is one unknown token, and what follows it is still found")
  func longWord() throws {
    let tokenizer = try Fixture.miniLM()
    let text = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000) + Array(" fox".utf8)
    #expect(try tokenizer.encode(text, limit: .none).ids == [101, 100, 4419, 102])
    let marks =
      Array("a".utf8)
      + Array(repeating: Array("\u{302E}\u{0903}".utf8), count: 99_999)
      .flatMap { $0 }
    #expect(try tokenizer.encode(marks, limit: .none).ids == [101, 100, 102])
  }

  @Test("a limit of only the special tokens keeps only them")
  func onlySpecialTokens() throws {
    let tokenizer = try TinyTokenizer().read()
    for truncation in [Tokenizer.Truncation.left, .right] {
      let single = try tokenizer.encode(
        words(5), limit: .init(maxTokens: 2, truncation: truncation))
      #expect(single.ids == [1, 2])
      #expect(single.truncated)
      let pair = try tokenizer.encode(
        query: words(5), document: words(3),
        limit: .init(maxTokens: 3, truncation: truncation))
      #expect(pair.ids == [1, 2, 2])
      #expect(pair.segmentStart == 2)
    }
  }

  @Test("the odd token goes to the longer text, and to the second of equally long ones")
  func oddToken() throws {
    let tokenizer = try TinyTokenizer().read()
    let limit = Tokenizer.Limit(maxTokens: 8, truncation: .right)
    for (query, document, expected) in [(9, 8, 3), (8, 9, 2), (8, 8, 2), (900, 899, 3), (1, 9, 1)] {
      let encoding = try tokenizer.encode(
        query: words(query), document: words(document), limit: limit)
      #expect(encoding.segmentStart == expected + 2, "\(query) and \(document) words")
      #expect(encoding.ids.count == 8)
    }
  }

  @Test("a limit of the greatest number cuts nothing on either side")
  func greatestLimit() throws {
    let tokenizer = try TinyTokenizer().read()
    for truncation in [Tokenizer.Truncation.off, .left, .right] {
      let limit = Tokenizer.Limit(maxTokens: .max, truncation: truncation)
      #expect(try tokenizer.encode(words(9999), limit: limit).ids.count == 10_001)
      let pair = try tokenizer.encode(query: words(9), document: words(9999), limit: limit)
      #expect(pair.ids.count == 10_011 && !pair.truncated && pair.complete)
    }
  }

  @Test("a scratch works as a new one after every kind of call, refused ones included")
  func usedScratch() throws {
    let tokenizer = try TinyTokenizer().read()
    var scratch = TokenizerScratch()
    let fresh = try tokenizer.encode(words(5), limit: .none)
    let long = words(200_000)
    for truncation in [Tokenizer.Truncation.off, .left, .right] {
      let limit = Tokenizer.Limit(maxTokens: 7, truncation: truncation)
      _ = try? tokenizer.encode(long.span, limit: limit, scratch: &scratch)
      _ = try? tokenizer.encode(
        query: long.span, document: long.span, limit: limit, scratch: &scratch)
      _ = try? tokenizer.encode([0xFF].span, limit: limit, scratch: &scratch)
      #expect(try tokenizer.encode(words(5).span, limit: limit, scratch: &scratch) == fresh)
    }
  }

  @Test("the file's own truncation and padding are ignored")
  func fileBlocks() throws {
    let encoding = try TinyTokenizer().read().encode(words(6), limit: .none)
    #expect(encoding.ids == [1, 3, 4, 5, 6, 7, 8, 2])
  }

  private func around(_ first: ArraySlice<Int32>, _ second: ArraySlice<Int32>) -> [Int32] {
    [101] + Array(first) + [102] + Array(second) + [102]
  }

  /// The rule of the library, written the other way round: take tokens away one by one.
  private func longestFirst(_ first: Int, _ second: Int, _ budget: Int) -> (Int, Int) {
    var keep = (first, second)
    let firstIsLonger = first > second
    while keep.0 + keep.1 > budget {
      if keep.0 > keep.1 || (keep.0 == keep.1 && !firstIsLonger) {
        keep.0 -= 1
      } else {
        keep.1 -= 1
      }
    }
    return keep
  }

  private func texts() throws -> [[UInt8]] {
    let lines = try Fixture.jsonLines("Tests/Fixtures/wordpiece/lines.jsonl")
    let paragraph = stride(from: 0, to: lines.count, by: lines.count / 60)
      .compactMap { lines[$0].stringBytes }
    return paragraph.suffix(12) + [
      [], Array(" ".utf8), Array(paragraph.joined(separator: [0x20])),
      Array(paragraph.reversed().joined(separator: [0x0A])),
    ]
  }
}
