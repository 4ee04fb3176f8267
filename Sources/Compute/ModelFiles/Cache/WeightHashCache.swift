internal import Glibc

/// Hashes of weight files, remembered by device, inode, size and time of change, so that a start
/// does not read gigabytes only to name them.
///
/// One small file for each weight file, in a folder that only its owner can write. What cannot be
/// stored is computed at the next start again; what is corrupt, or belongs to another state of the
/// file, is not used. A file that is changed in place with its size and time kept is not noticed:
/// no cache of this kind can. Safe to use from several processes at once.
package struct WeightHashCache: Sendable {
  /// The folder, nil to remember nothing. It is made on the first store.
  package let directory: String?

  /// A cache in `directory`, an absolute path; nil remembers nothing.
  package init(directory: String?) {
    self.directory = directory
  }

  /// `millpond` in `$XDG_CACHE_HOME`, else in `$HOME/.cache`; nothing where neither is an absolute
  /// path. `variable` gives the value of an environment variable.
  package static func standardDirectory(_ variable: (String) -> String?) -> String? {
    if let cache = variable("XDG_CACHE_HOME"), cache.hasPrefix("/") { return cache + "/millpond" }
    if let home = variable("HOME"), home.hasPrefix("/") { return home + "/.cache/millpond" }
    return nil
  }

  /// The cache at `standardDirectory` of this process.
  package static var standard: WeightHashCache {
    WeightHashCache(
      directory: standardDirectory { name in
        unsafe getenv(name).map { unsafe String(cString: $0) }
      })
  }

  /// The XXH3-128 of the file at `path`, 32 hexadecimal digits.
  ///
  /// Blocks; reads the whole file where it is not remembered. Throws `.unreadable`, also where the
  /// file is not `expected` (any more), or changes while it is read.
  package func hash(
    of path: String, expecting expected: FileIdentity?
  ) throws(ModelFilesError) -> String {
    let file = try FileDescriptor(reading: path)
    let identity = try file.identity()
    func requireSame(_ other: FileIdentity?) throws(ModelFilesError) {
      if let other, other != identity {
        throw ModelFilesError(.unreadable, "\(path): the file was changed while it was in use")
      }
    }
    try requireSame(expected)
    if let hash = remembered(identity) { return hash }
    let hash = try computeHash(of: file, byteCount: identity.byteCount)
    try requireSame(try file.identity())
    if !isFresh(identity) { remember(identity, hash) }
    return hash
  }

  private func computeHash(
    of file: borrowing FileDescriptor, byteCount: Int
  ) throws(ModelFilesError) -> String {
    // Through a buffer instead of the mapping: touched pages of a mapping count as resident.
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
    defer { unsafe buffer.deallocate() }
    var hasher = ContentHasher()
    var offset = 0
    while true {
      let count = try unsafe file.read(into: buffer, offset: offset)
      if count == 0 { break }
      unsafe hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      offset += count
    }
    guard offset == byteCount else {
      throw ModelFilesError(.unreadable, "\(file.path): the file was changed while it was in use")
    }
    return hasher.digest()
  }

  /// Whether the file was changed so recently that a second change could carry the same time.
  private func isFresh(_ identity: FileIdentity) -> Bool {
    var now = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &now)
    let nanoseconds = Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
    return identity.modifiedNanoseconds > nanoseconds - 2_000_000_000
  }

  // MARK: - Entries

  /// One line: the file's identity, its hash, and a check over both.
  private func entry(_ identity: FileIdentity, _ hash: String) -> [UInt8] {
    let text =
      "millpond-weight-hash 1 \(identity.device) \(identity.inode) \(identity.byteCount) "
      + "\(identity.modifiedNanoseconds) \(hash)"
    var hasher = ContentHasher()
    hasher.field(Array(text.utf8))
    return Array("\(text) \(hasher.digest())\n".utf8)
  }

  private func entryName(_ identity: FileIdentity) -> String {
    "weights-\(hexadecimal(identity.device))-\(hexadecimal(identity.inode))"
  }

  private func remembered(_ identity: FileIdentity) -> String? {
    guard let folder = CacheFolder(directory, create: false),
      let content = folder.content(of: entryName(identity), byteCountMax: 512)
    else { return nil }
    // The entry has a fixed form: take the hash from its place, and see that all the rest is what
    // would be written for it.
    let fields = content.split(separator: UInt8(ascii: " "))
    guard fields.count == 8 else { return nil }
    let hash = String(decoding: fields[6], as: UTF8.self)
    guard hash.utf8.count == 32, content == entry(identity, hash) else { return nil }
    return hash
  }

  private func remember(_ identity: FileIdentity, _ hash: String) {
    guard let folder = CacheFolder(directory, create: true) else { return }
    folder.replace(entryName(identity), with: entry(identity, hash))
  }
}
