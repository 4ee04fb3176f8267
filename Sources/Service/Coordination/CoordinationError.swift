/// Why a coordinator or a worker could not start.
package struct CoordinationError: Error, Sendable, Equatable {
  package enum Code: Sendable {
    /// The worker's program is missing or not executable.
    case programMissing
    /// A worker ended before it was ready; it said why on standard error.
    case workerNotStarted
    /// The coordinator's own address cannot be had.
    case addressUnavailable
  }

  package var code: Code
  /// Names the worker, model or address.
  package var message: String

  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}
