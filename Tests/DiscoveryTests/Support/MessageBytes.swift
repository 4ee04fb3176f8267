/// Bytes of a DNS message, put together by hand.
struct MessageBytes {
  private(set) var bytes: [UInt8]

  /// A header that promises so many records, and one question.
  init(answers: UInt16, authorities: UInt16 = 0, additional: UInt16 = 0, name: [UInt8]) {
    bytes = [0, 7, 0x81, 0x80, 0, 1]
    for count in [answers, authorities, additional] { bytes += Self.uint16(count) }
    bytes += name + [0, 1, 0, 1]
  }

  mutating func record(
    _ name: [UInt8], type: UInt16, class: UInt16 = 1, ttl: UInt32 = 60, data: [UInt8],
    length: UInt16? = nil
  ) {
    bytes += name + Self.uint16(type) + Self.uint16(`class`)
    bytes += Self.uint16(UInt16(ttl >> 16)) + Self.uint16(UInt16(truncatingIfNeeded: ttl))
    bytes += Self.uint16(length ?? UInt16(data.count)) + data
  }

  /// "a.b" as labels.
  static func name(_ text: String) -> [UInt8] {
    text.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
  }

  /// "See the name at this offset." The question's is at 12.
  static func pointer(_ offset: UInt16) -> [UInt8] { uint16(0xC000 | offset) }

  static func uint16(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 0xFF)] }

  static func service(_ priority: UInt16, port: UInt16, _ target: [UInt8]) -> [UInt8] {
    uint16(priority) + uint16(10) + uint16(port) + target
  }
}
