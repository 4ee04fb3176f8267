import Status
import Testing

@Suite("Histograms")
struct HistogramTests {
  @Test("a bound belongs to the bucket below it")
  func bounds() {
    var histogram = Histogram(.latency)
    for bound in histogram.bounds.upper { histogram.observe(bound) }
    #expect(histogram.counts == Array(repeating: 1, count: 16) + [0])
    histogram.observe(61)
    histogram.observe(.infinity)
    #expect(histogram.counts.last == 2)
    #expect(histogram.count == 18)
  }

  @Test("histograms of equal bounds add up, and one can be made of counts")
  func sums() {
    var histogram = Histogram(.inputs)
    histogram.observe(1)
    histogram.observe(512)
    histogram.observe(600)
    let counted = Histogram(
      .inputs, counts: [1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1], sum: 1_113)
    #expect(histogram == counted)
    histogram.add(counted)
    #expect(histogram.count == 6)
    #expect(histogram.sum == 2_226)
  }

  @Test("token bounds are powers of two up to 131,072")
  func tokens() {
    #expect(HistogramBounds.tokens.upper.first == 1)
    #expect(HistogramBounds.tokens.upper.last == 131_072)
  }
}
