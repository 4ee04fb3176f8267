import Status
import Testing

@Suite("Rolling percentiles")
struct RollingPercentilesTests {
  private static let second: UInt64 = 1_000_000_000
  /// Half the distance of two buckets, and a little for rounding.
  private static let tolerance = 0.0101

  private func isClose(_ value: Double, _ expected: Double) -> Bool {
    abs(value / expected - 1) <= Self.tolerance
  }

  @Test("nothing observed is no time at all")
  func empty() {
    let percentiles = RollingPercentiles()
    #expect(percentiles.summary(now: 0) == .init(count: 0, median: 0, p99: 0))
  }

  @Test(
    "one value is found within 1 % over the whole range",
    arguments: [1e-6, 1.7e-6, 0.000_3, 0.004_2, 0.1, 1, 7.77, 99.9])
  func precision(value: Double) {
    var percentiles = RollingPercentiles()
    percentiles.observe(value, now: 5)
    let summary = percentiles.summary(now: 5)
    #expect(isClose(summary.median, value))
    #expect(isClose(summary.p99, value))
  }

  @Test("median and p99 are those of the nearest ranks")
  func ranks() {
    var percentiles = RollingPercentiles()
    // Spread over three seconds; the order does not matter.
    for index in 1...1_000 {
      percentiles.observe(Double(index) * 0.001, now: UInt64(index % 3) * Self.second)
    }
    let summary = percentiles.summary(now: 2 * Self.second)
    #expect(summary.count == 1_000)
    #expect(isClose(summary.median, 0.5))
    #expect(isClose(summary.p99, 0.99))
  }

  @Test("what is older than ten seconds is forgotten, also where nothing follows")
  func window() {
    var percentiles = RollingPercentiles()
    percentiles.observe(1, now: 100 * Self.second)
    percentiles.observe(2, now: 104 * Self.second)
    #expect(percentiles.summary(now: 109 * Self.second).count == 2)
    #expect(percentiles.summary(now: 110 * Self.second - 1).count == 2)
    let later = percentiles.summary(now: 110 * Self.second)
    #expect(later.count == 1)
    #expect(isClose(later.median, 2))
    #expect(percentiles.summary(now: 114 * Self.second).count == 0)
  }

  @Test("a slot is cleared when its second comes round again")
  func ring() {
    var percentiles = RollingPercentiles()
    for index in 0..<35 as Range<UInt64> { percentiles.observe(0.5, now: index * Self.second) }
    #expect(percentiles.summary(now: 34 * Self.second).count == 10)
    // Too late to be counted: its slot is another second's.
    percentiles.observe(0.5, now: 3 * Self.second)
    #expect(percentiles.summary(now: 34 * Self.second).count == 10)
  }

  @Test("what is out of range counts as its end, and NaN not at all")
  func range() {
    var percentiles = RollingPercentiles()
    percentiles.observe(-1, now: 0)
    percentiles.observe(0, now: 0)
    percentiles.observe(.nan, now: 0)
    percentiles.observe(.infinity, now: 0)
    let summary = percentiles.summary(now: 0)
    #expect(summary.count == 3)
    #expect(isClose(summary.median, 1e-6))
    #expect(isClose(summary.p99, 100))
  }
}
