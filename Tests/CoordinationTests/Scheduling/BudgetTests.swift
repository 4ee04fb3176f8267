import Coordination
import Testing

@Suite("A budget for extra work")
struct BudgetTests {
  private let second: Int64 = 1_000_000_000

  /// How often one can be taken at that time.
  private func takes(_ budget: inout Budget, now: Int64) -> Int {
    var count = 0
    while budget.take(1, now: now) { count += 1 }
    return count
  }

  @Test("begins with what is saved up in its seconds")
  func start() {
    var budget = Budget(share: 0.2, perSecond: 10, seconds: 10)
    #expect(takes(&budget, now: 0) == 100)
  }

  @Test("allows a little each second however little is asked")
  func perSecond() {
    var budget = Budget(share: 0.2, perSecond: 10, seconds: 10)
    _ = takes(&budget, now: 0)
    #expect(takes(&budget, now: second / 2) == 5)
    #expect(takes(&budget, now: 3 * second) == 25)
  }

  @Test("allows a share of what is asked")
  func share() {
    var budget = Budget(share: 0.2, perSecond: 10, seconds: 10)
    _ = takes(&budget, now: 0)
    budget.asked(100)
    #expect(takes(&budget, now: 0) == 20)
  }

  @Test("saves no more than so much, and is not given time back")
  func bounds() {
    var budget = Budget(share: 0.2, perSecond: 10, seconds: 10)
    for _ in 0..<100_000 { budget.asked(1) }
    #expect(takes(&budget, now: 0) == 1_000)
    _ = budget.take(1, now: 10 * second)
    _ = takes(&budget, now: 10 * second)
    #expect(takes(&budget, now: 5 * second) == 0)
  }
}
