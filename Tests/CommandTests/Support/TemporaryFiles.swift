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
