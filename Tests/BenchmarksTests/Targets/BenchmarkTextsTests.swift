import Benchmarks
import Testing

@Suite("Texts of a benchmark")
struct BenchmarkTextsTests {
  @Test("strings and id lists are read; the last line end ends a line")
  func lines() throws {
    let bytes = Array("\"a\\u00e9\"\n[101, 7, 102]\n\"\"\n".utf8)
    #expect(
      try BenchmarkTexts.parse(bytes, fileName: "f")
        == [.text(Array("aé".utf8)), .ids([101, 7, 102]), .text([])])
  }

  @Test(
    "another line is refused with file and line",
    arguments: ["{\"query\":\"a\",\"document\":\"b\"}", "", "7", "[1.5]", "[4294967296]", "\"open"])
  func refused(line: String) {
    let bytes = Array("\"fine\"\n\(line)\n".utf8)
    #expect(
      throws: BenchmarksError(
        .invalidInput, "f, line 2: it is neither a JSON string nor an array of token ids")
    ) { try BenchmarkTexts.parse(bytes, fileName: "f") }
  }

  @Test("a file without lines is refused")
  func empty() {
    #expect(throws: BenchmarksError(.invalidInput, "f: no lines")) {
      try BenchmarkTexts.parse([], fileName: "f")
    }
  }

  @Test("a file that is not there is refused by name")
  func missing() {
    #expect(throws: BenchmarksError(.invalidInput, "/nowhere: No such file or directory")) {
      try BenchmarkTexts.read("/nowhere")
    }
  }
}
