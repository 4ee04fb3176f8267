package import NIOCore
internal import Transport
package import Wire

/// Why one attempt of a call gave no answer, as far as it decides what is done about it.
package enum AttemptFailure: Sendable, Equatable {
  /// The server never read the call, or refused it since it drains.
  case unread
  /// The connection ended under the call: it may have been computed, and may be again.
  case lost
  /// The server answered UNAVAILABLE.
  case unavailable
  /// The server, or its connection, has too much to do.
  case overloaded
  /// It would fail anywhere, or nobody waits any more.
  case final

  /// - Parameter wasRead: false if the server certainly never saw the call; true for its answer.
  package init(answer status: Status) {
    switch status.code {
    case .unavailable: self = status.reason == .draining ? .unread : .unavailable
    case .resourceExhausted: self = status.isRetryable ? .overloaded : .final
    default: self = .final
    }
  }

  /// - Parameter wasRead: false if the server certainly never saw the call.
  package init(noAnswer status: Status, wasRead: Bool) {
    switch status.code {
    case .unavailable: self = wasRead ? .lost : .unread
    case .resourceExhausted: self = status.isRetryable ? .overloaded : .final
    default: self = .final
    }
  }
}

/// One call's attempts, without I/O: whether it is sent again after one failed, and where.
package struct CallAttempts: Sendable {
  /// What to do after an attempt.
  package enum Next: Sendable, Equatable {
    /// Send it again at once: that is no retry.
    case resend
    /// Send it again after so long.
    case retry(after: TimeAmount)
    /// Its error is the call's.
    case give
  }

  /// Retries of one call that are counted, at most.
  package static let retriesMax = 2
  /// Times that a call is sent again since nobody read it, at most.
  package static let resendsMax = 16

  /// Servers that failed the call: others are preferred.
  package private(set) var avoided: [AddressBook.ID] = []
  /// Whether only others will do: those that failed it are there, and would fail it again.
  package private(set) var isElsewhereOnly = false

  private let deadline: NIODeadline?
  private let isOnce: Bool
  private var retries = 0
  private var resends = 0
  private var wasOverloaded = false
  private var backoff = Backoff.retry

  /// - Parameter isOnce: it must not be carried out twice: it is sent again only where no server
  ///   read it.
  package init(deadline: NIODeadline?, isOnce: Bool = false) {
    self.deadline = deadline
    self.isOnce = isOnce
  }

  /// - Parameters:
  ///   - id: the server that was asked.
  ///   - others: says whether a server is left that may take the call; `true` asks for one that
  ///     takes calls now, `false` is content with one that is being connected to.
  ///   - chance: 0…1.
  package mutating func failed(
    _ failure: AttemptFailure, at id: AddressBook.ID, now: NIODeadline, budget: inout RetryBudget,
    chance: Double, others: ([AddressBook.ID], _ openOnly: Bool) -> Bool
  ) -> Next {
    if isOnce, failure != .unread { return .give }
    switch failure {
    case .final: return .give
    case .unread:
      guard resends < Self.resendsMax else { return .give }
      resends += 1
      return .resend
    case .lost:
      avoid(id)
      isElsewhereOnly = false
    case .unavailable:
      avoid(id)
      isElsewhereOnly = true
      guard others(avoided, false) else { return .give }
    case .overloaded:
      avoid(id)
      isElsewhereOnly = true
      guard !wasOverloaded, others(avoided, true) else { return .give }
      wasOverloaded = true
    }
    return retry(now: now, budget: &budget, chance: chance)
  }

  /// A part of a watch came: what failed before counts no more.
  package mutating func progressed() {
    guard retries > 0 || resends > 0 || !avoided.isEmpty else { return }
    self = CallAttempts(deadline: deadline, isOnce: isOnce)
  }

  private mutating func avoid(_ id: AddressBook.ID) {
    if !avoided.contains(id) { avoided.append(id) }
  }

  private mutating func retry(
    now: NIODeadline, budget: inout RetryBudget, chance: Double
  ) -> Next {
    guard retries < Self.retriesMax else { return .give }
    let wait = backoff.next(chance: chance)
    if let deadline, now + wait >= deadline { return .give }
    guard budget.takeRetry(now: now) else { return .give }
    retries += 1
    return .retry(after: wait)
  }
}
