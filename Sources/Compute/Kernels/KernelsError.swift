/// Why compute could not be set up. Operations themselves do not fail: their shapes are checked
/// by preconditions, since only a bug of ours can make them wrong.
package struct KernelsError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What went wrong.
  package enum Code: Sendable, Equatable {
    /// The name of an instruction set is not one of ours.
    case unknownInstructionSet
    /// The processor lacks an instruction set that was asked for.
    case unsupportedInstructionSet
    /// Memory for weights or scratch could not be had.
    case outOfMemory
  }

  /// What went wrong.
  package var code: Code
  /// One sentence that names the culprit and the limit.
  package var message: String

  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  package var description: String { message }
}
