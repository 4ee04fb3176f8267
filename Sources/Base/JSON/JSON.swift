/// A JSON value: a place in a parsed, immutable document. Cheap to copy.
///
/// The document is checked completely when it is parsed; strings and numbers are decoded when they
/// are asked for, every time. All look-ups answer nil for a value of another kind and never trap.
package struct JSON: Sendable {
  /// The kinds of value that RFC 8259 knows.
  package enum Kind: Sendable {
    case null
    case bool
    case number
    case string
    case array
    case object
  }

  let document: JSONDocument
  let index: Int

  var node: JSONNode { document.tape[index] }

  /// Reads one document, strictly by RFC 8259: UTF-8 without byte order mark, no comments, no
  /// trailing commas, no NaN or Infinity, no lone surrogate escapes, nothing after the value.
  ///
  /// Of members with the same key the last one counts, as in Python. Limits: 4 GiB, and `depthMax`
  /// containers inside one another. Throws for any other bytes; never traps.
  package static func parse(
    _ bytes: [UInt8], depthMax: Int = 128
  ) throws(JSONError) -> JSON {
    var parser = JSONParser(depthMax: depthMax)
    try parser.parse(bytes.span)
    return JSON(document: JSONDocument(bytes: bytes, tape: parser.tape), index: 0)
  }

  /// The kind of this value.
  package var kind: Kind {
    switch node.tag {
    case .null: .null
    case .false, .true: .bool
    case .number: .number
    case .plainString, .escapedString: .string
    case .array: .array
    case .object: .object
    }
  }

  /// True for the literal `null`.
  package var isNull: Bool { node.tag == .null }

  /// The value of `true` or `false`, else nil.
  package var bool: Bool? {
    switch node.tag {
    case .true: true
    case .false: false
    default: nil
    }
  }

  /// The decoded text of a string, else nil. Compares by canonical equivalence: use `stringBytes`
  /// for vocabularies.
  package var string: String? {
    stringBytes.map { String(decoding: $0, as: UTF8.self) }
  }

  /// The decoded UTF-8 of a string, else nil. NUL is possible.
  package var stringBytes: [UInt8]? {
    let node = node
    switch node.tag {
    case .plainString: return Array(text(of: node))
    case .escapedString: return JSONText.unescape(text(of: node))
    default: return nil
    }
  }

  /// The value of a number without fraction that fits `Int`, however it is written (`1`, `1.0`,
  /// `1e3`), else nil.
  package var int: Int? {
    let node = node
    return node.tag == .number ? JSONText.int(text(of: node)) : nil
  }

  /// The nearest double of a number, else nil; nil too where that would be infinite.
  package var double: Double? {
    let node = node
    return node.tag == .number ? JSONText.double(text(of: node)) : nil
  }

  /// A number as the document spells it, nil for other kinds.
  package var numberText: [UInt8]? {
    let node = node
    return node.tag == .number ? Array(text(of: node)) : nil
  }

  /// The number of elements of an array or of members of an object (double keys count twice), else
  /// 0.
  package var count: Int {
    let node = node
    return node.tag == .array || node.tag == .object ? Int(node.extent) : 0
  }

  /// The element of an array, nil outside it and for other kinds. Time grows with `position`.
  package subscript(_ position: Int) -> JSON? {
    let node = node
    guard node.tag == .array, position >= 0, position < Int(node.extent) else { return nil }
    var child = index + 1
    for _ in 0..<position { child = Int(document.tape[child].next) }
    return JSON(document: document, index: child)
  }

  /// The last member of an object with this key, compared by bytes; nil when there is none and for
  /// other kinds. Time grows with the number of members.
  package subscript(_ key: String) -> JSON? {
    var key = key
    return key.withUTF8 { wanted in
      guard node.tag == .object else { return nil }
      var found: JSON?
      var child = index + 1
      let end = Int(node.next)
      while child < end {
        if hasText(document.tape[child], equalTo: wanted) {
          found = JSON(document: document, index: child + 1)
        }
        child = Int(document.tape[child + 1].next)
      }
      return found
    }
  }

  private func hasText(_ key: JSONNode, equalTo wanted: UnsafeBufferPointer<UInt8>) -> Bool {
    if key.tag == .escapedString { return JSONText.unescape(text(of: key)).elementsEqual(wanted) }
    return Int(key.extent) == wanted.count && text(of: key).elementsEqual(wanted)
  }

  /// The bytes of a string or number as they stand in the document.
  func text(of node: JSONNode) -> ArraySlice<UInt8> {
    document.bytes[Int(node.start)..<Int(node.start) + Int(node.extent)]
  }
}
