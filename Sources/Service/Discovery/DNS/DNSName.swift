/// A name that DNS can be asked for: labels of letters, digits, hyphens and underscores.
package struct DNSName: Sendable, Hashable, CustomStringConvertible {
  /// Letters of a name without its last dot, at most; of a label 63.
  static let lengthMax = 253

  /// Without a dot at the end.
  package let text: String
  /// Written with a dot at the end: no search domain is put behind it.
  package let isAbsolute: Bool

  /// - Throws: `.badText` naming the rule that is broken.
  package init(_ text: String) throws(DiscoveryError) {
    isAbsolute = text.utf8.last == UInt8(ascii: ".")
    self.text = isAbsolute ? String(text.dropLast()) : text
    guard !self.text.isEmpty else { throw DiscoveryError(.badText, "a name has letters") }
    guard self.text.utf8.count <= Self.lengthMax else {
      throw DiscoveryError(.badText, "a name has at most \(Self.lengthMax) letters")
    }
    for label in self.text.utf8.split(
      separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    {
      guard !label.isEmpty else { throw DiscoveryError(.badText, "a name has no empty parts") }
      guard label.count <= 63 else {
        throw DiscoveryError(.badText, "a part of a name has at most 63 letters")
      }
      guard label.allSatisfy(Self.mayStand) else {
        throw DiscoveryError(
          .badText,
          "a name has letters, digits, hyphens and underscores, and dots between its parts")
      }
    }
  }

  package var description: String { isAbsolute ? text + "." : text }

  /// Whether the byte may stand in a label.
  static func mayStand(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}
