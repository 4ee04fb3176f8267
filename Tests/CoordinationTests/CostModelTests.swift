import Coordination
import Testing
import Wire

@Suite("Predicted cost")
struct CostModelTests {
  @Test("follows what workers report within a few pieces")
  func learns() {
    var model = CostModel()
    for _ in 0..<30 {
      model.observe(byteCount: 1_000, inputCount: 0, computeNanoseconds: 5_000_000)
    }
    let cost = model.cost(byteCount: 992)
    #expect(abs(cost - 5_000_000) < 50_000)
  }

  @Test("takes a worker's own figures only before the first answer")
  func seeding() {
    var model = CostModel()
    model.seed(from: LoadReport(tokenNanoseconds: 100_000, tokensPerKilobyte: 250))
    let seeded = model.cost(byteCount: 992)
    #expect(seeded == 25_000_000)
    model.observe(byteCount: 992, inputCount: 1, computeNanoseconds: 1_000_000)
    model.seed(from: LoadReport(tokenNanoseconds: 100_000, tokensPerKilobyte: 250))
    #expect(model.cost(byteCount: 992) < seeded)
  }

  @Test("is not moved by an empty piece")
  func empty() {
    var model = CostModel()
    let before = model
    model.observe(byteCount: 0, inputCount: 0, computeNanoseconds: 5)
    model.observe(byteCount: 10, inputCount: 1, computeNanoseconds: 0)
    #expect(model == before)
  }
}

@Suite("Waiting before the next try")
struct BackoffTests {
  @Test("doubles up to its bound, and starts over after a reset")
  func doubles() {
    var backoff = Backoff(first: .milliseconds(100), max: .seconds(1))
    let waits = (0..<6).map { _ in backoff.next(jitter: 0.5) }
    #expect(
      waits
        == [100, 200, 400, 800, 1_000, 1_000].map { Duration.milliseconds($0) })
    backoff.reset()
    #expect(backoff.next(jitter: 0.5) == .milliseconds(100))
  }

  @Test("varies by a fifth to either side")
  func jitter() {
    var low = Backoff()
    var high = Backoff()
    let (shortest, longest) = (low.next(jitter: 0), high.next(jitter: 1))
    #expect(shortest > .milliseconds(79) && shortest < .milliseconds(81))
    #expect(longest > .milliseconds(119) && longest < .milliseconds(121))
  }
}
