package import JSON
package import MillpondClient

/// Turns answers into what the command prints. A value without I/O: it appends to a page.
package protocol AnswerReport<Value> {
  associatedtype Value: Sendable

  /// Whether rows come with the answers; else all of them come at the end.
  var isStreaming: Bool { get }

  /// Takes the answer for one input, in input order, and appends what is to be printed now.
  mutating func add(
    index: Int, entry: InputEntry, result: Result<Value, MillpondError>, to page: inout [UInt8])

  /// All inputs were taken; appends what remains to be printed.
  mutating func finish(_ page: inout [UInt8])
}

extension AnswerReport {
  package var isStreaming: Bool { true }

  package mutating func finish(_ page: inout [UInt8]) {}
}

/// A value that a command can print.
package protocol PrintableAnswer: Sendable {
  /// Whether all its numbers are finite. A value with others counts as INTERNAL for its input.
  var isFinite: Bool { get }

  /// Writes the members of its JSON object that follow "index".
  func writeMembers(_ writer: inout JSONWriter)
}

extension PrintableAnswer {
  /// The value, or INTERNAL if one of its numbers is not finite: JSON has no such numbers.
  package static func checked(_ result: Result<Self, MillpondError>) -> Result<Self, MillpondError>
  {
    guard case .success(let value) = result, !value.isFinite else { return result }
    return .failure(MillpondError(.internal, "the model's answer has a number that is not finite"))
  }
}
