import Status
import Testing

@Suite("Prometheus text")
struct PrometheusTextTests {
  @Test("a name has HELP and TYPE once, before its samples")
  func families() {
    var text = PrometheusText()
    text.counter("a_total", "Things.", labels: [("kind", "x")], 1)
    text.counter("a_total", "Things.", labels: [("kind", "y"), ("code", "OK")], UInt64.max)
    text.gauge("b", "A \\ and a\nline.", -3)
    text.gauge("c", "Yes or no.", true)
    #expect(
      text.text == #"""
        # HELP a_total Things.
        # TYPE a_total counter
        a_total{kind="x"} 1
        a_total{kind="y",code="OK"} 18446744073709551615
        # HELP b A \\ and a\nline.
        # TYPE b gauge
        b -3
        # HELP c Yes or no.
        # TYPE c gauge
        c 1

        """#)
  }

  @Test(
    "numbers are the shortest that read back, and those that are none are named",
    arguments: [
      (0, "0"), (1, "1"), (0.1, "0.1"), (1e-9, "1e-09"), (123_456_789.25, "123456789.25"),
      (1e300, "1e+300"), (-0.0, "-0"), (.nan, "NaN"), (.infinity, "+Inf"), (-.infinity, "-Inf"),
    ] as [(Double, String)])
  func numbers(value: Double, text: String) {
    var written = PrometheusText()
    written.gauge("g", "G.", value)
    #expect(written.text.hasSuffix("\ng \(text)\n"))
  }

  @Test("a label's value can neither end itself nor its line, whatever is in it")
  func escapes() {
    var text = PrometheusText()
    let bytes: [UInt8] = [0x61, 0x22, 0x5C, 0x0A, 0x00, 0x0D, 0xFF, 0xC3, 0xA9]
    text.gauge("g", "G.", labels: [("l", String(decoding: bytes, as: UTF8.self))], 1)
    let lines = text.bytes.split(separator: 0x0A)
    #expect(lines.count == 3)
    #expect(
      lines.last.map { Array($0) }
        == Array("g{l=\"a\\\"\\\\\\n\u{0}\u{D}\u{FFFD}é\"} 1".utf8))
  }

  @Test("a histogram is cumulative and ends with +Inf, sum and count")
  func histogram() {
    var histogram = Histogram(HistogramBounds([0.5, 1, 2.5]))
    for value in [0.1, 0.5, 0.6, 2.5, 9, -1, .nan] { histogram.observe(value) }
    var text = PrometheusText()
    text.histogram("h_seconds", "H.", labels: [("stage", "queue")], histogram)
    text.histogram("h_seconds", "H.", Histogram(HistogramBounds([1])))
    #expect(
      text.text == #"""
        # HELP h_seconds H.
        # TYPE h_seconds histogram
        h_seconds_bucket{stage="queue",le="0.5"} 3
        h_seconds_bucket{stage="queue",le="1"} 4
        h_seconds_bucket{stage="queue",le="2.5"} 5
        h_seconds_bucket{stage="queue",le="+Inf"} 6
        h_seconds_sum{stage="queue"} 12.7
        h_seconds_count{stage="queue"} 6
        h_seconds_bucket{le="1"} 0
        h_seconds_bucket{le="+Inf"} 0
        h_seconds_sum 0
        h_seconds_count 0

        """#)
  }
}
