/// Numbers as the `tokenizers` library reads them: by serde_json without `float_roundtrip`, which
/// may be off in the last place. Between spellings of equal or nearly equal score that place
/// decides.
enum QuickNumber {
  /// The value of a JSON number; nil where it would be infinite.
  static func double(_ text: [UInt8]) -> Double? {
    var reader = Reader(text: text)
    return reader.read()
  }

  private static let powers: [Double] = {
    // Each power is the double nearest to it, as in serde_json's table.
    (0...308).compactMap { Double("1e\($0)") }
  }()

  /// Goes once over the digits.
  private struct Reader {
    let text: [UInt8]
    var index = 0
    var significand: UInt64 = 0
    /// Whether a digit did not fit any more: all digits behind it are dropped.
    var isFull = false
    var exponent = 0

    mutating func read() -> Double? {
      let isNegative = text.first == UInt8(ascii: "-")
      if isNegative { index = 1 }
      while let digit = digit {
        if isFull || !add(digit) {
          isFull = true
          exponent += 1
        }
        index += 1
      }
      if index < text.count, text[index] == UInt8(ascii: ".") { readFraction() }
      if index < text.count { readExponent() }
      return value.map { isNegative ? -$0 : $0 }
    }

    private var digit: UInt64? {
      guard index < text.count, text[index] >= 0x30, text[index] <= 0x39 else { return nil }
      return UInt64(text[index] - 0x30)
    }

    private mutating func add(_ digit: UInt64) -> Bool {
      let (tenfold, isOver) = significand.multipliedReportingOverflow(by: 10)
      let (sum, isSumOver) = tenfold.addingReportingOverflow(digit)
      guard !isOver, !isSumOver else { return false }
      significand = sum
      return true
    }

    private mutating func readFraction() {
      index += 1
      isFull = false
      while let digit = digit {
        if !isFull, add(digit) { exponent -= 1 } else { isFull = true }
        index += 1
      }
    }

    /// `e`, a sign, digits.
    private mutating func readExponent() {
      index += 1
      var isNegative = false
      if index < text.count, text[index] == UInt8(ascii: "-") || text[index] == UInt8(ascii: "+") {
        isNegative = text[index] == UInt8(ascii: "-")
        index += 1
      }
      var written = 0
      while let digit = digit {
        written = min(1 << 20, written * 10 + Int(digit))
        index += 1
      }
      exponent += isNegative ? -written : written
    }

    private var value: Double? {
      var value = Double(significand)
      var exponent = exponent
      while exponent < -308, value != 0 {
        value /= 1e308
        exponent += 308
      }
      if value == 0 { return 0 }
      guard exponent <= 308 else { return nil }
      let power = QuickNumber.powers[abs(exponent)]
      value = exponent < 0 ? value / power : value * power
      return value.isFinite ? value : nil
    }
  }
}
