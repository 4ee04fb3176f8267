/// Checks a document and lays its tape. The stack is explicit: depth costs no call stack.
struct JSONParser {
  private(set) var tape: [JSONNode] = []
  private var open: [Container] = []
  private var position = 0
  private let depthMax: Int

  private struct Container {
    var index: Int
    var count: UInt32
    var isObject: Bool
  }

  private enum Step {
    case value
    case firstElement
    case firstKey
    case key
    case afterValue
  }

  init(depthMax: Int) {
    self.depthMax = depthMax
  }

  mutating func parse(_ bytes: Span<UInt8>) throws(JSONError) {
    guard bytes.count <= Int(UInt32.max) else {
      throw JSONError(
        message: "a document of \(bytes.count) bytes is over the limit of \(UInt32.max)", offset: 0)
    }
    tape.reserveCapacity(bytes.count / 8 + 1)
    var step = Step.value
    while true {
      skipWhitespace(bytes)
      if step == .afterValue && open.isEmpty { break }
      guard position < bytes.count else { throw failure("the document ends too early") }
      step = try take(step, bytes[position], bytes)
    }
    guard position == bytes.count else { throw failure("something follows the value") }
  }

  /// Consumes one token that begins with `byte` and says what may follow.
  private mutating func take(
    _ step: Step, _ byte: UInt8, _ bytes: Span<UInt8>
  ) throws(JSONError) -> Step {
    switch step {
    case .value:
      return try value(byte, bytes)
    case .firstElement:
      return byte == UInt8(ascii: "]") ? close() : try value(byte, bytes)
    case .firstKey:
      return byte == UInt8(ascii: "}") ? close() : try key(byte, bytes)
    case .key:
      return try key(byte, bytes)
    case .afterValue:
      let isObject = open[open.count - 1].isObject
      switch byte {
      case UInt8(ascii: ","):
        position += 1
        return isObject ? .key : .value
      case UInt8(ascii: "}") where isObject, UInt8(ascii: "]") where !isObject:
        return close()
      default:
        throw failure(isObject ? "',' or '}' must stand here" : "',' or ']' must stand here")
      }
    }
  }

  private mutating func key(_ byte: UInt8, _ bytes: Span<UInt8>) throws(JSONError) -> Step {
    guard byte == UInt8(ascii: "\"") else { throw failure("a key must stand here") }
    try string(bytes)
    skipWhitespace(bytes)
    guard position < bytes.count, bytes[position] == UInt8(ascii: ":") else {
      throw failure("':' must stand here")
    }
    position += 1
    return .value
  }

  private mutating func value(_ byte: UInt8, _ bytes: Span<UInt8>) throws(JSONError) -> Step {
    if !open.isEmpty { open[open.count - 1].count += 1 }
    switch byte {
    case UInt8(ascii: "\""):
      try string(bytes)
    case UInt8(ascii: "{"):
      try openContainer(.object)
      return .firstKey
    case UInt8(ascii: "["):
      try openContainer(.array)
      return .firstElement
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      let end = try JSONScanner.number(bytes, from: position)
      append(.number, from: position, to: end)
      position = end
    case UInt8(ascii: "t"):
      try literal("true", .true, bytes)
    case UInt8(ascii: "f"):
      try literal("false", .false, bytes)
    case UInt8(ascii: "n"):
      try literal("null", .null, bytes)
    default:
      throw failure("a value must stand here")
    }
    return .afterValue
  }

  private mutating func string(_ bytes: Span<UInt8>) throws(JSONError) {
    let scanned = try JSONScanner.string(bytes, from: position + 1)
    append(
      scanned.hasEscapes ? .escapedString : .plainString, from: position + 1, to: scanned.end)
    position = scanned.end + 1
  }

  private mutating func literal(
    _ word: String, _ tag: JSONNode.Tag, _ bytes: Span<UInt8>
  ) throws(JSONError) {
    var end = position
    for byte in word.utf8 {
      guard end < bytes.count, bytes[end] == byte else {
        throw failure("a value must stand here")
      }
      end += 1
    }
    append(tag, from: position, to: end)
    position = end
  }

  private mutating func openContainer(_ tag: JSONNode.Tag) throws(JSONError) {
    guard open.count < depthMax else {
      throw failure("more than \(depthMax) arrays and objects are open")
    }
    open.append(Container(index: tape.count, count: 0, isObject: tag == .object))
    append(tag, from: position, to: position)
    position += 1
  }

  /// Completes the innermost container. Its count and end are known only now.
  private mutating func close() -> Step {
    let container = open.removeLast()
    tape[container.index].extent = container.count
    tape[container.index].next = UInt32(tape.count)
    position += 1
    return .afterValue
  }

  private mutating func append(_ tag: JSONNode.Tag, from start: Int, to end: Int) {
    // An entry takes at least one byte of the document, so that its index fits as its offset does.
    tape.append(
      JSONNode(
        start: UInt32(start), extent: UInt32(end - start), next: UInt32(tape.count + 1), tag: tag))
  }

  private mutating func skipWhitespace(_ bytes: Span<UInt8>) {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x0A, 0x0D, 0x09: position += 1
      default: return
      }
    }
  }

  private func failure(_ message: String) -> JSONError {
    JSONError(message: message, offset: position)
  }
}
