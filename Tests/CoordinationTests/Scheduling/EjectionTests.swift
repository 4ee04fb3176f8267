import Coordination
import Testing

@Suite("Whether a worker is left alone")
struct EjectionTests {
  private let second: Int64 = 1_000_000_000

  private func losses(_ ejection: inout Ejection, _ count: Int, now: Int64) -> [Bool] {
    (0..<count).map { _ in
      ejection.lostConnection(now: now, isAllowed: true, jitter: 0.5)
    }
  }

  @Test("three lost connections in a row, and no fewer")
  func losses() {
    var ejection = Ejection()
    #expect(losses(&ejection, 2, now: 0) == [false, false])
    ejection.succeeded()
    #expect(losses(&ejection, 3, now: 0) == [false, false, true])
    #expect(ejection.isEjected(now: 5 * second - 1))
    #expect(!ejection.isEjected(now: 5 * second))
  }

  @Test("five faults in a row")
  func faults() {
    var ejection = Ejection()
    let faults = (0..<5).map { _ in ejection.faulted(now: 0, isAllowed: true, jitter: 0.5) }
    #expect(faults == [false, false, false, false, true])
  }

  @Test("twice as long each time, up to five minutes, until it answers")
  func longer() {
    var ejection = Ejection()
    var now: Int64 = 0
    for seconds: Int64 in [5, 10, 20, 40, 80, 160, 300, 300] {
      _ = losses(&ejection, 3, now: now)
      #expect(ejection.isEjected(now: now + seconds * second - 1))
      now += seconds * second
      #expect(!ejection.isEjected(now: now) && ejection.isOnTrial(now: now))
    }
    ejection.succeeded()
    #expect(!ejection.isOnTrial(now: now))
    _ = losses(&ejection, 3, now: now)
    #expect(!ejection.isEjected(now: now + 5 * second))
  }

  @Test("on trial one fault is enough")
  func trial() {
    var ejection = Ejection()
    _ = losses(&ejection, 3, now: 0)
    let isEjected = ejection.faulted(now: 6 * second, isAllowed: true, jitter: 0.5)
    #expect(isEjected)
  }

  @Test("not where no more may be left alone")
  func refused() {
    var ejection = Ejection()
    let losses = (0..<9).map { _ in
      ejection.lostConnection(now: 0, isAllowed: false, jitter: 0.5)
    }
    #expect(!losses.contains(true) && !ejection.isEjected(now: 0))
  }

  @Test("a tenth more or less by chance", arguments: [(0.0, 4.5), (1, 5.5)])
  func jitter(jitter: Double, seconds: Double) {
    var ejection = Ejection()
    for _ in 0..<3 { _ = ejection.lostConnection(now: 0, isAllowed: true, jitter: jitter) }
    let end = Int64(seconds * 1e9)
    #expect(ejection.isEjected(now: end - 1_000) && !ejection.isEjected(now: end + 1_000))
  }
}
