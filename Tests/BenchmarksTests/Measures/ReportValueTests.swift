import Benchmarks
import Testing

@Suite("Numbers of a report")
struct ReportNumberTests {
  @Test(
    "numbers are rounded to significant digits",
    arguments: [
      (12_345.6789, 12_345.7), (0.001234567, 0.00123457), (0, 0), (-98.7654321, -98.7654),
    ])
  func rounded(value: Double, expected: Double) {
    #expect(abs(value.rounded(digits: 6) - expected) <= abs(expected) * 1e-12)
  }

  @Test(
    "thousands are grouped, decimals are kept",
    arguments: [
      (1_234_567.0, 0, "1,234,567"), (999.95, 1, "1,000.0"), (0.05, 2, "0.05"), (-3.14, 1, "-3.1"),
      (-0.01, 1, "0.0"),
    ])
  func grouped(value: Double, decimals: Int, expected: String) {
    #expect(value.grouped(decimals: decimals) == expected)
  }
}
