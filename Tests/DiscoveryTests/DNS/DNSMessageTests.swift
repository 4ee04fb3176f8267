import Discovery
import Testing

@Suite("DNS messages")
struct DNSMessageTests {
  private typealias Record = DNSMessage.Record

  /// An alias, an address, another family's, a service and what is not asked for.
  private static var full: MessageBytes {
    var message = MessageBytes(
      answers: 4, authorities: 1, additional: 1, name: MessageBytes.name("W.Test"))
    message.record(MessageBytes.pointer(12), type: 5, data: MessageBytes.name("alias.test"))
    message.record(MessageBytes.pointer(12), type: 1, ttl: 5, data: [10, 0, 0, 255])
    message.record(
      MessageBytes.pointer(12), type: 28,
      data: [0x20, 1, 0xD] + [UInt8](repeating: 0, count: 12)
        + [1])
    message.record(
      MessageBytes.name("_m._tcp.w.test"), type: 33,
      data: MessageBytes.service(7, port: 7_071, [1, 0x41] + MessageBytes.pointer(12)))
    message.record(MessageBytes.name("test"), type: 6, data: [1, 2, 3])
    message.record([0], type: 41, class: 1_232, ttl: 1 << 31, data: [])
    return message
  }

  @Test("records are read, names in small letters and without their compression")
  func reading() throws {
    let message = try DNSMessage(Self.full.bytes)
    #expect(
      message.answers == [
        Record(name: "w.test", ttlSeconds: 60, data: .other),
        Record(name: "w.test", ttlSeconds: 5, data: .ipv4("10.0.0.255")),
        Record(name: "w.test", ttlSeconds: 60, data: .ipv6("2001:d00::1")),
        Record(
          name: "_m._tcp.w.test", ttlSeconds: 60,
          data: .service(priority: 7, port: 7_071, target: "a.w.test")),
      ])
    #expect(message.additional == [Record(name: "", ttlSeconds: 0, data: .other)])
  }

  @Test("a message that ends too early is refused, wherever it ends")
  func truncated() {
    let bytes = Self.full.bytes
    for count in 0..<bytes.count {
      #expect(throws: DiscoveryError.self, "\(count) bytes") {
        try DNSMessage(Array(bytes.prefix(count)))
      }
    }
  }

  @Test("any bytes are a message or an error")
  func anyBytes() {
    let bytes = Self.full.bytes
    for _ in 0..<20_000 {
      var broken = bytes
      for _ in 0..<Int.random(in: 1...6) {
        broken[.random(in: 4..<broken.count)] = .random(in: 0...255)
      }
      _ = try? DNSMessage(broken)
    }
  }

  @Test("a count of 65,535 records costs no more than the bytes that are there")
  func greatCounts() {
    var message = MessageBytes(answers: 0xFFFF, name: [0])
    message.record([0], type: 1, data: [1, 2, 3, 4])
    #expect(throws: DiscoveryError.self) { try DNSMessage(message.bytes) }
  }

  @Test(
    "a name that goes in circles, forward or on for ever is refused",
    arguments: [
      MessageBytes.pointer(12), MessageBytes.pointer(14), [1, 0x61] + MessageBytes.pointer(12),
      [0x40, 0x61], [0x80], [0xFF],
      MessageBytes.name([String](repeating: "abcdefg", count: 32).joined(separator: ".")),
    ])
  func badNames(name: [UInt8]) {
    let message = MessageBytes(answers: 0, name: name)
    #expect(throws: DiscoveryError.self) { try DNSMessage(message.bytes) }
  }

  @Test("a name of 255 bytes is the longest")
  func longestName() throws {
    let name = [String](repeating: "abcdefg", count: 31).joined(separator: ".")
    var message = MessageBytes(answers: 1, name: MessageBytes.name(name + ".abcde"))
    message.record(MessageBytes.pointer(12), type: 1, data: [1, 2, 3, 4])
    #expect(try DNSMessage(message.bytes).answers.first?.name?.utf8.count == 253)
  }

  @Test("a name with bytes that no host has is none; the message goes on")
  func oddName() throws {
    var message = MessageBytes(answers: 2, name: MessageBytes.name("w.test"))
    message.record([3, 0x61, 0x2E, 0x62, 0], type: 1, data: [1, 2, 3, 4])
    message.record([2, 0xFF, 0x00, 0], type: 1, data: [1, 2, 3, 5])
    #expect(try DNSMessage(message.bytes).answers.map(\.name) == [nil, nil])
  }

  @Test(
    "an address of another length is refused, and so is a name that leaves its record",
    arguments: [
      (UInt16(1), [UInt8](repeating: 1, count: 5), nil),
      (28, [UInt8](repeating: 1, count: 4), nil), (1, [], nil),
      (33, MessageBytes.service(1, port: 2, MessageBytes.name("a.test")), 8),
      (33, [0, 1, 0, 1], nil),
    ] as [(UInt16, [UInt8], UInt16?)])
  func badData(type: UInt16, data: [UInt8], length: UInt16?) {
    var message = MessageBytes(answers: 1, name: MessageBytes.name("w.test"))
    message.record(MessageBytes.pointer(12), type: type, data: data, length: length)
    #expect(throws: DiscoveryError.self) { try DNSMessage(message.bytes) }
  }

  @Test("records of another class are not asked for")
  func otherClass() throws {
    var message = MessageBytes(answers: 1, name: MessageBytes.name("w.test"))
    message.record(MessageBytes.pointer(12), type: 1, class: 3, data: [1, 2, 3])
    #expect(try DNSMessage(message.bytes).answers.first?.data == .other)
  }
}
