internal import Glibc

/// An open file descriptor, closed when this object goes. No process that is started inherits it.
final class OpenFile: Sendable {
  let descriptor: Int32

  init(_ descriptor: Int32) {
    self.descriptor = descriptor
  }

  deinit {
    close(descriptor)
  }

  static func nullDevice() throws -> OpenFile {
    try opened("/dev/null", O_RDONLY)
  }

  /// A file that nobody else can find, at its beginning.
  static func unnamedFile(holding bytes: [UInt8] = []) throws -> OpenFile {
    var path = Array("/tmp/millpond-test.XXXXXX".utf8CString)
    let file = try OpenFile(checked(mkstemp(&path), "a temporary file"))
    // Between the two calls a process may be started that inherits it: it does not use it.
    _ = fcntl(file.descriptor, F_SETFD, FD_CLOEXEC)
    unlink(path)
    var offset = 0
    while offset < bytes.count {
      let count = bytes[offset...].withUnsafeBytes {
        write(file.descriptor, $0.baseAddress, $0.count)
      }
      guard count > 0 else { throw TestFailure("cannot write a temporary file: errno \(errno)") }
      offset += count
    }
    lseek(file.descriptor, 0, SEEK_SET)
    return file
  }

  /// Two ends of a stream: closing one ends it for the other.
  static func streamPair() throws -> (ours: OpenFile, theirs: OpenFile) {
    var ends: [Int32] = [-1, -1]
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    _ = try checked(socketpair(AF_UNIX, kind, 0, &ends), "a pair of sockets")
    return (OpenFile(ends[0]), OpenFile(ends[1]))
  }

  /// All bytes of a file, wherever its position is.
  func contents() -> [UInt8] {
    var bytes: [UInt8] = []
    var page = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = pread(descriptor, &page, page.count, off_t(bytes.count))
      guard count > 0 else { return bytes }
      bytes += page[..<count]
    }
  }

  /// What has come on a stream: nil if nothing has, empty at its end.
  func readNow() throws -> [UInt8]? {
    var page = [UInt8](repeating: 0, count: 64 << 10)
    let count = recv(descriptor, &page, page.count, Int32(MSG_DONTWAIT))
    if count >= 0 { return Array(page[..<count]) }
    if errno == EAGAIN || errno == EINTR { return nil }
    throw TestFailure("cannot read: \(String(cString: strerror(errno)))")
  }

  private static func opened(_ path: String, _ flags: Int32) throws -> OpenFile {
    try OpenFile(checked(open(path, flags | O_CLOEXEC), path))
  }

  private static func checked(_ result: Int32, _ what: String) throws -> Int32 {
    guard result >= 0 else {
      throw TestFailure("cannot open \(what): \(String(cString: strerror(errno)))")
    }
    return result
  }
}
