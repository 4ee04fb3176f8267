/// Well-formedness of UTF-8 by table 3-7 of the Unicode Standard.
enum UTF8Check {
  /// The length in bytes of the well-formed sequence at `start`, 0 when there is none.
  static func sequenceLength(_ bytes: Span<UInt8>, at start: Int) -> Int {
    let lead = bytes[start]
    let length: Int
    var lowest: UInt8 = 0x80
    var highest: UInt8 = 0xBF
    switch lead {
    case 0x00...0x7F: return 1
    case 0xC2...0xDF: length = 2
    case 0xE0...0xEF:
      length = 3
      if lead == 0xE0 { lowest = 0xA0 }
      if lead == 0xED { highest = 0x9F }
    case 0xF0...0xF4:
      length = 4
      if lead == 0xF0 { lowest = 0x90 }
      if lead == 0xF4 { highest = 0x8F }
    default: return 0
    }
    guard length <= bytes.count - start else { return 0 }
    let second = bytes[start + 1]
    guard second >= lowest && second <= highest else { return 0 }
    for position in start + 2..<start + length where bytes[position] & 0xC0 != 0x80 { return 0 }
    return length
  }

  /// Whether all of `bytes` is well-formed.
  static func isValid(_ bytes: Span<UInt8>) -> Bool {
    var position = 0
    while position < bytes.count {
      let length = sequenceLength(bytes, at: position)
      if length == 0 { return false }
      position += length
    }
    return true
  }
}
