internal import Glibc

/// An open file, closed at the end of its life. Errors name the path and the system's reason.
struct FileDescriptor: ~Copyable {
  let raw: Int32
  let path: String

  /// Opens `path` for reading. Throws `.unreadable`.
  init(reading path: String) throws(ModelFilesError) {
    let raw = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard raw >= 0 else { throw FileDescriptor.systemError(path, "open") }
    self.raw = raw
    self.path = path
  }

  deinit {
    close(raw)
  }

  /// The file's identity. Throws `.unreadable` for anything but a regular file.
  func identity() throws(ModelFilesError) -> FileIdentity {
    var status = stat()
    guard unsafe fstat(raw, &status) == 0 else {
      throw FileDescriptor.systemError(path, "look at")
    }
    guard status.st_mode & S_IFMT == S_IFREG, status.st_size >= 0 else {
      throw ModelFilesError(.unreadable, "\(path): this is not a regular file")
    }
    return FileIdentity(status)
  }

  /// Fills `buffer` from `offset` on; gives how many bytes there were, fewer only at the file's
  /// end. Blocks. Throws `.unreadable`.
  func read(
    into buffer: UnsafeMutableRawBufferPointer, offset: Int
  ) throws(ModelFilesError) -> Int {
    var filled = 0
    while filled < buffer.count {
      let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
      let count = unsafe pread(raw, rest.baseAddress, rest.count, off_t(offset + filled))
      if count < 0 {
        if errno == EINTR { continue }
        throw FileDescriptor.systemError(path, "read")
      }
      if count == 0 { break }
      filled += count
    }
    return filled
  }

  static func systemError(_ path: String, _ action: String) -> ModelFilesError {
    let code = errno
    let reason = unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
    return ModelFilesError(.unreadable, "\(path): cannot \(action) it: \(reason)")
  }

  /// Whether something is at `path`. Only absence counts as absence: what cannot be looked at will
  /// give its reason when it is opened.
  static func exists(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0 || (errno != ENOENT && errno != ENOTDIR)
  }

  /// Whether a directory is at `path`.
  static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// The whole content of `path`. Blocks. Throws `.unreadable`, and `.unsupported` over
  /// `byteCountMax`.
  static func content(
    of path: String, byteCountMax: Int
  ) throws(ModelFilesError) -> [UInt8] {
    let file = try FileDescriptor(reading: path)
    let byteCount = try file.identity().byteCount
    guard byteCount <= byteCountMax else {
      throw ModelFilesError(
        .unsupported, "\(path): \(byteCount) bytes are over the limit of \(byteCountMax)")
    }
    var bytes = [UInt8](repeating: 0, count: byteCount)
    let result: Result<Int, ModelFilesError> = unsafe bytes.withUnsafeMutableBytes { buffer in
      do throws(ModelFilesError) {
        return .success(try unsafe file.read(into: buffer, offset: 0))
      } catch {
        return .failure(error)
      }
    }
    let filled = try result.get()
    if filled < byteCount { bytes.removeLast(byteCount - filled) }
    return bytes
  }
}
