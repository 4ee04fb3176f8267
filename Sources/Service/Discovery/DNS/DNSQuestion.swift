/// The records that are asked for, by their numbers (RFC 1035, 3596, 2782).
package enum DNSRecordType: UInt16, Sendable, Hashable {
  case a = 1
  case aaaa = 28
  case srv = 33
}

/// What DNS is asked.
package struct DNSQuestion: Sendable, Hashable, CustomStringConvertible {
  package var name: DNSName
  package var type: DNSRecordType

  package init(_ name: DNSName, _ type: DNSRecordType) {
    self.name = name
    self.type = type
  }

  /// For messages: "a.example AAAA".
  package var description: String { "\(name.text) \("\(type)".uppercased())" }

  /// What gives every address of a name.
  static func addresses(of name: DNSName) -> [DNSQuestion] {
    [DNSQuestion(name, .a), DNSQuestion(name, .aaaa)]
  }
}

/// What came of a question.
package enum DNSAnswer: Sendable, Equatable {
  /// At least one record, perhaps none of the type that was asked for.
  case message(DNSMessage)
  /// The name has no records of this type.
  case noData
  /// There is no such name.
  case noSuchName
  /// Nothing is known, and why.
  case unavailable(String)
}
