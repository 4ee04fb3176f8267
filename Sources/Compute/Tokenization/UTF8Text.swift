/// UTF-8 checking and decoding over bytes.
enum UTF8Text {
  /// The offset of the first byte of the first sequence that is not UTF-8 (overlong forms,
  /// surrogates and numbers above U+10FFFF are not), or nil.
  static func firstError(in text: Span<UInt8>) -> Int? {
    let bytes = text.bytes
    let count = text.count
    var index = 0
    while index < count {
      while count - index >= 32 {
        var bits: UInt64 = 0
        for word in 0..<4 {
          bits |= bytes.unsafeLoadUnaligned(fromByteOffset: index + word * 8, as: UInt64.self)
        }
        if bits & 0x8080_8080_8080_8080 != 0 { break }
        index += 32
      }
      guard index < count else { return nil }
      // One pass over a block, so that a text without ASCII is not tested for it at each character.
      let blockEnd = min(index + 32, count)
      while index < blockEnd {
        if text[index] < 0x80 {
          index += 1
        } else {
          let length = sequenceLength(text, index)
          if length == 0 { return index }
          index += length
        }
      }
    }
    return nil
  }

  /// The length of the sequence of two to four bytes at `index`, or 0 if it is not UTF-8.
  private static func sequenceLength(_ text: Span<UInt8>, _ index: Int) -> Int {
    let lead = text[index]
    let left = text.count - index
    guard left >= 2, lead >= 0xC2, lead <= 0xF4 else { return 0 }
    let second = text[index + 1]
    let isSecond =
      switch lead {
      case 0xE0: second >= 0xA0 && second <= 0xBF
      case 0xED: second >= 0x80 && second <= 0x9F
      case 0xF0: second >= 0x90 && second <= 0xBF
      case 0xF4: second >= 0x80 && second <= 0x8F
      default: second & 0xC0 == 0x80
      }
    guard isSecond else { return 0 }
    if lead < 0xE0 { return 2 }
    guard left >= 3, text[index + 2] & 0xC0 == 0x80 else { return 0 }
    if lead < 0xF0 { return 3 }
    return left >= 4 && text[index + 3] & 0xC0 == 0x80 ? 4 : 0
  }

  /// The number of bytes of the sequence that `lead` begins, in valid UTF-8.
  @inline(__always)
  static func length(lead: UInt8) -> Int {
    lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
  }

  /// The code point at `index`. The text is valid UTF-8 and a sequence begins there.
  @inline(__always)
  static func decode(_ text: Span<UInt8>, _ index: Int) -> UInt32 {
    let lead = UInt32(text[index])
    if lead < 0x80 { return lead }
    let second = UInt32(text[index + 1] & 0x3F)
    if lead < 0xE0 { return (lead & 0x1F) << 6 | second }
    let third = UInt32(text[index + 2] & 0x3F)
    if lead < 0xF0 { return (lead & 0x0F) << 12 | second << 6 | third }
    return (lead & 0x07) << 18 | second << 12 | third << 6 | UInt32(text[index + 3] & 0x3F)
  }

  /// The index of the first byte of the character that ends before `end`, which is above 0.
  static func startOfCharacter(endingAt end: Int, in text: Span<UInt8>) -> Int {
    var index = end - 1
    while index > 0, text[index] & 0xC0 == 0x80 { index -= 1 }
    return index
  }

  /// The number of characters in `range`.
  static func characterCount(_ text: Span<UInt8>, _ range: Range<Int>) -> Int {
    var characters = 0
    for index in range where text[index] & 0xC0 != 0x80 { characters += 1 }
    return characters
  }
}
