internal import Glibc

/// An .npy file that is written from start to end, its header last.
///
/// It is written beside its place under another name and moved there when it is whole: what was
/// there before stays until then, and for good if the command fails.
package final class NumpyFile {
  private let path: String
  private let partialPath: String
  private let descriptor: Int32
  private var isFinished = false

  /// Begins a file.
  ///
  /// - Throws: `.misuse` for a path that does not end in ".npy", that is there and no file, or
  ///   that cannot be written, with the system's reason.
  package init(path: String) throws(CommandFailure) {
    guard path.hasSuffix(".npy") else {
      throw CommandFailure(.misuse, "--output \(path): its name must end in .npy")
    }
    self.path = try Self.resolved(path)
    partialPath = "\(self.path).\(getpid()).partial"
    descriptor = open(partialPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw CommandFailure(.misuse, "cannot write \(path): \(systemMessage(errno))")
    }
    do throws(CommandFailure) {
      // The place of the header, which is known at the end.
      try append(Array(repeating: 0, count: NumpyHeader.byteCount))
    } catch {
      // A deinitialiser does not run for what was never made.
      close(descriptor)
      unlink(partialPath)
      throw error
    }
  }

  deinit {
    close(descriptor)
    if !isFinished { unlink(partialPath) }
  }

  /// Adds bytes at the end.
  ///
  /// - Throws: `.inputFailed` with the system's reason, as when a disk is full.
  package func append(_ bytes: [UInt8]) throws(CommandFailure) {
    var start = 0
    while start < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        Glibc.write(
          descriptor, UnsafeRawBufferPointer(rebasing: buffer[start...]).baseAddress,
          bytes.count - start)
      }
      if count >= 0 {
        start += count
      } else if errno != EINTR {
        throw failure()
      }
    }
  }

  /// Writes the header and moves the file to its place.
  ///
  /// - Throws: `.inputFailed` with the system's reason.
  package func finish(_ header: NumpyHeader) throws(CommandFailure) {
    guard lseek(descriptor, 0, SEEK_SET) == 0 else { throw failure() }
    try append(header.bytes)
    guard rename(partialPath, path) == 0 else { throw failure() }
    isFinished = true
  }

  private func failure() -> CommandFailure {
    CommandFailure(.inputFailed, "cannot write \(path): \(systemMessage(errno))")
  }

  /// The place behind symbolic links, so that a link stays one.
  private static func resolved(_ path: String) throws(CommandFailure) -> String {
    var information = stat()
    guard stat(path, &information) == 0 else { return path }
    guard information.st_mode & S_IFMT == S_IFREG else {
      throw CommandFailure(.misuse, "--output \(path): it is there and is no file")
    }
    guard let real = realpath(path, nil) else {
      throw CommandFailure(.misuse, "cannot write \(path): \(systemMessage(errno))")
    }
    defer { free(real) }
    return String(cString: real)
  }
}
