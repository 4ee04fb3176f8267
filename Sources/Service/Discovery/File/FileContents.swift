internal import Glibc

/// What tells one state of a file from another.
package struct FileIdentity: Sendable, Hashable {
  package var device: UInt64
  package var inode: UInt64
  package var byteCount: Int64
  /// Nanoseconds since 1970, of the last change of its bytes.
  package var modified: Int64
  /// Nanoseconds since 1970, of the last change of anything.
  package var changed: Int64

  package init(device: UInt64, inode: UInt64, byteCount: Int64, modified: Int64, changed: Int64) {
    self.device = device
    self.inode = inode
    self.byteCount = byteCount
    self.modified = modified
    self.changed = changed
  }

  /// Of the file that a path leads to, whatever links are on the way.
  ///
  /// - Throws: `.unreadable`.
  init(path: String) throws(DiscoveryError) {
    var status = stat()
    guard stat(path, &status) == 0 else { throw FileContents.systemError(path) }
    self.init(status)
  }

  fileprivate init(_ status: stat) {
    self.init(
      device: UInt64(status.st_dev), inode: UInt64(status.st_ino),
      byteCount: Int64(status.st_size), modified: Self.nanoseconds(status.st_mtim),
      changed: Self.nanoseconds(status.st_ctim))
  }

  /// Seconds, then nanoseconds. Beside NIO, Swift 6.3 takes the names of these two fields for those
  /// of a module that cannot be imported.
  private static func nanoseconds(_ time: timespec) -> Int64 {
    withUnsafeBytes(of: time) { bytes in
      let seconds = bytes.loadUnaligned(fromByteOffset: 0, as: Int64.self)
      let rest = bytes.loadUnaligned(fromByteOffset: 8, as: Int64.self)
      return seconds &* 1_000_000_000 &+ rest
    }
  }
}

/// A small file, read whole.
struct FileContents: Sendable {
  let bytes: [UInt8]
  /// As it was before and after reading.
  let identity: FileIdentity

  /// - Throws: `.unreadable`, also for anything but a regular file, for one of more than
  ///   `byteCountMax`, and for one that changes while it is read.
  init(
    path: String, byteCountMax: Int = AddressList.byteCountMax
  ) throws(DiscoveryError) {
    // Opening a pipe must not wait for its other end.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw Self.systemError(path) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw Self.systemError(path) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw DiscoveryError(.unreadable, "\(path): not a regular file")
    }
    identity = FileIdentity(status)
    bytes = try Self.read(descriptor, path, byteCountMax)
    guard fstat(descriptor, &status) == 0 else { throw Self.systemError(path) }
    guard identity == FileIdentity(status) else {
      throw DiscoveryError(.unreadable, "\(path): it changes while it is read")
    }
  }

  private static func read(
    _ descriptor: Int32, _ path: String, _ byteCountMax: Int
  ) throws(DiscoveryError) -> [UInt8] {
    var bytes: [UInt8] = []
    var page = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = Glibc.read(descriptor, &page, page.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw systemError(path) }
      if count == 0 { return bytes }
      bytes += page[..<count]
      guard bytes.count <= byteCountMax else {
        throw DiscoveryError(.unreadable, "\(path): more than \(byteCountMax) bytes")
      }
    }
  }

  fileprivate static func systemError(_ path: String) -> DiscoveryError {
    DiscoveryError(.unreadable, "\(path): \(String(cString: strerror(errno)))")
  }
}
