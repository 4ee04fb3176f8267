/// Finds the end of a string or number and checks every byte of it.
enum JSONScanner {
  /// Reads a string from the byte after its quotation mark.
  ///
  /// Gives the place of the closing mark, and whether there are escapes. Throws for control
  /// characters, bad escapes, lone surrogates, invalid UTF-8 and a missing end.
  static func string(
    _ bytes: Span<UInt8>, from start: Int
  ) throws(JSONError) -> (end: Int, hasEscapes: Bool) {
    var position = start
    var hasEscapes = false
    while true {
      position = skipPlain(bytes, from: position)
      guard position < bytes.count else {
        throw JSONError(message: "a string does not end", offset: start - 1)
      }
      switch bytes[position] {
      case UInt8(ascii: "\""):
        return (position, hasEscapes)
      case UInt8(ascii: "\\"):
        hasEscapes = true
        position = try escape(bytes, from: position)
      case 0x00..<0x20:
        throw JSONError(message: "a control character in a string is not escaped", offset: position)
      default:
        let length = UTF8Check.sequenceLength(bytes, at: position)
        guard length > 0 else {
          throw JSONError(message: "a string is not valid UTF-8", offset: position)
        }
        position += length
      }
    }
  }

  /// The first place from `start` on whose byte is not plain ASCII: a control character, quotation
  /// mark, backslash or byte above 0x7F; the end of the document when there is none.
  private static func skipPlain(_ bytes: Span<UInt8>, from start: Int) -> Int {
    let raw = bytes.bytes
    let ones: UInt64 = 0x0101_0101_0101_0101
    let highs: UInt64 = 0x8080_8080_8080_8080
    var position = start
    while position &+ 8 <= bytes.count {
      let word = UInt64(
        littleEndian: unsafe raw.unsafeLoadUnaligned(
          fromByteOffset: position, as: UInt64.self))
      let quote = word ^ (ones &* 0x22)
      let backslash = word ^ (ones &* 0x5C)
      // The classic zero-byte test; a borrow can mark only bytes above a true hit, and only the
      // lowest mark is used.
      let special =
        ((word &- ones &* 0x20) & ~word) | ((quote &- ones) & ~quote)
        | ((backslash &- ones) & ~backslash) | word
      let marks = special & highs
      if marks != 0 { return position &+ marks.trailingZeroBitCount / 8 }
      position &+= 8
    }
    while position < bytes.count {
      let byte = bytes[position]
      if byte < 0x20 || byte >= 0x80 || byte == 0x22 || byte == 0x5C { break }
      position &+= 1
    }
    return position
  }

  /// Checks the escape that begins at `start`, and gives the place after it.
  private static func escape(_ bytes: Span<UInt8>, from start: Int) throws(JSONError) -> Int {
    guard start + 1 < bytes.count else {
      throw JSONError(message: "the document ends too early", offset: bytes.count)
    }
    switch bytes[start + 1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
      UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      return start + 2
    case UInt8(ascii: "u"):
      break
    default:
      throw JSONError(message: "an escape is unknown", offset: start)
    }
    let unit = try unicodeEscape(bytes, at: start)
    guard unit & 0xF800 == 0xD800 else { return start + 6 }
    let isPair =
      unit < 0xDC00 && start + 7 < bytes.count && bytes[start + 6] == UInt8(ascii: "\\")
      && bytes[start + 7] == UInt8(ascii: "u")
    guard isPair, try unicodeEscape(bytes, at: start + 6) & 0xFC00 == 0xDC00 else {
      throw JSONError(message: "a surrogate escape has no partner", offset: start)
    }
    return start + 12
  }

  /// The code unit of the `\uXXXX` at `start`, whose first two bytes are already known.
  private static func unicodeEscape(
    _ bytes: Span<UInt8>, at start: Int
  ) throws(JSONError) -> UInt16 {
    var unit: UInt16 = 0
    for position in start + 2..<start + 6 {
      guard position < bytes.count, let digit = JSONText.hexValue(bytes[position]) else {
        throw JSONError(message: "four hexadecimal digits must follow \\u", offset: start)
      }
      unit = unit << 4 | UInt16(digit)
    }
    return unit
  }

  /// Checks the number that begins at `start`, and gives the place after it.
  static func number(_ bytes: Span<UInt8>, from start: Int) throws(JSONError) -> Int {
    func byte(_ position: Int) -> UInt8 { position < bytes.count ? bytes[position] : 0 }
    func digits(from first: Int) throws(JSONError) -> Int {
      var position = first
      while byte(position) &- UInt8(ascii: "0") < 10 { position += 1 }
      guard position > first else {
        throw JSONError(message: "a digit must stand here", offset: first)
      }
      return position
    }
    var position = start
    if byte(position) == UInt8(ascii: "-") { position += 1 }
    if byte(position) == UInt8(ascii: "0") {
      position += 1
      guard byte(position) &- UInt8(ascii: "0") >= 10 else {
        throw JSONError(message: "a number begins with a needless zero", offset: start)
      }
    } else {
      position = try digits(from: position)
    }
    if byte(position) == UInt8(ascii: ".") { position = try digits(from: position + 1) }
    if byte(position) | 0x20 == UInt8(ascii: "e") {
      position += 1
      if byte(position) == UInt8(ascii: "+") || byte(position) == UInt8(ascii: "-") {
        position += 1
      }
      position = try digits(from: position)
    }
    return position
  }
}
