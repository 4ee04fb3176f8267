internal import CProtobufC

/// protoc-c's `…__init` of a message.
typealias Initialize<Raw> = (UnsafeMutablePointer<Raw>?) -> Void

/// protoc-c's `…__unpack` of a message.
typealias Unpack<Raw> =
  (UnsafeMutablePointer<ProtobufCAllocator>?, Int, UnsafePointer<UInt8>?)
  -> UnsafeMutablePointer<Raw>?

/// A Swift value that crosses the wire as one of protoc-c's structs.
protocol ProtobufConvertible {
  associatedtype Raw

  /// The message's name in errors.
  static var messageName: StaticString { get }
  static var initializeRaw: Initialize<Raw> { get }
  static var unpackRaw: Unpack<Raw> { get }

  init(raw: borrowing Raw) throws(WireError)
  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder)
}

/// Encoding and decoding by protobuf-c: the only place that calls it.
enum Protobuf {
  /// Memory that a message of many small inputs may need beyond its own bytes: protobuf-c scans
  /// members into slabs and makes a struct and a pointer for each.
  static let overheadBytesMax = 64 << 20

  /// - Throws: `.malformed` for bytes that are no such message, `.tooLarge` past the memory bound.
  static func decode<Message: ProtobufConvertible>(
    _ bytes: RawSpan, as type: Message.Type = Message.self
  ) throws(WireError) -> Message {
    let byteCountMax = bytes.byteCount * 2 + overheadBytesMax
    return try bytes.withUnsafeBytes { (buffer) throws(WireError) in
      try withUnsafeTemporaryAllocation(byteCount: MessageArena.lentByteCount, alignment: 16) {
        (lent) throws(WireError) in
        try unpack(buffer, MessageArena(byteCountMax: byteCountMax, lent: lent))
      }
    }
  }

  private static func unpack<Message: ProtobufConvertible>(
    _ bytes: UnsafeRawBufferPointer, _ arena: consuming MessageArena
  ) throws(WireError) -> Message {
    var allocator = arena.allocator
    let raw = Message.unpackRaw(
      &allocator, bytes.count, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
    guard let raw else {
      if arena.isExhausted {
        throw WireError(.tooLarge, "\(Message.messageName) has too many parts")
      }
      throw WireError(.malformed, "\(Message.messageName) is not valid protobuf")
    }
    return try Message(raw: raw.pointee)
  }

  static func encode<Message: ProtobufConvertible>(_ message: Message) -> [UInt8] {
    let builder = ProtobufBuilder()
    let raw = builder.root(message)
    return raw.withMemoryRebound(to: ProtobufCMessage.self, capacity: 1) { base in
      let byteCount = protobuf_c_message_get_packed_size(base)
      return [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
        count = protobuf_c_message_pack(base, buffer.baseAddress)
      }
    }
  }
}

/// Lays a message out in protoc-c's structs; they live as long as the builder.
struct ProtobufBuilder: ~Copyable {
  private let arena = MessageArena(byteCountMax: .max)

  func root<Message: ProtobufConvertible>(
    _ message: Message
  ) -> UnsafeMutablePointer<Message.Raw> {
    let raw = memory(of: Message.Raw.self, count: 1)
    Message.initializeRaw(raw)
    message.fill(&raw.pointee, self)
    return raw
  }

  func message<Message: ProtobufConvertible>(
    _ message: Message?
  ) -> UnsafeMutablePointer<Message.Raw>? {
    guard let message else { return nil }
    return root(message)
  }

  func messages<Message: ProtobufConvertible>(
    _ messages: [Message]
  ) -> UnsafeMutablePointer<UnsafeMutablePointer<Message.Raw>?>? {
    let pointers = memory(of: UnsafeMutablePointer<Message.Raw>?.self, count: messages.count)
    let structs = memory(of: Message.Raw.self, count: messages.count)
    for (index, message) in messages.enumerated() {
      Message.initializeRaw(structs + index)
      message.fill(&structs[index], self)
      (pointers + index).initialize(to: structs + index)
    }
    return pointers
  }

