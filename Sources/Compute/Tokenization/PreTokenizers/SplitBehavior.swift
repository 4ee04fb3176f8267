/// What becomes of the delimiters when a text is split, and of what is between them.
///
/// Matches `NormalizedString::split` of `tokenizers` 0.23.3, `tokenizer/normalizer.rs`.
enum SplitBehavior: String, Sendable {
  case removed = "Removed"
  case isolated = "Isolated"
  case mergedWithPrevious = "MergedWithPrevious"
  case mergedWithNext = "MergedWithNext"
  case contiguous = "Contiguous"

  /// Appends the words of `range`, of which `matches`, ascending and none empty, are the
  /// delimiters; with `isInverted` all the rest are.
  func split(
    _ range: Range<Int>, _ matches: [Range<Int>], isInverted: Bool,
    into words: inout [Range<Int>]
  ) {
    var parts: [(range: Range<Int>, isMatch: Bool)] = []
    var start = range.lowerBound
    for match in matches {
      if start < match.lowerBound { parts.append((start..<match.lowerBound, isInverted)) }
      parts.append((match, !isInverted))
      start = match.upperBound
    }
    if start < range.upperBound { parts.append((start..<range.upperBound, isInverted)) }
    switch self {
    case .removed: for part in parts where !part.isMatch { words.append(part.range) }
    case .isolated: for part in parts { words.append(part.range) }
    case .contiguous: Self.merge(parts, into: &words) { $0 == $1 }
    case .mergedWithPrevious: Self.merge(parts, into: &words) { !$0 && $1 }
    case .mergedWithNext: Self.mergeBackwards(parts, into: &words)
    }
  }

  /// Joins a part with the one before where `joins(isBeforeMatch, isMatch)`. Before the first part
  /// stands no match.
  private static func merge(
    _ parts: [(range: Range<Int>, isMatch: Bool)], into words: inout [Range<Int>],
    _ joins: (Bool, Bool) -> Bool
  ) {
    let first = words.count
    var isBeforeMatch = false
    for part in parts {
      if joins(isBeforeMatch, part.isMatch), words.count > first, let last = words.popLast() {
        words.append(last.lowerBound..<part.range.upperBound)
      } else {
        words.append(part.range)
      }
      isBeforeMatch = part.isMatch
    }
  }

  private static func mergeBackwards(
    _ parts: [(range: Range<Int>, isMatch: Bool)], into words: inout [Range<Int>]
  ) {
    let first = words.count
    var isBehindMatch = false
    for part in parts.reversed() {
      if part.isMatch, !isBehindMatch, words.count > first, let last = words.popLast() {
        words.append(part.range.lowerBound..<last.upperBound)
      } else {
        words.append(part.range)
      }
      isBehindMatch = part.isMatch
    }
    words[first...].reverse()
  }
}
