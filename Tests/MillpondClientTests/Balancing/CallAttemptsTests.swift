import MillpondClient
import NIOCore
import Testing
import Wire

@Suite("Attempts of a call")
struct CallAttemptsTests {
  private let now = NIODeadline.uptimeNanoseconds(7_000_000_000)
  private let ids: [AddressBook.ID]
  private var budget = RetryBudget()

  init() {
    var book = AddressBook(connectionsMax: 3)
    var generator = SeededGenerator()
    _ = book.update((1...3).map { ServerAddress(host: "h", port: $0) }, using: &generator)
    ids = book.activeIDs
  }

  private mutating func next(
    _ attempts: inout CallAttempts, _ failure: AttemptFailure, at server: Int = 0,
    others: Bool = true
  ) -> CallAttempts.Next {
    attempts.failed(failure, at: ids[server], now: now, budget: &budget, chance: 0.5) { _, _ in
      others
    }
  }

  @Test(
    "statuses are told apart by what can be done about them",
    arguments: [
      (Status(.unavailable, reason: .draining, ""), .unread, .lost),
      (Status(.unavailable, reason: .warmingUp, ""), .unavailable, .lost),
      (Status(.resourceExhausted, "", isRetryable: true), .overloaded, .overloaded),
      (Status(.resourceExhausted, ""), .final, .final), (Status(.internal, ""), .final, .final),
      (Status(.invalidArgument, "", isRetryable: true), .final, .final),
      (Status(.failedPrecondition, ""), .final, .final),
      (Status(.deadlineExceeded, ""), .final, .final), (Status(.cancelled, ""), .final, .final),
    ] as [(Status, AttemptFailure, AttemptFailure)])
  func failures(status: Status, answered: AttemptFailure, lost: AttemptFailure) {
    #expect(AttemptFailure(answer: status) == answered)
    #expect(AttemptFailure(noAnswer: status, wasRead: true) == lost)
    if status.code == .unavailable {
      #expect(AttemptFailure(noAnswer: status, wasRead: false) == .unread)
    }
  }

  @Test("what nobody read is sent again, without a retry, a bounded number of times")
  mutating func resend() {
    var attempts = CallAttempts(deadline: nil)
    for _ in 0..<CallAttempts.resendsMax { #expect(next(&attempts, .unread) == .resend) }
    #expect(attempts.avoided.isEmpty)
    #expect(next(&attempts, .unread) == .give)
    var left = 0
    while budget.takeRetry(now: now) { left += 1 }
    #expect(left == 100)
  }

  @Test("what was lost or refused is retried twice, later and later, elsewhere")
  mutating func retry() {
    for failure in [AttemptFailure.lost, .unavailable] {
      var attempts = CallAttempts(deadline: nil)
      #expect(next(&attempts, failure, at: 0) == .retry(after: .milliseconds(10)))
      #expect(attempts.avoided == [ids[0]])
      #expect(attempts.isElsewhereOnly == (failure == .unavailable))
      #expect(next(&attempts, failure, at: 1) == .retry(after: .milliseconds(20)))
      #expect(attempts.avoided == [ids[0], ids[1]])
      #expect(next(&attempts, failure, at: 2) == .give)
    }
  }

  @Test("without another server a refusal is the answer, a lost call goes back to the same")
  mutating func alone() {
    var attempts = CallAttempts(deadline: nil)
    #expect(next(&attempts, .unavailable, others: false) == .give)
    #expect(next(&attempts, .overloaded, others: false) == .give)
    #expect(next(&attempts, .lost, others: false) == .retry(after: .milliseconds(10)))
  }

  @Test("an overloaded server's call goes to one other")
  mutating func overloaded() {
    var attempts = CallAttempts(deadline: nil)
    #expect(next(&attempts, .overloaded, at: 0) == .retry(after: .milliseconds(10)))
    #expect(attempts.isElsewhereOnly)
    #expect(next(&attempts, .overloaded, at: 1) == .give)
  }

  @Test("what must not be done twice is sent again only where nobody read it")
  mutating func once() {
    for failure in [AttemptFailure.lost, .unavailable, .overloaded, .final] {
      var attempts = CallAttempts(deadline: nil, isOnce: true)
      #expect(next(&attempts, failure) == .give)
    }
    var attempts = CallAttempts(deadline: nil, isOnce: true)
    #expect(next(&attempts, .unread) == .resend)
    attempts.progressed()
    #expect(next(&attempts, .lost) == .give)
  }

  @Test("the caller's own errors are given at once")
  mutating func final() {
    var attempts = CallAttempts(deadline: nil)
    #expect(next(&attempts, .final) == .give)
  }

  @Test("no retry begins after the deadline")
  mutating func deadline() {
    var attempts = CallAttempts(deadline: now + .milliseconds(30))
    #expect(next(&attempts, .lost, at: 0) == .retry(after: .milliseconds(10)))
    var late = CallAttempts(deadline: now + .milliseconds(10))
    #expect(next(&late, .lost) == .give)
  }

  @Test("no retry goes over the budget")
  mutating func budgetSpent() {
    while budget.takeRetry(now: now) {}
    var attempts = CallAttempts(deadline: nil)
    #expect(next(&attempts, .lost) == .give)
    #expect(next(&attempts, .unread) == .resend)
  }

  @Test("a watch that goes on has all its attempts again")
  mutating func progressed() {
    var attempts = CallAttempts(deadline: nil)
    for server in 0..<2 { _ = next(&attempts, .unavailable, at: server) }
    attempts.progressed()
    #expect(attempts.avoided.isEmpty)
    #expect(next(&attempts, .unavailable) == .retry(after: .milliseconds(10)))
  }
}
