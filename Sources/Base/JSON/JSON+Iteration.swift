extension JSON {
  /// The elements of an array in order; nothing for other kinds. Each step takes constant time.
  package var elements: Elements {
    let node = node
    return Elements(
      document: document, position: index + 1, end: node.tag == .array ? Int(node.next) : index + 1)
  }

  /// The members of an object in file order, double keys included; nothing for other kinds. Each
  /// step takes constant time and decodes the key.
  package var members: Members {
    let node = node
    return Members(
      document: document, position: index + 1,
      end: node.tag == .object ? Int(node.next) : index + 1)
  }

  /// A forward pass over the elements of an array.
  package struct Elements: Sequence, IteratorProtocol {
    let document: JSONDocument
    var position: Int
    let end: Int

    /// The next element, nil after the last.
    package mutating func next() -> JSON? {
      guard position < end else { return nil }
      defer { position = Int(document.tape[position].next) }
      return JSON(document: document, index: position)
    }
  }

  /// A forward pass over the members of an object.
  package struct Members: Sequence, IteratorProtocol {
    let document: JSONDocument
    var position: Int
    let end: Int

    /// The next member with its decoded key, nil after the last.
    package mutating func next() -> (key: [UInt8], value: JSON)? {
      guard position < end else { return nil }
      let value = JSON(document: document, index: position + 1)
      let key = JSON(document: document, index: position).stringBytes ?? []
      position = Int(document.tape[position + 1].next)
      return (key, value)
    }
  }
}