  func bytes(_ bytes: [UInt8]) -> ProtobufCBinaryData {
    let copy = memory(of: UInt8.self, count: bytes.count)
    bytes.withUnsafeBufferPointer { source in
      if let base = source.baseAddress { copy.update(from: base, count: source.count) }
    }
    return ProtobufCBinaryData(len: bytes.count, data: copy)
  }

  func bytes(_ string: String) -> ProtobufCBinaryData {
    bytes(Array(string.utf8))
  }

  func byteStrings(_ strings: [[UInt8]]) -> UnsafeMutablePointer<ProtobufCBinaryData> {
    let data = memory(of: ProtobufCBinaryData.self, count: strings.count)
    for (index, string) in strings.enumerated() {
      (data + index).initialize(to: bytes(string))
    }
    return data
  }

  func strings(_ strings: [String]) -> UnsafeMutablePointer<ProtobufCBinaryData> {
    byteStrings(strings.map { Array($0.utf8) })
  }

  func numbers(_ numbers: [UInt32]) -> UnsafeMutablePointer<UInt32> {
    let copy = memory(of: UInt32.self, count: numbers.count)
    for (index, number) in numbers.enumerated() { copy[index] = number }
    return copy
  }

  private func memory<Element>(
    of type: Element.Type, count: Int
  ) -> UnsafeMutablePointer<Element> {
    guard let memory = arena.allocate(byteCount: MemoryLayout<Element>.stride * count) else {
      preconditionFailure("an arena without a bound has no memory")
    }
    return memory.bindMemory(to: type, capacity: count)
  }
}

extension ProtobufCBinaryData {
  var array: [UInt8] {
    Array(UnsafeBufferPointer(start: data, count: data == nil ? 0 : len))
  }

  /// - Throws: `.malformed` for invalid UTF-8 or more than `byteCountMax` bytes.
  func string(_ field: StaticString, byteCountMax: Int = 4_096) throws(WireError) -> String {
    guard len <= byteCountMax else {
      throw WireError(.malformed, "\(field) has \(len) bytes, the limit is \(byteCountMax)")
    }
    guard len > 0, data != nil else { return "" }
    let bytes = UnsafeBufferPointer(start: data, count: len)
    // Most are ASCII, for which the general check is slow.
    if bytes.allSatisfy({ $0 < 0x80 }) { return String(decoding: bytes, as: UTF8.self) }
    guard let string = String(validating: bytes, as: UTF8.self) else {
      throw WireError(.malformed, "\(field) is not UTF-8")
    }
    return string
  }
}

/// The messages behind a protobuf-c repeated field, as values.
func values<Message: ProtobufConvertible>(
  _ pointers: UnsafeMutablePointer<UnsafeMutablePointer<Message.Raw>?>?, _ count: Int,
  as type: Message.Type = Message.self
) throws(WireError) -> [Message] {
  var values: [Message] = []
  values.reserveCapacity(count)
  for pointer in UnsafeBufferPointer(start: pointers, count: pointers == nil ? 0 : count) {
    guard let pointer else { continue }
    values.append(try Message(raw: pointer.pointee))
  }
  return values
}

/// The message behind a protobuf-c message field, as a value, or nil when it is absent.
func value<Message: ProtobufConvertible>(
  _ pointer: UnsafeMutablePointer<Message.Raw>?, as type: Message.Type = Message.self
) throws(WireError) -> Message? {
  guard let pointer else { return nil }
  return try Message(raw: pointer.pointee)
}

/// The byte strings behind a protobuf-c repeated field.
func byteStrings(
  _ data: UnsafeMutablePointer<ProtobufCBinaryData>?, _ count: Int
) -> [[UInt8]] {
  UnsafeBufferPointer(start: data, count: data == nil ? 0 : count).map(\.array)
}

/// The strings behind a protobuf-c repeated field.
///
/// - Throws: `.malformed` for invalid UTF-8.
func strings(
  _ data: UnsafeMutablePointer<ProtobufCBinaryData>?, _ count: Int, _ field: StaticString
) throws(WireError) -> [String] {
  var strings: [String] = []
  for item in UnsafeBufferPointer(start: data, count: data == nil ? 0 : count) {
    strings.append(try item.string(field))
  }
  return strings
}
