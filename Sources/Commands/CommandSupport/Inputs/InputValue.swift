package import MillpondClient

/// What one line or argument asks about.
package enum InputValue: Sendable, Equatable {
  /// A text as bytes. They need not be UTF-8: the server refuses the input if they are not.
  case text([UInt8])
  /// Two texts that belong together.
  case pair(query: [UInt8], document: [UInt8])
  /// Token ids, used as they are.
  case ids([UInt32])

  /// The input as the client library takes it.
  package var wire: Input {
    switch self {
    case .text(let bytes): .text(utf8: bytes)
    case .pair(let query, let document): .pair(query: query, document: document)
    case .ids(let ids): .ids(ids)
    }
  }

  /// What a document is to answer; empty for what is no pair.
  package var query: [UInt8] {
    if case .pair(let query, _) = self { query } else { [] }
  }

  /// The document of a pair, or the text; empty for token ids.
  package var document: [UInt8] {
    switch self {
    case .text(let bytes), .pair(_, let bytes): bytes
    case .ids: []
    }
  }

  /// Its kind, of which a call may take only some.
  package var kind: InputKinds {
    switch self {
    case .text: .text
    case .pair: .pair
    case .ids: .ids
    }
  }
}

/// An input, or why its line is none. Such a line keeps its index and the others go on.
package typealias InputEntry = Result<InputValue, MillpondError>

/// The kinds of input that a call takes.
package struct InputKinds: OptionSet, Sendable, Hashable {
  package let rawValue: UInt8

  package init(rawValue: UInt8) { self.rawValue = rawValue }

  package static let text = InputKinds(rawValue: 1)
  package static let pair = InputKinds(rawValue: 2)
  package static let ids = InputKinds(rawValue: 4)
  package static let all: InputKinds = [.text, .pair, .ids]

  /// The entry itself, or INVALID_ARGUMENT if its kind is none of these.
  ///
  /// - Parameter call: the call's name for the message: "embed".
  package func check(_ entry: InputEntry, for call: String) -> InputEntry {
    guard case .success(let value) = entry, !contains(value.kind) else { return entry }
    return .failure(
      MillpondError(.invalidArgument, "\(call) takes \(names), not \(value.kind.names)"))
  }

  private var names: String {
    var names: [String] = []
    if contains(.text) { names.append("a text") }
    if contains(.pair) { names.append("a query with a document") }
    if contains(.ids) { names.append("token ids") }
    guard names.count > 1, let last = names.last else { return names.joined() }
    return names.dropLast().joined(separator: ", ") + " or " + last
  }
}

/// A contiguous slice of a command's inputs, sent as one call.
package struct InputSlice: Sendable, Equatable {
  /// Index of its first input, counted from 0 over all inputs of the command.
  package var firstIndex: Int
  package var entries: [InputEntry]
  /// Bytes of the command's input up to the end of this slice.
  package var endByte: Int

  package init(firstIndex: Int, entries: [InputEntry], endByte: Int) {
    self.firstIndex = firstIndex
    self.entries = entries
    self.endByte = endByte
  }
}
