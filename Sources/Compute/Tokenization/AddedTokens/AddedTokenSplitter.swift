internal import CUnicodeTables

/// Cuts a text at the added tokens of one kind (normalized or not).
///
/// Matches `find_matches` of `tokenizers` 0.23.3, `tokenizer/added_vocabulary.rs`, in its order of
/// decisions: the longest of the leftmost strings is taken; if it fails `single_word` it is passed
/// over and no shorter one is tried; stripped white space can still hold the next match.
struct AddedTokenSplitter: Sendable {
  /// A token to look for.
  private struct Target {
    var id: Int32
    var token: AddedToken
  }

  private var trie = ByteTrie()
  private var targets: [Target] = []

  /// True when there is nothing to look for.
  var isEmpty: Bool { targets.isEmpty }

  /// Adds a token that is found as `pattern`, not empty. Of two tokens with the same pattern the
  /// first is found (the library picks one at random).
  mutating func add(_ token: AddedToken, id: Int32, pattern: [UInt8]) {
    guard trie.insert(pattern, value: Int32(targets.count)) else { return }
    targets.append(Target(id: id, token: token))
  }

  /// Where the splitter stands in a text.
  struct Position {
    /// The text before is dealt with.
    var pieceStart: Int
    /// The next match begins here or later.
    var searchStart: Int
  }

  /// An added token in a text: the range that it takes up, white space included.
  struct Match {
    var id: Int32
    var range: Range<Int>
  }

  /// The next token that begins before `bound`, and `position` moved behind it; nil if there is
  /// none, and the search may go on at `bound`. An empty range is possible where a token begins in
  /// the white space of the one before: it gives no token.
  func next(in text: Span<UInt8>, _ position: inout Position, before bound: Int) -> Match? {
    while position.searchStart < bound,
      let (found, index) = trie.firstMatch(in: text, beginningIn: position.searchStart..<bound)
    {
      position.searchStart = found.upperBound
      let target = targets[Int(index)]
      if target.token.isSingleWord, isBesideWord(text, found) { continue }
      var start = found.lowerBound
      var end = found.upperBound
      if target.token.stripsLeft {
        let pieceStart = position.pieceStart
        start = pieceStart < start ? trimmedEnd(text, pieceStart..<start) : pieceStart
      }
      if target.token.stripsRight { end = trimmedStart(text, end..<text.count) }
      position.pieceStart = end
      return Match(id: target.id, range: min(start, end)..<end)
    }
    return nil
  }

  private func isBesideWord(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
    if range.lowerBound > 0 {
      let before = UTF8Text.startOfCharacter(endingAt: range.lowerBound, in: text)
      if cu_is_word(UTF8Text.decode(text, before)) { return true }
    }
    return range.upperBound < text.count && cu_is_word(UTF8Text.decode(text, range.upperBound))
  }

  /// The start of the white space that ends `range`.
  private func trimmedEnd(_ text: Span<UInt8>, _ range: Range<Int>) -> Int {
    var end = range.upperBound
    while end > range.lowerBound {
      let before = UTF8Text.startOfCharacter(endingAt: end, in: text)
      guard cu_is_separator(UTF8Text.decode(text, before)) else { break }
      end = before
    }
    return end
  }

  /// The end of the white space that begins `range`.
  private func trimmedStart(_ text: Span<UInt8>, _ range: Range<Int>) -> Int {
    var start = range.lowerBound
    while start < range.upperBound {
      guard cu_is_separator(UTF8Text.decode(text, start)) else { break }
      start += UTF8Text.length(lead: text[start])
    }
    return start
  }
}
