internal import Glibc

/// Packed weights of one model in one precision, kept between starts and shared by all workers of
/// a host: a file of blocks that is mapped into memory.
///
/// A load asks for its blocks one after the other, always in the same order. The first load makes
/// them, in the file itself; later ones find them. One process writes: others wait for it for up to
/// 60 s. The file gets its name when it is whole; one that is not what its checksums say is made
/// anew. Where it cannot be written, blocks are in memory of the process, and `origin` says why.
/// Files that no load has used for 30 days are removed when another is written.
package final class PackStore {
  /// Where the blocks of a load are.
  package enum Origin: Sendable, Equatable, CustomStringConvertible {
    /// In this file, which was there.
    case found(path: String)
    /// In this file, which this load has written.
    case written(path: String)
    /// In memory of this process, for this reason.
    case memory(reason: String)

    package var description: String {
      switch self {
      case .found(let path): "found in \(path)"
      case .written(let path): "written to \(path)"
      case .memory(let reason): "in memory of this process, because \(reason)"
      }
    }
  }

  /// A block as a load gets it.
  package enum Block {
    /// Filled: at these bytes of a mapping that lives as long as its owner.
    case filled(MappedFile, Range<Int>)
    /// To be filled before `finish`.
    case empty(PackRegion)
    /// The caller has to find memory of its own.
    case none
  }

  private enum State {
    case reading(PackFile, next: Int)
    case writing(PackFileWriter)
    case memory
  }

  private static let patience = 60.0
  private static let unusedSecondsMax = 30 * 86_400

  /// Valid after `finish`.
  package private(set) var origin: Origin
  private var state = State.memory
  private var lock: Int32?
  private let directory: String
  private let name: String

  /// Blocks in memory only.
  package init(reason: String) {
    origin = .memory(reason: reason)
    directory = ""
    name = ""
  }

  /// The blocks that belong to `key` (a fingerprint and a version of the layout), in the folder
  /// `directory`, an absolute path. Blocks until they are read, or it is clear who writes them.
  package init(directory: String, key: String) {
    var hasher = ContentHasher()
    hasher.field(Array(key.utf8))
    self.directory = directory
    name = "packs-\(hasher.digest())"
    origin = .memory(reason: "\(directory) is no folder that only its owner can write to")
    if read() { return }
    guard let folder = CacheFolder(directory, create: true) else { return }
    lock = folder.lock("\(name).lock", patience: Self.patience)
    guard lock != nil else {
      origin = .memory(reason: "\(path).lock is held by another process, or cannot be made")
      return
    }
    // Whoever held the lock may have written it.
    if read() { return }
    guard let writer = PackFileWriter(folder: directory, name: name) else {
      origin = .memory(reason: "no file can be made in \(directory)")
      return
    }
    state = .writing(writer)
  }

  deinit { unlock() }

  private var path: String { "\(directory)/\(name)" }

  private func read() -> Bool {
    guard let folder = CacheFolder(directory, create: false), let file = PackFile(path: path)
    else { return false }
    folder.touch(name)
    state = .reading(file, next: 0)
    origin = .found(path: path)
    unlock()
    return true
  }

  private func unlock() {
    if let lock { close(lock) }
    lock = nil
  }

  /// The next block, which `label` describes completely.
  package func next(label: String, byteCount: Int) -> Block {
    switch state {
    case .memory: return .none
    case .reading(let file, let next):
      guard next < file.blocks.count, file.blocks[next].label == label,
        file.blocks[next].byteCount == byteCount
      else {
        // Another layout under the same key: it is out of use, and the next start makes it anew.
        CacheFolder(directory, create: false)?.remove(name)
        abandon("\(path) holds other blocks than the model has")
        return .none
      }
      state = .reading(file, next: next + 1)
      let start = file.blocks[next].offset
      return .filled(file.mapping, start..<start + byteCount)
    case .writing(let writer):
      guard let region = writer.append(label: label, byteCount: byteCount) else {
        abandon("no room for \(byteCount) bytes more in \(directory)")
        return .none
      }
      return .empty(region)
    }
  }

  private func abandon(_ reason: String) {
    state = .memory
    origin = .memory(reason: reason)
    unlock()
  }

  /// All blocks were asked for and filled.
  package func finish() {
    if case .writing(let writer) = state {
      if writer.finish() {
        origin = .written(path: path)
        CacheFolder(directory, create: false)?
          .removeUnused(prefixes: ["packs-", ".packs-"], seconds: Self.unusedSecondsMax)
      } else {
        origin = .memory(reason: "\(path) could not be written")
      }
    }
    state = .memory
    unlock()
  }
}
