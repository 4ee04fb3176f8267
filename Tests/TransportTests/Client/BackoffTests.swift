import NIOCore
import Testing
import Transport

@Suite("Back-off")
struct BackoffTests {
  private func milliseconds(_ backoff: Backoff, chance: Double, count: Int) -> [Int64] {
    var backoff = backoff
    return (0..<count).map { _ in backoff.next(chance: chance).nanoseconds / 1_000_000 }
  }

  @Test("it doubles up to its limit, and begins anew")
  func doubling() {
    #expect(milliseconds(.retry, chance: 0.5, count: 7) == [10, 20, 40, 80, 160, 250, 250])
    #expect(
      milliseconds(.reconnect, chance: 0.5, count: 8)
        == [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000])
    var backoff = Backoff.retry
    for _ in 0..<100 { _ = backoff.next(chance: 1) }
    backoff.reset()
    #expect(backoff == .retry)
  }

  @Test("chance moves it by a fifth to either side")
  func jitter() {
    #expect(milliseconds(.reconnect, chance: 0, count: 2) == [80, 160])
    #expect(milliseconds(.reconnect, chance: 1, count: 2) == [120, 240])
  }
}
