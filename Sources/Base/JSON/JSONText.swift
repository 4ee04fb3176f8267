/// Decoding of strings and numbers whose text the parser has already checked.
enum JSONText {
  /// The bytes that a string with escapes stands for.
  static func unescape(_ text: ArraySlice<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    var position = text.startIndex
    while position < text.endIndex {
      let byte = text[position]
      guard byte == UInt8(ascii: "\\") else {
        result.append(byte)
        position += 1
        continue
      }
      let escape = text[position + 1]
      position += 2
      switch escape {
      case UInt8(ascii: "b"): result.append(0x08)
      case UInt8(ascii: "f"): result.append(0x0C)
      case UInt8(ascii: "n"): result.append(0x0A)
      case UInt8(ascii: "r"): result.append(0x0D)
      case UInt8(ascii: "t"): result.append(0x09)
      case UInt8(ascii: "u"):
        var scalar = codeUnit(text, at: position)
        position += 4
        if scalar & 0xFC00 == 0xD800 {
          scalar = 0x10000 + (scalar & 0x3FF) << 10 + codeUnit(text, at: position + 2) & 0x3FF
          position += 6
        }
        appendUTF8(scalar, to: &result)
      default: result.append(escape)
      }
    }
    return result
  }

  /// The number if it has no fraction and fits `Int`.
  static func int(_ text: ArraySlice<UInt8>) -> Int? {
    if text.count <= 18, let value = plainDigits(text) { return value }
    let decimal = Decimal(text)
    // The decimal point stands after this many of the written digits; those after it must be zero.
    var value = 0
    for place in 0..<max(decimal.digits.count, 1) {
      let digit = place < decimal.digits.count ? Int(decimal.digits[place]) : 0
      if place >= decimal.pointPlace {
        if digit != 0 { return nil }
        continue
      }
      guard let longer = appendDigit(digit, to: value, decimal.isNegative) else { return nil }
      value = longer
    }
    if value == 0 { return 0 }
    var place = decimal.digits.count
    while place < decimal.pointPlace {
      guard let longer = appendDigit(0, to: value, decimal.isNegative) else { return nil }
      value = longer
      place += 1
    }
    return value
  }

  /// The nearest double, nil when it is infinite.
  static func double(_ text: ArraySlice<UInt8>) -> Double? {
    guard let value = Double(String(decoding: text, as: UTF8.self)), value.isFinite else {
      return nil
    }
    return value
  }

  /// The value of a hexadecimal digit.
  static func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  /// A number taken apart: its digits without leading zeros, and the place of the decimal point
  /// among them after the exponent is applied.
  private struct Decimal {
    var isNegative = false
    var digits: [UInt8] = []
    var pointPlace = 0

    init(_ text: ArraySlice<UInt8>) {
      var fractionCount = 0
      var isFraction = false
      var exponent = 0
      var isExponent = false
      var exponentIsNegative = false
      for byte in text {
        switch byte {
        case UInt8(ascii: "-"):
          if isExponent { exponentIsNegative = true } else { isNegative = true }
        case UInt8(ascii: "."): isFraction = true
        case UInt8(ascii: "e"), UInt8(ascii: "E"): isExponent = true
        case UInt8(ascii: "+"): break
        default:
          let digit = byte &- UInt8(ascii: "0")
          if isExponent {
            // Saturates far above any document's digit count, so that sums below cannot overflow.
            exponent = min(exponent * 10 + Int(digit), 1 << 40)
          } else {
            if isFraction { fractionCount += 1 }
            if digit != 0 || !digits.isEmpty { digits.append(digit) }
          }
        }
      }
      pointPlace = digits.count - fractionCount + (exponentIsNegative ? -exponent : exponent)
    }
  }

  /// The value of digits alone, at most 18: they cannot overflow. What vocabularies consist of.
  private static func plainDigits(_ text: ArraySlice<UInt8>) -> Int? {
    var value = 0
    for byte in text {
      let digit = byte &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      value = value * 10 + Int(digit)
    }
    return value
  }

  /// `value * 10 ± digit`, away from zero, nil on overflow.
  private static func appendDigit(_ digit: Int, to value: Int, _ isNegative: Bool) -> Int? {
    let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
    if overflow { return nil }
    let (sum, overflow2) =
      isNegative
      ? scaled.subtractingReportingOverflow(digit) : scaled.addingReportingOverflow(digit)
    return overflow2 ? nil : sum
  }

  private static func codeUnit(_ text: ArraySlice<UInt8>, at start: Int) -> UInt32 {
    text[start..<start + 4].reduce(0) { $0 << 4 | UInt32(hexValue($1) ?? 0) }
  }

  private static func appendUTF8(_ scalar: UInt32, to bytes: inout [UInt8]) {
    // The parser refuses lone surrogates: every value here is a scalar.
    guard let scalar = Unicode.Scalar(scalar) else { return }
    bytes.append(contentsOf: UTF8.encode(scalar).map(Array.init) ?? [])
  }
}
