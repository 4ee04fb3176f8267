internal import Glibc
internal import Synchronization

/// A file, or standard input, that is read from start to end. Closed with its last owner.
final class InputFile: Sendable {
  /// What a read gave.
  enum Outcome {
    /// So many bytes.
    case bytes(Int)
    /// There are no more.
    case end
    /// `cancel()` was called.
    case cancelled
  }

  /// For messages: the path, or "standard input".
  let name: String
  /// Length in bytes of a regular file, else nil.
  let byteCount: Int?
  private let descriptor: Int32
  private let isOwner: Bool
  private let isCancelled = Atomic(false)

  /// Opens a file; "-" is standard input.
  ///
  /// - Throws: `.misuse`, naming the file and the system's reason.
  init(path: String) throws(CommandFailure) {
    isOwner = path != "-"
    name = isOwner ? path : "standard input"
    let opened = isOwner ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO
    guard opened >= 0 else {
      throw CommandFailure(.misuse, "cannot open \(path): \(systemMessage(errno))")
    }
    descriptor = opened
    var information = stat()
    guard fstat(opened, &information) == 0 else {
      byteCount = nil
      return
    }
    let type = information.st_mode & S_IFMT
    byteCount = type == S_IFREG ? Int(information.st_size) : nil
    if type == S_IFDIR {
      throw CommandFailure(.misuse, "cannot read \(name): it is a directory")
    }
  }

  deinit {
    if isOwner { close(descriptor) }
  }

  /// Whether a read would not wait.
  var isReadable: Bool { waitReadable(milliseconds: 0) }

  /// Waits for bytes and reads what there is.
  ///
  /// - Throws: `.inputFailed`, naming the file and the system's reason.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(CommandFailure) -> Outcome {
    while true {
      // A read that waits cannot be stopped, so it waits here, where it looks up now and then.
      while !waitReadable(milliseconds: 100) {
        if isCancelled.load(ordering: .relaxed) { return .cancelled }
      }
      if isCancelled.load(ordering: .relaxed) { return .cancelled }
      let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
      if count > 0 { return .bytes(count) }
      if count == 0 { return .end }
      if errno == EINTR || errno == EAGAIN { continue }
      throw CommandFailure(.inputFailed, "cannot read \(name): \(systemMessage(errno))")
    }
  }

  /// Ends a read that waits, within 100 ms, and all later ones.
  func cancel() { isCancelled.store(true, ordering: .relaxed) }

  private func waitReadable(milliseconds: Int32) -> Bool {
    var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    let count = poll(&request, 1, milliseconds)
    // An error that is no interruption shows up in the read.
    return count > 0 || (count < 0 && errno != EINTR)
  }
}

/// The system's words for an error number.
func systemMessage(_ code: Int32) -> String { String(cString: strerror(code)) }
