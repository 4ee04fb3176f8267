/// The normalizer `Replace`: every occurrence of a string or a regular expression becomes another
/// string.
///
/// Matches `tokenizers` 0.23.3, `normalizers/replace.rs`.
struct Replacement: Sendable {
  let pattern: TextPattern
  let content: [UInt8]

  /// Appends `text[range]` with all matches replaced.
  func replace(
    _ text: Span<UInt8>, _ range: Range<Int>, into output: inout ByteBuffer,
    state: inout NormalizerState
  ) {
    var matches: [Range<Int>] = []
    if !pattern.forEachMatch(in: text, range, { matches.append($0) }) { state.hasFailed = true }
    if let first = matches.first, first.lowerBound == range.lowerBound {
      // The library gives new characters the place of the last one that they replace.
      let isLonger = UTF8Text.characterCount(text, first) > 1
      if isLonger || content.isEmpty { state.isAtOrigin = false }
    }
    var start = range.lowerBound
    for match in matches {
      output.append(text, start..<match.lowerBound)
      output.append(content.span, 0..<content.count)
      start = match.upperBound
    }
    output.append(text, start..<range.upperBound)
  }
}
