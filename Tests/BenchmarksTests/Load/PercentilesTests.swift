import Benchmarks
import Testing

@Suite("Percentiles")
struct PercentilesTests {
  @Test(
    "the nearest rank is given",
    arguments: [(0.0, 10.0), (1, 10), (25, 10), (26, 20), (50, 20), (75, 30), (99, 40), (100, 40)])
  func nearestRank(percent: Double, expected: Double) {
    #expect(Percentiles([40, 10, 30, 20])[percent] == expected)
  }

  @Test("p99 of a hundred values is the second largest")
  func ninetyNine() {
    #expect(Percentiles((1...100).map(Double.init))[99] == 99)
  }

  @Test("the median of an even count is between the middle two")
  func median() {
    #expect(Percentiles([1, 2, 4, 100]).median == 3)
    #expect(Percentiles([5, 1, 3]).median == 3)
  }

  @Test("least and largest are given")
  func extremes() {
    #expect(Percentiles([2, 9, 4]).min == 2)
    #expect(Percentiles([2, 9, 4]).max == 9)
  }

  @Test("without values there is no percentile")
  func empty() {
    #expect(Percentiles([])[50] == nil)
    #expect(Percentiles([]).median == nil)
  }
}
