/// A tensor as a pickle describes it; its elements lie elsewhere.
struct PickledTensor: Sendable, Equatable {
  /// The element type as safetensors files spell it.
  var type: String
  /// The name of the file with its elements.
  var storage: String
  /// Its first element among them.
  var offset: Int
  var shape: [Int]
  var strides: [Int]

  /// Size of an element in bytes.
  var elementByteCount: Int {
    switch type {
    case "F64", "I64": 8
    case "F32", "I32": 4
    case "F16", "BF16", "I16": 2
    default: 1
    }
  }
}

/// Understands of Python's pickle what `torch.save` writes for a dictionary of plain tensors. No
/// code is called: the few names that may stand there are known, and every other is refused.
struct PickleReader {
  private indirect enum Value {
    case none
    case bool
    case int(Int)
    case string(String)
    case tuple([Value], depth: Int)
    case dictionary([(key: Value, value: Value)], depth: Int)
    case global(String)
    case storage(type: String, name: String)
    case tensor(PickledTensor)

    /// How many values lie in each other below this one.
    var depth: Int {
      switch self {
      case .tuple(_, let depth), .dictionary(_, let depth): depth
      default: 0
      }
    }
  }

  private let bytes: [UInt8]
  private let path: String
  private var place = 0
  private var stack: [Value] = []
  private var marks: [Int] = []
  private var memo: [Int: Value] = [:]
  private var steps = 0

  // A tensor takes about 30 steps and 200 bytes.
  private static let byteCountMax = 1 << 24
  private static let stepsMax = 1_000_000
  // Values are let go recursively.
  private static let depthMax = 32

  private static let storages: [String: String] = [
    "torch.FloatStorage": "F32", "torch.HalfStorage": "F16", "torch.BFloat16Storage": "BF16",
    "torch.DoubleStorage": "F64", "torch.LongStorage": "I64", "torch.IntStorage": "I32",
    "torch.ShortStorage": "I16", "torch.CharStorage": "I8", "torch.ByteStorage": "U8",
    "torch.BoolStorage": "BOOL",
  ]
  private static let orderedDictionary = "collections.OrderedDict"
  private static let rebuild = "torch._utils._rebuild_tensor_v2"
  private static let rebuildParameter = "torch._utils._rebuild_parameter"

  /// Takes the content of data.pkl of the file at `path`. Throws `.unsupported` for a long one.
  init(_ bytes: RawSpan, path: String) throws(ModelFilesError) {
    self.path = path
    guard bytes.byteCount <= Self.byteCountMax else {
      self.bytes = []
      throw unsupported("\(bytes.byteCount) bytes, over the limit of \(Self.byteCountMax)")
    }
    self.bytes = bytes.copied()
  }

  /// The tensors of the dictionary that the pickle makes. Throws `.malformed`, and `.unsupported`
  /// for anything that a dictionary of plain tensors does not need.
  mutating func tensors() throws(ModelFilesError) -> [String: PickledTensor] {
    while try step() {
      steps += 1
      guard steps <= Self.stepsMax else { throw unsupported("more than \(Self.stepsMax) steps") }
    }
    guard stack.count == 1, case .dictionary(let members, _)? = stack.last else {
      throw unsupported("something other than a dictionary of tensors")
    }
    var result: [String: PickledTensor] = [:]
    for (key, value) in members {
      guard case .string(let name) = key, case .tensor(let tensor) = value else {
        throw unsupported("something other than a dictionary of tensors")
      }
      result[name] = tensor
    }
    return result
  }

  // MARK: - Steps

  /// Runs one instruction; false at the end.
  private mutating func step() throws(ModelFilesError) -> Bool {
    let code = try byte()
    switch code {
    case UInt8(ascii: "."): return false
    case 0x80:
      let version = try byte()
      guard version == 2 else { throw unsupported("protocol \(version)") }
    case UInt8(ascii: "("): marks.append(stack.count)
    case UInt8(ascii: "}"): stack.append(.dictionary([], depth: 0))
    case UInt8(ascii: ")"): stack.append(.tuple([], depth: 0))
    case UInt8(ascii: "N"): stack.append(.none)
    case 0x88, 0x89: stack.append(.bool)
    case UInt8(ascii: "K"): stack.append(.int(Int(try byte())))
    case UInt8(ascii: "M"): stack.append(.int(try number(2)))
    case UInt8(ascii: "J"):
      stack.append(.int(Int(Int32(truncatingIfNeeded: try number(4)))))
    case 0x8a: stack.append(.int(try number(Int(try byte()))))
    case UInt8(ascii: "X"): stack.append(.string(try text(try number(4))))
    case UInt8(ascii: "c"): stack.append(.global(try line() + "." + line()))
    case UInt8(ascii: "q"): memo[Int(try byte())] = try top()
    case UInt8(ascii: "r"): memo[try number(4)] = try top()
    case UInt8(ascii: "h"): stack.append(try remembered(Int(try byte())))
    case UInt8(ascii: "j"): stack.append(try remembered(try number(4)))
    case UInt8(ascii: "t"): stack.append(try tuple(try popMark()))
    case 0x85, 0x86, 0x87: stack.append(try tuple(try pop(Int(code) - 0x84)))
    case UInt8(ascii: "u"): try setItems(try popMark())
    case UInt8(ascii: "s"): try setItems(try pop(2))
    case UInt8(ascii: "Q"): stack.append(try storage(try pop(1)[0]))
    case UInt8(ascii: "R"):
      let parts = try pop(2)
      stack.append(try reduce(parts[0], parts[1]))
    // The state that a dictionary is given (its format's version) does not matter.
    case UInt8(ascii: "b"): _ = try pop(1)
    default:
      throw unsupported("the instruction 0x\(String(code, radix: 16)) at byte \(place - 1)")
    }
    return true
  }

