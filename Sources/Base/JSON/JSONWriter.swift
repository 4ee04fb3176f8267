/// Writes JSON without spaces and line breaks, one value after another.
///
/// Commas and colons come by themselves; that keys and values alternate inside objects, and that
/// every begin has its end, is the caller's business.
package struct JSONWriter: Sendable {
  /// What is written so far. UTF-8.
  package private(set) var bytes: [UInt8] = []
  private var needsComma = false

  /// An empty writer.
  package init() {}

  /// Forgets everything and keeps the memory, for the next line.
  package mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    needsComma = false
  }

  /// Ends a line with LF; the next value begins a new document.
  package mutating func endLine() {
    bytes.append(0x0A)
    needsComma = false
  }

  /// Begins an object.
  package mutating func beginObject() { begin(UInt8(ascii: "{")) }

  /// Ends the object begun last.
  package mutating func endObject() { end(UInt8(ascii: "}")) }

  /// Begins an array.
  package mutating func beginArray() { begin(UInt8(ascii: "[")) }

  /// Ends the array begun last.
  package mutating func endArray() { end(UInt8(ascii: "]")) }

  /// Writes the key of the member whose value comes next.
  package mutating func key(_ key: String) {
    string(key)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  /// Writes a string.
  package mutating func string(_ text: String) {
    var text = text
    text.withUTF8 { quote($0.span) }
  }

  /// Writes a string given as UTF-8. Each ill-formed subsequence becomes U+FFFD.
  package mutating func string(_ text: [UInt8]) {
    if UTF8Check.isValid(text.span) {
      quote(text.span)
    } else {
      string(String(decoding: text, as: UTF8.self))
    }
  }

  /// Writes an integer.
  package mutating func number(_ value: Int) {
    separate()
    bytes.append(contentsOf: value.description.utf8)
  }

  /// Writes the shortest decimal that reads back to the same float32.
  ///
  /// JSON has no NaN and no infinities: for them it writes `null` and gives false.
  @discardableResult
  package mutating func number(_ value: Float) -> Bool {
    guard value.isFinite else {
      null()
      return false
    }
    separate()
    bytes.append(contentsOf: value.description.utf8)
    return true
  }

  /// Writes the shortest decimal that reads back to the same float64.
  ///
  /// JSON has no NaN and no infinities: for them it writes `null` and gives false.
  @discardableResult
  package mutating func number(_ value: Double) -> Bool {
    guard value.isFinite else {
      null()
      return false
    }
    separate()
    bytes.append(contentsOf: value.description.utf8)
    return true
  }

  /// Writes `true` or `false`.
  package mutating func bool(_ value: Bool) {
    separate()
    bytes.append(contentsOf: (value ? "true" : "false").utf8)
  }

  /// Writes `null`.
  package mutating func null() {
    separate()
    bytes.append(contentsOf: "null".utf8)
  }

  private mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
    needsComma = true
  }

  private mutating func begin(_ bracket: UInt8) {
    separate()
    bytes.append(bracket)
    needsComma = false
  }

  private mutating func end(_ bracket: UInt8) {
    bytes.append(bracket)
    needsComma = true
  }

  private mutating func quote(_ text: Span<UInt8>) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    for position in text.indices {
      let byte = text[position]
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        bytes.append(UInt8(ascii: "\\"))
        bytes.append(byte)
      case 0x00..<0x20:
        bytes.append(contentsOf: "\\u00".utf8)
        bytes.append(hexDigit(byte >> 4))
        bytes.append(hexDigit(byte & 15))
      default:
        bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }
}
