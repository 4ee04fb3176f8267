internal import Glibc

/// The records of a DNS message (RFC 1035 §4).
package struct DNSMessage: Sendable, Hashable {
  package struct Record: Sendable, Hashable {
    /// In small letters, without a dot at the end; nil for one that is no host's or service's.
    package var name: String?
    /// How long it holds. What has the highest bit set counts as 0 (RFC 2181 §8).
    package var ttlSeconds: UInt32
    package var data: Data

    package init(name: String?, ttlSeconds: UInt32, data: Data) {
      self.name = name
      self.ttlSeconds = ttlSeconds
      self.data = data
    }
  }

  package enum Data: Sendable, Hashable {
    /// A: dotted decimal.
    case ipv4(String)
    /// AAAA: as RFC 5952 writes it.
    case ipv6(String)
    /// SRV. The target is written as `Record.name`; empty says that there is no such service.
    case service(priority: UInt16, port: UInt16, target: String?)
    /// What is not asked for.
    case other
  }

  /// What was asked for, and aliases on the way to it.
  package var answers: [Record]
  /// What the server thinks will be asked for next.
  package var additional: [Record]

  package init(answers: [Record], additional: [Record] = []) {
    self.answers = answers
    self.additional = additional
  }

  /// Reads a message as it came. Its header's id and flags are not looked at.
  ///
  /// - Throws: `.badMessage` if it ends too early or contradicts itself. What stands behind its last
  ///   record is not looked at.
  package init(_ bytes: [UInt8]) throws(DiscoveryError) {
    var reader = DNSReader(bytes)
    try reader.skip(4)
    let questionCount = try reader.uint16()
    let answerCount = try reader.uint16()
    let authorityCount = try reader.uint16()
    let additionalCount = try reader.uint16()
    for _ in 0..<questionCount {
      _ = try reader.name()
      try reader.skip(4)
    }
    answers = try reader.records(answerCount)
    _ = try reader.records(authorityCount)
    additional = try reader.records(additionalCount)
  }
}

/// A place in a message.
private struct DNSReader {
  /// The class of names of the Internet.
  private static let internet: UInt16 = 1

  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  mutating func skip(_ count: Int) throws(DiscoveryError) {
    guard bytes.count - position >= count else {
      throw DiscoveryError(.badMessage, "a DNS message ends too early")
    }
    position += count
  }

  mutating func uint16() throws(DiscoveryError) -> UInt16 {
    try skip(2)
    return UInt16(bytes[position - 2]) << 8 | UInt16(bytes[position - 1])
  }

  /// Each takes at least 11 bytes, so that no count asks for more than the message has.
  mutating func records(_ count: UInt16) throws(DiscoveryError) -> [DNSMessage.Record] {
    var records: [DNSMessage.Record] = []
    for _ in 0..<count { records.append(try record()) }
    return records
  }

  private mutating func record() throws(DiscoveryError) -> DNSMessage.Record {
    let name = try name()
    let type = try uint16()
    let recordClass = try uint16()
    let ttl = try UInt32(uint16()) << 16 | UInt32(uint16())
    let length = Int(try uint16())
    let start = position
    try skip(length)
    let end = position
    position = start
    let isInternet = recordClass == Self.internet
    let data = try data(isInternet ? DNSRecordType(rawValue: type) : nil, length)
    guard position <= end else {
      throw DiscoveryError(.badMessage, "a DNS record is longer than it says")
    }
    position = end
    return DNSMessage.Record(name: name, ttlSeconds: ttl >> 31 == 1 ? 0 : ttl, data: data)
  }

  private mutating func data(
    _ type: DNSRecordType?, _ length: Int
  ) throws(DiscoveryError) -> DNSMessage.Data {
    switch type {
    case .a where length == 4: return .ipv4(try address(AF_INET, 4))
    case .aaaa where length == 16: return .ipv6(try address(AF_INET6, 16))
    case .a, .aaaa: throw DiscoveryError(.badMessage, "a DNS record's address has \(length) bytes")
    case .srv:
      let priority = try uint16()
      try skip(2)
      let port = try uint16()
      return .service(priority: priority, port: port, target: try name())
    case nil: return .other
    }
  }

  private mutating func address(_ family: Int32, _ count: Int) throws(DiscoveryError) -> String {
    let start = position
    try skip(count)
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    let isWritten = bytes[start..<position].withUnsafeBytes { address in
      inet_ntop(family, address.baseAddress, &text, socklen_t(text.count)) != nil
    }
    guard isWritten else { throw DiscoveryError(.badMessage, "an address cannot be written") }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// A name, its compression undone, in small letters; nil if it has bytes that no host's has.
  mutating func name() throws(DiscoveryError) -> String? {
    var labels: [String] = []
    var isReadable = true
    var length = 0
    var cursor = position
    // Set at the first pointer: what follows the name stands behind it.
    var end: Int?
    while true {
      guard cursor < bytes.count else { throw Self.badName }
      let head = Int(bytes[cursor])
      if head == 0 { break }
      if head >= 0xC0 {
        guard cursor + 1 < bytes.count else { throw Self.badName }
        let target = (head & 0x3F) << 8 | Int(bytes[cursor + 1])
        // Always back, so that it ends.
        guard target < cursor else { throw Self.badName }
        end = end ?? cursor + 2
        cursor = target
        continue
      }
      length += head + 1
      guard head < 0x40, length <= 255, cursor + 1 + head <= bytes.count else { throw Self.badName }
      let label = bytes[cursor + 1..<cursor + 1 + head]
      isReadable = isReadable && label.allSatisfy(DNSName.mayStand)
      labels.append(String(decoding: label, as: UTF8.self).lowercased())
      cursor += 1 + head
    }
    position = end ?? cursor + 1
    return isReadable ? labels.joined(separator: ".") : nil
  }

  private static var badName: DiscoveryError {
    DiscoveryError(.badMessage, "a name in a DNS message is broken")
  }
}
