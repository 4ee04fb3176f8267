/// One entry of the tape: a value, or the key of an object member.
///
/// Children follow their container directly; an object's children alternate key, value. 16 bytes.
struct JSONNode: Sendable {
  /// What the entry is.
  enum Tag: UInt8, Sendable {
    case null
    case `false`
    case `true`
    case number
    /// A string without escapes: its decoded bytes stand in the document as they are.
    case plainString
    case escapedString
    case array
    case object
  }

  /// First byte of the text; for a string the byte after the quotation mark.
  var start: UInt32
  /// Length of the text in bytes; of a container the number of elements or members.
  var extent: UInt32
  /// Tape index of what follows this entry and all it contains.
  var next: UInt32
  var tag: Tag
}

/// A parsed document: its bytes and the tape over them. Immutable, shared by all its values.
final class JSONDocument: Sendable {
  let bytes: [UInt8]
  let tape: [JSONNode]

  init(bytes: [UInt8], tape: [JSONNode]) {
    self.bytes = bytes
    self.tape = tape
  }
}
