import MillpondClient
import NIOCore
import Testing

@Suite("Retry budget")
struct RetryBudgetTests {
  private let start = NIODeadline.uptimeNanoseconds(5_000_000_000)

  private func takeAll(_ budget: inout RetryBudget, now: NIODeadline) -> Int {
    var count = 0
    while budget.takeRetry(now: now) { count += 1 }
    return count
  }

  @Test("few calls have ten retries a second")
  func least() {
    var budget = RetryBudget()
    budget.callStarted(now: start)
    #expect(takeAll(&budget, now: start) == 100)
    #expect(takeAll(&budget, now: start + .seconds(9)) == 0)
    #expect(takeAll(&budget, now: start + .seconds(10)) == 100)
  }

  @Test("many calls have a fifth of theirs")
  func share() {
    var budget = RetryBudget()
    for second in 0..<10 as Range<Int64> {
      for _ in 0..<1_000 { budget.callStarted(now: start + .seconds(second)) }
    }
    let now = start + .seconds(9)
    #expect(takeAll(&budget, now: now) == 2_000)
    // A second on, the first thousand is out of the window: 9,000 calls had 2,000 retries.
    #expect(takeAll(&budget, now: now + .seconds(1)) == 0)
  }

  @Test("calls of longer ago do not count, after a long silence neither")
  func window() {
    var budget = RetryBudget()
    for _ in 0..<10_000 { budget.callStarted(now: start) }
    #expect(takeAll(&budget, now: start + .seconds(1_000_000)) == 100)
  }
}
