import CommandSupport
import Testing

@Suite("Line splitter")
struct LineSplitterTests {
  private static let cases: [(input: String, lines: [String])] = [
    ("", []), ("\n", [""]), ("a", ["a"]), ("a\n", ["a"]), ("a\nb", ["a", "b"]),
    ("a\n\nb\n", ["a", "", "b"]), ("\n\n", ["", ""]), ("a\r\nb\r\n", ["a", "b"]),
    ("a\r\r\n", ["a\r"]), ("\r\n", [""]), ("\r", ["\r"]), ("a\r", ["a\r"]), ("a\rb\n", ["a\rb"]),
    (" a \n\tb\n", [" a ", "\tb"]), ("a\u{0}b\n", ["a\u{0}b"]), ("a\u{2028}b\n", ["a\u{2028}b"]),
  ]

  private func lines(
    of bytes: [UInt8], chunk: Int, byteCountMax: Int = 100
  ) -> [LineSplitter.Line] {
    var splitter = LineSplitter(byteCountMax: byteCountMax)
    var lines: [LineSplitter.Line] = []
    for start in stride(from: 0, to: bytes.count, by: chunk) {
      let part = Array(bytes[start..<min(start + chunk, bytes.count)])
      part.withUnsafeBytes { splitter.push($0, into: &lines) }
    }
    if let last = splitter.finish() { lines.append(last) }
    return lines
  }

  @Test("lines end at LF, with one CR before it dropped, wherever reads are cut")
  func rules() {
    for (input, expected) in Self.cases {
      for chunk in 1...8 {
        let lines = lines(of: Array(input.utf8), chunk: chunk)
        #expect(lines == expected.map { .whole(Array($0.utf8)) }, "\(input.debugDescription)")
      }
    }
  }

  @Test("bytes that are no UTF-8 stay as they are")
  func rawBytes() {
    #expect(lines(of: [0xFF, 0x0A, 0xC3], chunk: 2) == [.whole([0xFF]), .whole([0xC3])])
  }

  @Test("a line over the limit is read past, and the next ones are whole", arguments: 1...9)
  func tooLong(chunk: Int) {
    let lines = lines(
      of: Array("12345\n123456\r\n12345\r\n123".utf8), chunk: chunk, byteCountMax: 5)
    #expect(
      lines == [
        .whole(Array("12345".utf8)), .tooLong(byteCount: 6), .whole(Array("12345".utf8)),
        .whole(Array("123".utf8)),
      ])
  }

  @Test("a last line over the limit is reported too")
  func tooLongAtEnd() {
    #expect(lines(of: Array("123456".utf8), chunk: 4, byteCountMax: 5) == [.tooLong(byteCount: 6)])
  }
}
