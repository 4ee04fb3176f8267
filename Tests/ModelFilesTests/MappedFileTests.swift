import ModelFiles
import Testing

@Suite("mapped files")
struct MappedFileTests {
  @Test("a file is mapped with its bytes, and an empty one with none")
  func content() throws {
    let directory = try TemporaryDirectory()
    let file = try MappedFile(path: directory.write("a", [1, 2, 3]))
    #expect(file.byteCount == 3)
    #expect(file.bytes.withUnsafeBytes { Array($0) } == [1, 2, 3])
    let empty = try MappedFile(path: directory.write("b", []))
    #expect(empty.byteCount == 0)
    #expect(empty.bytes.byteCount == 0)
    empty.releasePages()
  }

  @Test("released pages are read again")
  func release() throws {
    let directory = try TemporaryDirectory()
    let content = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let file = try MappedFile(path: directory.write("a", content))
    #expect(file.bytes.withUnsafeBytes { Array($0) } == content)
    file.releasePages()
    #expect(file.bytes.withUnsafeBytes { Array($0) } == content)
  }

  @Test("a missing file is refused with its path and the system's reason")
  func missing() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/none"
    let error = failure { () throws(ModelFilesError) in try MappedFile(path: path) }
    #expect(
      error
        == ModelFilesError(
          .unreadable, "\(path): cannot open it: No such file or directory"))
  }

  @Test("a folder is refused")
  func folder() throws {
    let directory = try TemporaryDirectory()
    let error = failure { () throws(ModelFilesError) in try MappedFile(path: directory.path) }
    #expect(
      error
        == ModelFilesError(
          .unreadable, "\(directory.path): this is not a regular file"))
  }

  @Test("two states of a file have different identities")
  func identity() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write("a", [1, 2, 3])
    let first = try MappedFile(path: path).identity
    #expect(try MappedFile(path: path).identity == first)
    try directory.age("a")
    #expect(try MappedFile(path: path).identity != first)
    #expect(first.byteCount == 3)
  }
}
