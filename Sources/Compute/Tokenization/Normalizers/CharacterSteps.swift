internal import CUnicodeTables

/// Normalizers that look at each character on its own.
///
/// Matches `tokenizers` 0.23.3, `normalizers/strip.rs`, `unicode.rs` and `utils.rs`.
enum CharacterSteps {
  /// `Lowercase`
  static func lowercase(_ text: Span<UInt8>, _ range: Range<Int>, into output: inout ByteBuffer) {
    output.reserve(range.count)
    var index = range.lowerBound
    while index < range.upperBound {
      let byte = text[index]
      if byte < 0x80 {
        output.append(byte >= 0x41 && byte <= 0x5A ? byte + 0x20 : byte)
        index += 1
        continue
      }
      var count: Int32 = 0
      let length = UTF8Text.length(lead: byte)
      if let lowered = cu_lowercase(UTF8Text.decode(text, index), &count) {
        for place in 0..<Int(count) { output.append(code: lowered[place]) }
      } else {
        output.append(text, index..<index + length)
      }
      index += length
    }
  }

  /// `Strip`: what is left of `range` without white space at its ends.
  static func stripped(
    _ text: Span<UInt8>, _ range: Range<Int>, left: Bool, right: Bool
  ) -> Range<Int> {
    var (start, end) = (range.lowerBound, range.upperBound)
    while left, start < end, cu_is_separator(UTF8Text.decode(text, start)) {
      start += UTF8Text.length(lead: text[start])
    }
    while right, end > start {
      let before = UTF8Text.startOfCharacter(endingAt: end, in: text)
      guard cu_is_separator(UTF8Text.decode(text, before)) else { break }
      end = before
    }
    return start..<end
  }

  /// `StripAccents`
  static func stripAccents(
    _ text: Span<UInt8>, _ range: Range<Int>, into output: inout ByteBuffer
  ) {
    var index = range.lowerBound
    while index < range.upperBound {
      let length = UTF8Text.length(lead: text[index])
      let isAccent =
        length > 1 && Int(cu_class(UTF8Text.decode(text, index))) & CU_COMBINING != 0
      if !isAccent { output.append(text, index..<index + length) }
      index += length
    }
  }

  /// `Nmt`
  static func nmt(_ text: Span<UInt8>, _ range: Range<Int>, into output: inout ByteBuffer) {
    var index = range.lowerBound
    while index < range.upperBound {
      let length = UTF8Text.length(lead: text[index])
      switch UTF8Text.decode(text, index) {
      case 0x01...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0x8F, 0x9F: break
      case 0x09, 0x0A, 0x0C, 0x0D, 0x1680, 0x200B...0x200F, 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD:
        output.append(0x20)
      default: output.append(text, index..<index + length)
      }
      index += length
    }
  }
}
