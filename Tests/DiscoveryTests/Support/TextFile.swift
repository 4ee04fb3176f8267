import Glibc
import TestSupport

/// Files that tests write, as programs do.
enum TextFile {
  /// Writes it in place: what was there goes first, and a reader may see any part.
  static func write(_ text: String, to path: String) throws {
    try add(text, to: path, O_TRUNC)
  }

  static func append(_ text: String, to path: String) throws {
    try add(text, to: path, O_APPEND)
  }

  /// Writes another file and gives it this one's name: a reader sees the old or the new.
  static func replace(_ path: String, with text: String) throws {
    try write(text, to: path + ".new")
    try check(rename(path + ".new", path), path)
  }

  static func remove(_ path: String) throws {
    try check(unlink(path), path)
  }

  /// Makes a link, in place of one that may be there.
  static func link(_ path: String, to target: String) throws {
    try check(symlink(target, path + ".new"), path)
    try check(rename(path + ".new", path), path)
  }

  static func makeFolder(_ path: String) throws {
    try check(mkdir(path, 0o700), path)
  }

  static func makePipe(_ path: String) throws {
    try check(mkfifo(path, 0o600), path)
  }

  private static func add(_ text: String, to path: String, _ flag: Int32) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flag, 0o600)
    try check(descriptor, path)
    defer { close(descriptor) }
    let bytes = Array(text.utf8)
    var offset = 0
    while offset < bytes.count {
      let count = bytes[offset...].withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress, $0.count)
      }
      try check(Int32(count), path)
      offset += count
    }
  }

  private static func check(_ status: Int32, _ path: String) throws {
    guard status >= 0 else { throw TestFailure("\(path): \(String(cString: strerror(errno)))") }
  }
}