  private func tuple(_ parts: [Value]) throws(ModelFilesError) -> Value {
    .tuple(parts, depth: try depth(above: parts))
  }

  private func depth(above parts: [Value]) throws(ModelFilesError) -> Int {
    let depth = 1 + (parts.lazy.map(\.depth).max() ?? 0)
    guard depth <= Self.depthMax else {
      throw unsupported("more than \(Self.depthMax) values in each other")
    }
    return depth
  }

  private mutating func setItems(_ items: [Value]) throws(ModelFilesError) {
    guard items.count % 2 == 0, stack.count > marks.last ?? 0,
      case .dictionary(var members, let before)? = stack.popLast()
    else { throw malformed() }
    for index in stride(from: 0, to: items.count, by: 2) {
      members.append((items[index], items[index + 1]))
    }
    stack.append(.dictionary(members, depth: max(before, try depth(above: items))))
  }

  /// The calls that are allowed, as values.
  private func reduce(_ function: Value, _ arguments: Value) throws(ModelFilesError) -> Value {
    guard case .global(let name) = function, case .tuple(let parts, _) = arguments else {
      throw malformed()
    }
    if name == Self.orderedDictionary, parts.isEmpty { return .dictionary([], depth: 0) }
    if name == Self.rebuildParameter, case .tensor? = parts.first { return parts[0] }
    guard name == Self.rebuild, parts.count >= 4 else {
      throw unsupported("a call of \(name.quotedForMessage)")
    }
    guard case .storage(let type, let storage) = parts[0], case .int(let offset) = parts[1],
      let shape = integers(parts[2]), let strides = integers(parts[3]),
      shape.count == strides.count
    else { throw malformed() }
    return .tensor(
      PickledTensor(
        type: type, storage: storage, offset: offset, shape: shape, strides: strides))
  }

  /// ("storage", class, name, device, count).
  private func storage(_ value: Value) throws(ModelFilesError) -> Value {
    guard case .tuple(let parts, _) = value, parts.count == 5, case .string("storage") = parts[0],
      case .global(let name) = parts[1], case .string(let file) = parts[2]
    else { throw malformed() }
    guard let type = Self.storages[name] else {
      throw unsupported("elements of \(name.quotedForMessage)")
    }
    return .storage(type: type, name: file)
  }

  private func integers(_ value: Value) -> [Int]? {
    guard case .tuple(let parts, _) = value else { return nil }
    var result: [Int] = []
    for part in parts {
      guard case .int(let number) = part else { return nil }
      result.append(number)
    }
    return result
  }

  // MARK: - Stack and bytes

  private func top() throws(ModelFilesError) -> Value {
    guard let value = stack.last else { throw malformed() }
    return value
  }

  private func remembered(_ index: Int) throws(ModelFilesError) -> Value {
    guard let value = memo[index] else { throw malformed() }
    return value
  }

  private mutating func pop(_ count: Int) throws(ModelFilesError) -> [Value] {
    guard count <= stack.count, stack.count - count >= marks.last ?? 0 else { throw malformed() }
    let values = Array(stack.suffix(count))
    stack.removeLast(count)
    return values
  }

  private mutating func popMark() throws(ModelFilesError) -> [Value] {
    guard let mark = marks.popLast(), mark <= stack.count else { throw malformed() }
    let values = Array(stack[mark...])
    stack.removeLast(values.count)
    return values
  }

  private mutating func byte() throws(ModelFilesError) -> UInt8 {
    guard place < bytes.count else { throw malformed() }
    place += 1
    return bytes[place - 1]
  }

  /// A little-endian number of at most 7 bytes, so that it fits without a sign.
  private mutating func number(_ count: Int) throws(ModelFilesError) -> Int {
    guard count <= 7, count <= bytes.count - place else { throw malformed() }
    let value = bytes[place..<place + count].reversed().reduce(0) { $0 << 8 | Int($1) }
    place += count
    return value
  }

  private mutating func text(_ count: Int) throws(ModelFilesError) -> String {
    guard count <= bytes.count - place else { throw malformed() }
    let text = String(decoding: bytes[place..<place + count], as: UTF8.self)
    place += count
    return text
  }

  private mutating func line() throws(ModelFilesError) -> String {
    let start = place
    while try byte() != UInt8(ascii: "\n") {}
    return String(decoding: bytes[start..<place - 1], as: UTF8.self)
  }

  private func malformed() -> ModelFilesError {
    ModelFilesError(.malformed, "\(path): data.pkl is damaged at byte \(place)")
  }

  private func unsupported(_ text: String) -> ModelFilesError {
    ModelFilesError(
      .unsupported,
      "\(path): data.pkl has \(text), which is not read: only dictionaries of plain tensors are")
  }
}
