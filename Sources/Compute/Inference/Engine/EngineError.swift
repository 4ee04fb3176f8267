/// Why a call, or one input of it, has no result.
///
/// Messages name limits, counts, files and labels; they never hold a caller's text.
package struct EngineError: Error, Sendable, Equatable {
  /// What the caller can do about it: gRPC's names.
  package enum Code: Sendable, Equatable {
    /// The call or input is wrong and stays wrong.
    case invalidArgument
    /// The model cannot do what was asked.
    case failedPrecondition
    /// The engine holds too much work. `retryAfter` says when to come back.
    case resourceExhausted
    /// Nobody waits for the answer any more.
    case deadlineExceeded
    /// The caller cancelled the call.
    case cancelled
    /// The engine is warming up or draining; another one may serve the call.
    case unavailable
    /// Our fault: a computation failed or gave a number that is not finite.
    case `internal`
    /// The engine could not start: message names the file and key.
    case startUp
  }

  /// Tells apart what shares a code.
  package enum Reason: Sendable, Equatable {
    /// Nothing beyond the code.
    case none
    /// The queue is full.
    case overloaded
    /// `warmUp()` has not returned.
    case warmingUp
    /// `shutDown()` was called.
    case draining
    /// The input has more tokens than the limit and truncation is off.
    case tooLong
    /// The text is not UTF-8.
    case invalidUTF8
    /// The model's task is another one.
    case wrongTask
    /// The call is larger than this engine ever takes.
    case callTooLarge
  }

  /// What the caller can do about it.
  package var code: Code
  /// Tells apart what shares a code.
  package var reason: Reason
  /// For a person: the culprit with limit and actual value.
  package var message: String
  /// When an overloaded engine expects to have room again, else nil.
  package var retryAfter: Duration?
  /// The 0-based input at fault, or nil when it is the call.
  package var index: Int?

  /// An error of a call, or of the input at `index`.
  package init(
    _ code: Code, reason: Reason = .none, _ message: String, retryAfter: Duration? = nil,
    index: Int? = nil
  ) {
    self.code = code
    self.reason = reason
    self.message = message
    self.retryAfter = retryAfter
    self.index = index
  }

  /// The same error, laid at the door of the input at `index`.
  func at(_ index: Int) -> EngineError {
    var copy = self
    copy.index = index
    return copy
  }
}
