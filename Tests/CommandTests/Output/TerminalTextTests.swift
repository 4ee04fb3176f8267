import CommandSupport
import Testing

@Suite("Text for terminals")
struct TerminalTextTests {
  @Test(
    "control characters and direction marks are escaped",
    arguments: [
      ("plain é 日本", "plain é 日本"), ("a\tb\r\n", #"a\tb\r\n"#), ("\u{1B}[31m", #"\u{1b}[31m"#),
      ("\u{0}\u{7F}\u{9B}", #"\u{0}\u{7f}\u{9b}"#), ("a\u{202E}b", #"a\u{202e}b"#),
      ("\u{2028}", #"\u{2028}"#), ("\u{2066}", #"\u{2066}"#), ("\u{E0041}", #"\u{e0041}"#),
    ])
  func escapes(text: String, expected: String) {
    #expect(TerminalText.escaped(text) == expected)
  }

  @Test(
    "a text is cut at the columns, with an ellipsis in the last",
    arguments: [
      ("abcdef", 6, "abcdef"), ("abcdef", 5, "abcd…"), ("abcdef", 1, "…"), ("abcdef", 0, ""),
      ("日本語", 6, "日本語"), ("日本語", 5, "日本…"), ("日本語", 4, "日…"),
      ("ab\ncd", 4, "ab…"), ("e\u{301}e\u{301}", 2, "e\u{301}e\u{301}"),
    ])
  func cuts(text: String, columns: Int, expected: String) {
    let cut = TerminalText.escaped(text, columnsMax: columns)
    #expect(cut == expected)
    #expect(TerminalText.columns(of: cut) <= columns)
  }

  @Test("bytes that are no UTF-8 are shown as the replacement character")
  func bytes() {
    #expect(TerminalText.escaped(utf8: [0x61, 0xFF, 0x62], columnsMax: 10) == "a\u{FFFD}b")
  }

  @Test("of a long text no more than its start is shown")
  func longBytes() {
    let bytes = [UInt8](repeating: 0x61, count: 1 << 20)
    #expect(TerminalText.escaped(utf8: bytes, columnsMax: 4) == "aaa…")
  }
}

@Suite("Numbers for people")
struct NumberTextTests {
  @Test(
    "fixed digits, rounded half away from zero",
    arguments: [
      (0.125, 2, "0.13"), (-0.125, 2, "-0.13"), (-0.001, 2, "0.00"), (12.0, 0, "12"),
      (99.999, 2, "100.00"), (1e300, 2, "1e+300"), (.nan, 2, "nan"), (-.infinity, 2, "-inf"),
    ])
  func fixed(value: Double, digits: Int, expected: String) {
    #expect(NumberText.fixed(value, digits) == expected)
  }

  @Test(
    "counts have commas",
    arguments: [
      (0, "0"), (999, "999"), (1_000, "1,000"), (-1_234_567, "-1,234,567"),
    ])
  func grouped(value: Int, expected: String) {
    #expect(NumberText.grouped(value) == expected)
  }

  @Test("bytes and times are in the unit that suits them")
  func units() {
    #expect(NumberText.bytes(1_023) == "1023 B")
    #expect(NumberText.bytes(123_456_789) == "117.7 MiB")
    #expect(NumberText.duration(.microseconds(850)) == "850 µs")
    #expect(NumberText.duration(.milliseconds(12)) == "12.0 ms")
    #expect(NumberText.duration(.seconds(250)) == "4 min 10 s")
    #expect(NumberText.duration(.seconds(7_500)) == "2 h 5 min")
  }

  @Test(
    "a bar is as long as its fraction",
    arguments: [
      (Float(0), ""), (1, "████"), (0.5, "██"), (0.28, "█▏"), (2, "████"), (-1, ""), (.nan, ""),
    ])
  func bars(fraction: Float, expected: String) {
    #expect(NumberText.bar(fraction, columns: 4) == expected)
  }
}
