internal import Glibc

/// What tells one state of a file from another without reading it.
package struct FileIdentity: Sendable, Equatable {
  /// The device that holds the file.
  package var device: UInt64
  /// The file's number on its device.
  package var inode: UInt64
  /// Length in bytes.
  package var byteCount: Int
  /// Time of the last change of the content, in nanoseconds since 1970.
  package var modifiedNanoseconds: Int64

  init(_ status: stat) {
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    byteCount = Int(status.st_size)
    let (seconds, overflow) = Int64(status.st_mtim.tv_sec)
      .multipliedReportingOverflow(by: 1_000_000_000)
    modifiedNanoseconds = overflow ? .max : seconds &+ Int64(status.st_mtim.tv_nsec)
  }
}
