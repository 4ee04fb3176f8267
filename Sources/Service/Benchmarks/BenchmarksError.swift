/// Why a benchmark gives no figure.
package struct BenchmarksError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What the caller can do about it.
  package enum Code: Sendable, Equatable {
    /// A file or an option is wrong.
    case invalidInput
    /// The target holds too much work: the same call may succeed later.
    case overloaded
    /// The target failed a call or an input.
    case callFailed
    /// No server answers at the address.
    case unreachable
    /// A program that is measured could not be started, or ended before it was ready.
    case notStarted
  }

  /// What the caller can do about it.
  package var code: Code
  /// For a person: names the file, the line or the program.
  package var message: String
  /// How long an overloaded target asks to be left alone.
  package var retryAfter: Duration

  /// An error.
  package init(_ code: Code, _ message: String, retryAfter: Duration = .zero) {
    self.code = code
    self.message = message
    self.retryAfter = retryAfter
  }

  package var description: String { message }
}
