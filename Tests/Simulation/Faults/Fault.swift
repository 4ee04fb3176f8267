/// What goes wrong, or is done to the workers. Times are nanoseconds.
package enum Fault: Sendable {
  /// The process dies with all that it has; it may come back, with another fingerprint.
  case crash(worker: Int, losesAnswers: Bool, restartAfter: Int64?, fingerprint: String?)
  /// Nothing comes from it and it computes nothing, then it goes on.
  case freeze(worker: Int, for: Int64)
  case slow(worker: Int, factor: Double, for: Int64)
  /// Nothing arrives in one or both directions; the coordinator may give the link up meanwhile.
  case partition(worker: Int, to: Bool, from: Bool, for: Int64, lostAfter: Int64?)
  /// It takes nothing more, answers what it has, and ends; it may come back.
  case drain(worker: Int, restartAfter: Int64?, fingerprint: String?)
  case add(WorkerProfile)
  case remove(worker: Int)
  case prefer(String?)
  /// It answers all pieces in that way for a time.
  case behave(worker: Int, as: Behaviour, for: Int64)
  /// Another coordinator sends it that much work.
  case foreignWork(worker: Int, cost: Int64)

  package enum Behaviour: Sendable {
    case normal
    case refuses(retryAfter: Int64)
    case fails
    /// It says another fingerprint than it told.
    case lies
  }
}
