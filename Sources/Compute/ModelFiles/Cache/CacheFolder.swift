internal import Glibc

/// An open folder that belongs to this user and that no one else can write.
struct CacheFolder: ~Copyable {
  private let raw: Int32

  /// nil where there is no such folder, or not a safe one. With `create`, makes it and its parents
  /// for this user only.
  init?(_ path: String?, create: Bool) {
    guard let path, path.hasPrefix("/") else { return nil }
    if create {
      var end = path.startIndex
      while end < path.endIndex {
        end = path[path.index(after: end)...].firstIndex(of: "/") ?? path.endIndex
        // What exists already is no error; what cannot be made fails to open below.
        unsafe _ = mkdir(String(path[..<end]), 0o700)
      }
    }
    let raw = unsafe open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard raw >= 0 else { return nil }
    var status = stat()
    let isOurs =
      unsafe fstat(raw, &status) == 0 && status.st_uid == geteuid()
      && status.st_mode & (S_IWGRP | S_IWOTH) == 0
    guard isOurs else {
      close(raw)
      return nil
    }
    self.raw = raw
  }

  deinit {
    close(raw)
  }

  /// The content of a file of this folder, nil if it cannot be read or is longer than the limit.
  func content(of name: String, byteCountMax: Int) -> [UInt8]? {
    let file = unsafe openat(raw, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: byteCountMax + 1)
    let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(file, $0.baseAddress, $0.count) }
    return count >= 0 && count <= byteCountMax ? Array(bytes[..<count]) : nil
  }

  /// A new file under a name that nobody uses yet, for `replace`; nil if it cannot be made.
  func makeTemporary(for name: String) -> (raw: Int32, name: String)? {
    var now = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &now)
    let temporary = ".\(name)-\(getpid())-\(now.tv_sec)-\(now.tv_nsec)"
    let flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
    let file = unsafe openat(raw, temporary, flags, mode_t(0o600))
    return file >= 0 ? (file, temporary) : nil
  }

  /// Gives a file its name in one step. Whether that worked.
  func rename(_ temporary: String, to name: String) -> Bool {
    unsafe renameat(raw, temporary, raw, name) == 0
  }

  /// Removes a file, where there is one.
  func remove(_ name: String) { unsafe _ = unlinkat(raw, name, 0) }

  /// Puts a file in place in one step. A failure leaves the folder as it was.
  func replace(_ name: String, with bytes: [UInt8]) {
    guard let (file, temporary) = makeTemporary(for: name) else { return }
    let written = unsafe bytes.withUnsafeBytes { unsafe write(file, $0.baseAddress, $0.count) }
    let isComplete = close(file) == 0 && written == bytes.count
    if !isComplete || !rename(temporary, to: name) { remove(temporary) }
  }

  /// Locks a file of this folder for one process, which lasts until what is given is closed or the
  /// process ends. Waits while another holds it, `patience` seconds at most. Nil then, or where the
  /// file cannot be made.
  func lock(_ name: String, patience: Double) -> Int32? {
    let flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC
    let file = unsafe openat(raw, name, flags, mode_t(0o600))
    guard file >= 0 else { return nil }
    let pause = 0.01
    var waited = 0.0
    while flock(file, LOCK_EX | LOCK_NB) != 0 {
      guard errno == EWOULDBLOCK || errno == EINTR, waited < patience else {
        close(file)
        return nil
      }
      usleep(useconds_t(pause * 1e6))
      waited += pause
    }
    return file
  }

  /// Marks a file as used now: what `removeUnused` goes by.
  func touch(_ name: String) { unsafe _ = utimensat(raw, name, nil, AT_SYMLINK_NOFOLLOW) }

  /// Removes files whose names begin with one of `prefixes` and that were not used for `seconds`.
  func removeUnused(prefixes: [String], seconds: Int) {
    // The descriptor that is listed is closed with the listing.
    guard let listing = unsafe fdopendir(openat(raw, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC))
    else { return }
    defer { unsafe _ = closedir(listing) }
    let oldest = time(nil) - seconds
    while let entry = unsafe readdir(listing) {
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard prefixes.contains(where: { name.hasPrefix($0) }) else { continue }
      var status = stat()
      let isOld =
        unsafe fstatat(raw, name, &status, AT_SYMLINK_NOFOLLOW) == 0
        && status.st_mtim.tv_sec < oldest
      if isOld { remove(name) }
    }
  }
}
