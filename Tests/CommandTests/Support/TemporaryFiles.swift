import Glibc

/// Why a test could not be set up.
struct SetupFailure: Error {
  var message: String
}

/// A folder that goes with its last owner.
final class TemporaryFolder {
  let path: String

  init() throws {
    var template = Array("/tmp/millpond-tests-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw SetupFailure(message: "mkdtemp: \(errno)") }
    path = template.withUnsafeBufferPointer { bytes in
      String(decoding: bytes.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
  }

  deinit { rmdir(path) }
}

/// A file with these bytes that goes with its last owner.
final class TemporaryFile {
  let path: String
  private let folder: TemporaryFolder

  init(_ bytes: [UInt8]) throws {
    folder = try TemporaryFolder()
    path = folder.path + "/file"
    let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw SetupFailure(message: "open: \(errno)") }
    defer { close(descriptor) }
    guard write(descriptor, bytes, bytes.count) == bytes.count else {
      throw SetupFailure(message: "write: \(errno)")
    }
  }

  deinit { unlink(path) }
}

/// A named pipe whose writing end the test holds.
final class NamedPipe {
  let path: String
  private let folder: TemporaryFolder
  private var descriptor: Int32

  init() throws {
    folder = try TemporaryFolder()
    path = folder.path + "/pipe"
    guard mkfifo(path, 0o600) == 0 else { throw SetupFailure(message: "mkfifo: \(errno)") }
    // Opened for both, or opening would wait for a reader.
    descriptor = open(path, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { throw SetupFailure(message: "open: \(errno)") }
  }

  deinit {
    close()
    unlink(path)
  }

  func write(_ text: String) {
    let bytes = Array(text.utf8)
    _ = Glibc.write(descriptor, bytes, bytes.count)
  }

  func close() {
    if descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = -1
  }
}

/// A folder with files that go with its last owner.
final class ScratchFolderForFiles {
  private let folder: TemporaryFolder

  var path: String { folder.path }

  init() throws { folder = try TemporaryFolder() }

  deinit { for name in names() { unlink(path + "/" + name) } }

  /// The names in it, sorted.
  func names() -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  func write(_ name: String, _ bytes: [UInt8]) throws {
    let descriptor = open(path + "/" + name, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw SetupFailure(message: "open: \(errno)") }
    defer { close(descriptor) }
    guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
      throw SetupFailure(message: "write: \(errno)")
    }
  }

  func read(_ name: String) throws -> [UInt8] {
    let descriptor = open(path + "/" + name, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SetupFailure(message: "open: \(errno)") }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = Glibc.read(descriptor, &bytes, bytes.count)
    guard count >= 0 else { throw SetupFailure(message: "read: \(errno)") }
    return Array(bytes[..<count])
  }
}
