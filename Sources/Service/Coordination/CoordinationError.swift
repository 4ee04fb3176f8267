/// Why a coordinator or a worker could not start, or an operator's wish not be done.
package struct CoordinationError: Error, Sendable, Equatable {
  package enum Code: Sendable {
    /// The worker's program is missing or not executable.
    case programMissing
    /// A worker ended before it was ready; it said why on standard error.
    case workerNotStarted
    /// The coordinator's own address cannot be had.
    case addressUnavailable
    /// The operator named a model that has no workers of our own, or a worker that is not known.
    case unknownModel
    case unknownWorker
    /// The configuration cannot be read, or read again.
    case configurationUnreadable
  }

  package var code: Code
  /// Names the worker, model or address.
  package var message: String

  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}
