import CommandSupport
import Glibc
import MillpondClient
import Testing

@Suite("Input source", .timeLimit(.minutes(1)))
struct InputSourceTests {
  /// All entries and the indices at which slices begin.
  private func read(_ source: InputSource) async throws -> (entries: [InputEntry], starts: [Int]) {
    var entries: [InputEntry] = []
    var starts: [Int] = []
    while let slice = try await source.next() {
      starts.append(slice.firstIndex)
      entries += slice.entries
    }
    return (entries, starts)
  }

  @Test("a file is read in order over many reads, and its length is known")
  func file() async throws {
    let lines = (0..<20_000).map { "line \($0) " + String(repeating: "x", count: $0 % 50) }
    let bytes = Array(lines.joined(separator: "\n").utf8)
    let file = try TemporaryFile(bytes)
    let source = try InputSource(path: file.path, format: .text)
    #expect(source.byteCount == bytes.count)
    let (entries, starts) = try await read(source)
    #expect(entries == lines.map { .success(.text(Array($0.utf8))) })
    #expect(starts.prefix(3) == [0, 256, 512])
  }

  @Test("an empty file has no inputs")
  func empty() async throws {
    let file = try TemporaryFile([])
    let (entries, _) = try await read(InputSource(path: file.path, format: .json))
    #expect(entries.isEmpty)
  }

  @Test("texts of the command line are the inputs as they are")
  func texts() async throws {
    let source = InputSource(texts: [Array("a\nb".utf8), [], [0xFF]])
    let (entries, _) = try await read(source)
    #expect(
      entries == [
        .success(.text(Array("a\nb".utf8))), .success(.text([])), .success(.text([0xFF])),
      ])
  }

  @Test("what a pipe holds is given before its writer goes on")
  func pipe() async throws {
    let pipe = try NamedPipe()
    let source = try InputSource(path: pipe.path, format: .text)
    pipe.write("one\ntwo\nthr")
    #expect(try await source.next()?.entries.count == 2)
    pipe.write("ee\n")
    let slice = try #require(try await source.next())
    #expect(
      slice
        == InputSlice(
          firstIndex: 2, entries: [.success(.text(Array("three".utf8)))], endByte: 14))
    pipe.close()
    #expect(try await source.next() == nil)
  }

  @Test("a read that waits ends with its task")
  func cancellation() async throws {
    let pipe = try NamedPipe()
    let source = try InputSource(path: pipe.path, format: .text)
    let read = Task { try await source.next() }
    read.cancel()
    #expect(try await read.value == nil)
    pipe.close()
  }

  @Test("a file that is not there, and a folder, are misuse and named")
  func refusals() {
    let missing = #expect(throws: CommandFailure.self) {
      try InputSource(path: "/nowhere/texts", format: .text)
    }
    #expect(
      missing
        == CommandFailure(.misuse, "cannot open /nowhere/texts: No such file or directory"))
    let folder = #expect(throws: CommandFailure.self) {
      try InputSource(path: "/", format: .text)
    }
    #expect(folder == CommandFailure(.misuse, "cannot read /: it is a directory"))
  }
}
