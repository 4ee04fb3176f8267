/// The WordPiece model: the longest spelling that fits, from left to right; a word that cannot be
/// spelled so to its end is one unknown token.
///
/// Matches `tokenizers` 0.23.3, `models/wordpiece/mod.rs`.
struct WordPiece: Sendable {
  let vocabulary: Vocabulary
  private let unknown: Int32
  private let prefix: [UInt8]
  private let wordCharactersMax: Int
  private let prefixHash: UInt64
  private let longestFirst: Int
  private let longestNext: Int

  /// `prefix` stands before spellings that continue a word, and does not count as length. A word of
  /// more than `wordCharactersMax` characters is unknown.
  init(vocabulary: Vocabulary, unknown: Int32, prefix: [UInt8], wordCharactersMax: Int) {
    self.vocabulary = vocabulary
    self.unknown = unknown
    self.prefix = prefix
    self.wordCharactersMax = wordCharactersMax
    prefixHash = Vocabulary.hash(prefix)
    longestFirst = vocabulary.longest(after: [])
    longestNext = vocabulary.longest(after: prefix)
  }

  /// A prefix of what is left of a word: where it ends, and its hash.
  struct Candidate {
    var end: Int
    var hash: UInt64
  }

  /// Appends the tokens of the word `text[word]`, which is not empty, as one group.
  /// Time grows with word length times the longest spelling.
  @inline(__always)
  func tokenize(
    _ text: Span<UInt8>, _ word: Range<Int>, sink: inout TokenSink
  ) {
    if isTooLong(text, word) {
      sink.append(unknown)
    } else if word.count <= longestFirst, let id = wholeWord(text, word) {
      sink.append(id)
    } else if !split(text, word, sink: &sink) {
      sink.takeBackGroup()
      sink.append(unknown)
    }
    sink.endGroup()
  }

  @inline(__always)
  private func isTooLong(_ text: Span<UInt8>, _ word: Range<Int>) -> Bool {
    word.count > wordCharactersMax
      && UTF8Text.characterCount(text, word) > wordCharactersMax
  }

  @inline(__always)
  private func wholeWord(_ text: Span<UInt8>, _ word: Range<Int>) -> Int32? {
    var hash = Vocabulary.emptyHash
    for index in word { hash = Vocabulary.extend(hash, text[index]) }
    return vocabulary.id(hash: hash, prefix: Span(), text, word)
  }

  /// False where some rest of the word has no spelling.
  private func split(
    _ text: Span<UInt8>, _ word: Range<Int>, sink: inout TokenSink
  ) -> Bool {
    var start = word.lowerBound
    while start < word.upperBound {
      let isFirst = start == word.lowerBound
      var hash = isFirst ? Vocabulary.emptyHash : prefixHash
      let end = min(word.upperBound, start + (isFirst ? longestFirst : longestNext))
      sink.candidates.removeAll(keepingCapacity: true)
      for index in start..<end {
        hash = Vocabulary.extend(hash, text[index])
        if index + 1 == word.upperBound || text[index + 1] & 0xC0 != 0x80 {
          sink.candidates.append(Candidate(end: index + 1, hash: hash))
        }
      }
      // The whole word was looked up already.
      if isFirst, end == word.upperBound { sink.candidates.removeLast() }
      guard let (next, id) = longestMatch(text, start, isFirst, sink.candidates) else {
        return false
      }
      sink.append(id)
      start = next
    }
    return true
  }

  @inline(__always)
  private func longestMatch(
    _ text: Span<UInt8>, _ start: Int, _ isFirst: Bool, _ candidates: [Candidate]
  ) -> (end: Int, id: Int32)? {
    for candidate in candidates.reversed() {
      let range = start..<candidate.end
      let id = vocabulary.id(
        hash: candidate.hash, prefix: isFirst ? Span() : prefix.span, text, range)
      if let id { return (candidate.end, id) }
    }
    return nil
  }
}
