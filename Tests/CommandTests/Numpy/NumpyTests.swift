import CommandSupport
import Glibc
import MillpondClient
import Testing

@Suite("NumPy files", .timeLimit(.minutes(1)))
struct NumpyTests {
  private func answers(_ values: [[Float]?]) async throws -> [Result<Embedding, MillpondError>] {
    let inputs = Array(repeating: Input.text("a"), count: values.count)
    return try await StubServer(values: values).withClient { try await $0.embed(inputs).results }
  }

  /// The rows of these answers, and the header for them.
  private func rows(
    _ values: [[Float]?], _ type: ElementType = .f32, columnCount: Int = 0
  ) async throws -> (bytes: [UInt8], header: NumpyHeader, errors: Int) {
    var rows = NumpyRows(try NumpyHeader(type, columnCount: columnCount))
    var bytes: [UInt8] = []
    var errors = 0
    for answer in try await answers(values) {
      let (row, error) = rows.add(answer)
      bytes += row
      if error != nil { errors += 1 }
    }
    return (bytes, rows.header, errors)
  }

  @Test("a header is version 1.0, 128 bytes, and ends in a line feed")
  func header() throws {
    let bytes = try NumpyHeader(.f32, rowCount: 12_345, columnCount: 384).bytes
    #expect(bytes.count == 128)
    #expect(Array(bytes[0..<10]) == [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0])
    let text = String(decoding: bytes[10...], as: UTF8.self)
    #expect(
      text.hasPrefix("{'descr': '<f4', 'fortran_order': False, 'shape': (12345, 384), }  "))
    #expect(text.hasSuffix(" \n"))
    let largest = try NumpyHeader(.f16, rowCount: .max, columnCount: Int(UInt32.max)).bytes
    #expect(largest.count == 128)
    #expect(
      String(decoding: largest[10...], as: UTF8.self).hasPrefix(
        "{'descr': '<f2', 'fortran_order': False, 'shape': (9223372036854775807, 4294967295), } "))
  }

  @Test("bf16 is refused: the format does not have it")
  func bf16() {
    #expect(
      throws: CommandFailure(
        .misuse, "--element-type bf16: .npy has no such type; f16 and f32 it has")
    ) { try NumpyHeader(.bf16) }
  }

  @Test("rows come in input order, little-endian")
  func rowsInOrder() async throws {
    let (bytes, header, errors) = try await rows([[1, -2], [0.5, 0]])
    #expect(bytes == [0, 0, 128, 63, 0, 0, 0, 192, 0, 0, 0, 63, 0, 0, 0, 0])
    #expect((header.rowCount, header.columnCount) == (2, 2))
    #expect(errors == 0)
    #expect(try await rows([[1, -2]], .f16).bytes == [0, 0x3c, 0, 0xc0])
  }

  @Test("an input without a vector is a row of NaN, also before the first vector")
  func missing() async throws {
    let nan: [UInt8] = [0, 0, 0xc0, 0x7f]
    let (bytes, header, errors) = try await rows([nil, nil, [1, 1], nil, [.infinity, 0]])
    #expect(
      bytes == nan + nan + nan + nan + [0, 0, 128, 63, 0, 0, 128, 63] + nan + nan + nan + nan)
    #expect((header.rowCount, header.columnCount) == (5, 2))
    #expect(errors == 4)
  }

  @Test("with no vector at all the rows are as long as the server says, or empty")
  func allMissing() async throws {
    let (bytes, header, errors) = try await rows([nil, nil], columnCount: 3)
    #expect(bytes.count == 2 * 3 * 4)
    #expect((header.rowCount, header.columnCount) == (2, 3))
    #expect(errors == 2)
    #expect(try await rows([]).header == NumpyHeader(.f32))
    let empty = try await rows([nil, nil])
    #expect(empty.bytes.isEmpty)
    #expect((empty.header.rowCount, empty.header.columnCount) == (2, 0))
  }

  @Test("a vector of another length than the file's rows is an error of its input")
  func otherLength() async throws {
    var rows = NumpyRows(try NumpyHeader(.f32, columnCount: 3))
    let (bytes, error) = rows.add(try await answers([[1, 2]])[0])
    #expect(bytes.count == 12)
    #expect(error?.code == .internal)
    #expect(error?.message == "the vector has 2 numbers, a row of the file has 3")
  }

  @Test("what is no single vector is an error of its input")
  func tokenLevel() async throws {
    var rows = NumpyRows(try NumpyHeader(.f32))
    let answers = try await ShapedAnswers.embed(ShapedAnswers.tokens)
    let error = rows.add(answers[0]).error
    #expect(error?.code == .failedPrecondition)
    #expect(
      error?.message == "the model gives no single vector, and .npy holds one for each input")
  }

  @Test("a file is there when it is whole, and what was there before stays until then")
  func file() throws {
    let folder = try ScratchFolderForFiles()
    let path = folder.path + "/v.npy"
    try folder.write("v.npy", [1, 2, 3])
    var header = try NumpyHeader(.f32)
    do {
      let abandoned = try NumpyFile(path: path)
      try abandoned.append([9, 9])
      #expect(folder.names().count == 2)
    }
    #expect(folder.names() == ["v.npy"])
    #expect(try folder.read("v.npy") == [1, 2, 3])
    let file = try NumpyFile(path: path)
    try file.append([0, 0, 128, 63])
    (header.rowCount, header.columnCount) = (1, 1)
    try file.finish(header)
    #expect(folder.names() == ["v.npy"])
    #expect(try folder.read("v.npy") == header.bytes + [0, 0, 128, 63])
  }

  @Test("a link to a file stays a link")
  func link() throws {
    let folder = try ScratchFolderForFiles()
    try folder.write("real.npy", [1])
    #expect(symlink(folder.path + "/real.npy", folder.path + "/link.npy") == 0)
    try NumpyFile(path: folder.path + "/link.npy").finish(try NumpyHeader(.f32))
    #expect(try folder.read("real.npy").count == 128)
    var information = stat()
    #expect(lstat(folder.path + "/link.npy", &information) == 0)
    #expect(information.st_mode & S_IFMT == S_IFLNK)
  }

  @Test("a path that is no place for a file is refused with the reason")
  func badPaths() throws {
    let folder = try ScratchFolderForFiles()
    #expect(mkdir(folder.path + "/d.npy", 0o700) == 0)
    defer { rmdir(folder.path + "/d.npy") }
    for (path, says) in [
      (folder.path + "/v.bin", "its name must end in .npy"),
      (folder.path + "/d.npy", "it is there and is no file"),
      (folder.path + "/none/v.npy", "No such file or directory"),
    ] {
      let error = #expect(throws: CommandFailure.self) { try NumpyFile(path: path) }
      #expect(error?.status == .misuse)
      #expect(error?.message.contains(path) == true)
      #expect(error?.message.contains(says) == true, "it said: \(error?.message ?? "")")
    }
  }
}
