internal import CUnicodeTables

/// The normalizer of BERT: cleaning, spaces around CJK ideographs, removal of accents, lowercase,
/// in this order, each character on its own but for the ordering of combining marks.
///
/// Matches `tokenizers` 0.23.3, `normalizers/bert.rs`: character classes come from tables that were
/// generated from that library.
struct BertNormalizer: Sendable {
  private let cleansText: Bool
  let splitsChinese: Bool
  private let stripsAccents: Bool
  private let lowercases: Bool
  /// What becomes of each byte below 0x80; `dropped` for none.
  private let ascii: [UInt8]

  private static let dropped: UInt8 = 0xFF
  private static let space: UInt8 = 0x20

  /// `stripAccents` nil follows `lowercase`.
  init(cleanText: Bool, handleChineseCharacters: Bool, stripAccents: Bool?, lowercase: Bool) {
    cleansText = cleanText
    splitsChinese = handleChineseCharacters
    stripsAccents = stripAccents ?? lowercase
    lowercases = lowercase
    ascii = (0..<128).map { (code: UInt32) in
      if cleanText, cu_is_control(code) { return Self.dropped }
      if cleanText, cu_is_whitespace(code) { return Self.space }
      let isUpper = code >= 0x41 && code <= 0x5A
      return UInt8(truncatingIfNeeded: lowercase && isUpper ? code + 0x20 : code)
    }
  }

  /// Appends the normal form of `text[range]`, valid UTF-8. `marks` is working memory; it is empty
  /// before and after.
  func normalize(
    _ text: Span<UInt8>, _ range: Range<Int>, into output: inout ByteBuffer,
    marks: inout [UInt64]
  ) {
    let ascii = self.ascii.span
    var index = range.lowerBound
    output.reserve(range.count + 32)
    while index < range.upperBound {
      let byte = text[index]
      if byte < 0x80 {
        let mapped = ascii[Int(byte)]
        index += 1
        guard mapped != Self.dropped else { continue }
        if !marks.isEmpty { flush(&marks, into: &output) }
        output.append(mapped)
      } else {
        let length = UTF8Text.length(lead: byte)
        let code = UTF8Text.decode(text, index)
        normalize(
          code, bytes: index..<index + length, of: text, into: &output, marks: &marks)
        index += length
      }
    }
    flush(&marks, into: &output)
  }

  /// One character above U+007F.
  private func normalize(
    _ code: UInt32, bytes: Range<Int>, of text: Span<UInt8>, into output: inout ByteBuffer,
    marks: inout [UInt64]
  ) {
    let properties = Int(cu_properties(code))
    if cleansText {
      if properties & CU_CONTROL != 0 { return }
      if properties & CU_SPACE != 0 {
        flush(&marks, into: &output)
        output.append(Self.space)
        return
      }
    }
    let isSplit = splitsChinese && properties & CU_CHINESE != 0
    if isSplit {
      flush(&marks, into: &output)
      output.append(Self.space)
    }
    if properties & CU_MAPPED == 0 {
      // Its class is 0, so it ends a run of marks even where it is removed itself.
      flush(&marks, into: &output)
      if !stripsAccents || properties & CU_MARK == 0 {
        output.append(text, bytes)
      }
    } else if stripsAccents {
      decompose(code, into: &output, marks: &marks)
    } else {
      finish(code, into: &output)
    }
    if isSplit {
      flush(&marks, into: &output)
      output.append(Self.space)
    }
  }

  private func decompose(_ code: UInt32, into output: inout ByteBuffer, marks: inout [UInt64]) {
    if let syllable = HangulSyllable(code) {
      add(syllable.leading, into: &output, marks: &marks)
      add(syllable.vowel, into: &output, marks: &marks)
      if let trailing = syllable.trailing { add(trailing, into: &output, marks: &marks) }
      return
    }
    var count: Int32 = 0
    guard let parts = cu_decompose(code, &count) else {
      add(code, into: &output, marks: &marks)
      return
    }
    for index in 0..<Int(count) { add(parts[index], into: &output, marks: &marks) }
  }

  /// A decomposed code point: marks wait for the end of their run, which is ordered by class.
  private func add(_ code: UInt32, into output: inout ByteBuffer, marks: inout [UInt64]) {
    let combiningClass = cu_combining_class(code)
    if combiningClass == 0 {
      flush(&marks, into: &output)
      finish(code, into: &output)
    } else if !cu_is_nonspacing_mark(code) {
      // Class, then place in the run (the ordering must be stable), then the 21 bits of the code.
      marks.append(UInt64(combiningClass) << 56 | UInt64(marks.count) << 21 | UInt64(code))
    }
  }

  private func flush(_ marks: inout [UInt64], into output: inout ByteBuffer) {
    guard !marks.isEmpty else { return }
    if marks.count > 1 { marks.sort() }
    for mark in marks {
      finish(UInt32(truncatingIfNeeded: mark & 0x1F_FFFF), into: &output)
    }
    marks.removeAll(keepingCapacity: marks.capacity <= 4096)
  }

  /// What comes after decomposition: removal of accents, lowercase.
  private func finish(_ code: UInt32, into output: inout ByteBuffer) {
    if stripsAccents, cu_is_nonspacing_mark(code) { return }
    guard lowercases else {
      output.append(code: code)
      return
    }
    var count: Int32 = 0
    if let lowered = cu_lowercase(code, &count) {
      for index in 0..<Int(count) { output.append(code: lowered[index]) }
    } else {
      output.append(code: code)
    }
  }
}

/// The canonical decomposition of a Hangul syllable (Unicode standard, section 3.12).
private struct HangulSyllable {
  let leading: UInt32
  let vowel: UInt32
  let trailing: UInt32?

  /// Nil for a code point that is no Hangul syllable.
  init?(_ code: UInt32) {
    guard code >= 0xAC00, code <= 0xD7A3 else { return nil }
    let index = code - 0xAC00
    leading = 0x1100 + index / 588
    vowel = 0x1161 + index % 588 / 28
    trailing = index % 28 == 0 ? nil : 0x11A7 + index % 28
  }
}
