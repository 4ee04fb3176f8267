/// What `Replace` and `Split` look for.
enum TextPattern: Sendable {
  /// A string, not empty.
  case string([UInt8])
  case expression(RegularExpression)
  /// A known regular expression that matches everywhere.
  case words(WordScanner)

  /// Calls `body` with each match in `text[range]`, a text of its own, from left to right. False if
  /// a regular expression needed too many steps.
  func forEachMatch(
    in text: Span<UInt8>, _ range: Range<Int>, _ body: (Range<Int>) -> Void
  ) -> Bool {
    switch self {
    case .expression(let expression):
      return expression.forEachMatch(in: text, range, body)
    case .words(let scanner):
      var start = range.lowerBound
      while start < range.upperBound {
        let end = scanner.wordEnd(text, start, range.upperBound)
        body(start..<end)
        start = end
      }
      return true
    case .string(let string):
      var start = range.lowerBound
      while start + string.count <= range.upperBound {
        var length = 0
        while length < string.count, text[start + length] == string[length] { length += 1 }
        if length == string.count {
          body(start..<start + length)
          start += length
        } else {
          start += 1
        }
      }
      return true
    }
  }

  /// Whether `text[range]` begins with `prefix`.
  static func starts(_ text: Span<UInt8>, _ range: Range<Int>, with prefix: [UInt8]) -> Bool {
    guard range.count >= prefix.count else { return false }
    for index in prefix.indices where text[range.lowerBound + index] != prefix[index] {
      return false
    }
    return true
  }
}
