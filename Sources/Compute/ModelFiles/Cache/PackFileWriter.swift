internal import Dispatch
internal import Glibc

/// Writes a `PackFile`. Blocks are filled where they will be read, in mapped pages of the file, so
/// that the process that made them shares them with those that come later.
final class PackFileWriter {
  private let raw: Int32
  private let name: String
  private let temporary: String
  private let folder: String
  private var end: Int
  private var regions: [(region: PackRegion, offset: Int, label: String)] = []
  private var isFinished = false
  private let pageSize = sysconf(Int32(_SC_PAGESIZE))

  /// Begins a file that `finish` will give its name; nil if the folder cannot be written to.
  init?(folder path: String, name: String) {
    guard let folder = CacheFolder(path, create: true),
      let (raw, temporary) = folder.makeTemporary(for: name)
    else { return nil }
    self.raw = raw
    self.name = name
    self.temporary = temporary
    self.folder = path
    end = pageSize
  }

  deinit {
    close(raw)
    if !isFinished { CacheFolder(folder, create: false)?.remove(temporary) }
  }

  /// Room for a block, zeros; nil where the disk is full. To be filled before `finish`.
  func append(label: String, byteCount: Int) -> PackRegion? {
    // Blocks of the disk are taken now: a mapped page that has none later ends the process.
    guard posix_fallocate(raw, off_t(end), off_t(byteCount)) == 0,
      let region = PackRegion(raw, offset: end, byteCount: byteCount)
    else { return nil }
    regions.append((region, end, label))
    end += (byteCount + pageSize - 1) / pageSize * pageSize
    return region
  }

  /// Adds the checksums and gives the file its name. Whether that worked.
  func finish() -> Bool {
    let regions = regions
    var hashes = [String](repeating: "", count: regions.count)
    unsafe hashes.withUnsafeMutableBufferPointer { hashes in
      // Each iteration writes one element of its own.
      nonisolated(unsafe) let results = unsafe hashes
      DispatchQueue.concurrentPerform(iterations: regions.count) { index in
        let region = regions[index].region
        unsafe results[index] = PackFile.hash(region.bytes)
      }
    }
    let blocks = zip(regions, hashes).map { entry, hash in
      PackFile.Block(
        offset: entry.offset, byteCount: entry.region.byteCount, hash: hash, label: entry.label)
    }
    for entry in regions { entry.region.protect() }
    let table = PackFile.table(blocks)
    guard write(table, at: end), write(PackFile.header(table: table, at: end), at: 0),
      let folder = CacheFolder(folder, create: false)
    else { return false }
    isFinished = folder.rename(temporary, to: name)
    return isFinished
  }

  private func write(_ bytes: [UInt8], at offset: Int) -> Bool {
    let written = unsafe bytes.withUnsafeBytes {
      unsafe pwrite(raw, $0.baseAddress, $0.count, off_t(offset))
    }
    return written == bytes.count
  }
}

/// A stretch of a file in memory, shared with all that map the file. Filled by one thread or by
/// several that write apart, before it is shared, and only read from then on: that makes it safe
/// to send.
@safe package final class PackRegion: @unchecked Sendable {
  private let address: UnsafeMutableRawPointer
  let byteCount: Int

  fileprivate init?(_ file: Int32, offset: Int, byteCount: Int) {
    let address = unsafe mmap(
      nil, byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, file, off_t(offset))
    guard let address = unsafe address, unsafe address != UnsafeMutableRawPointer(bitPattern: -1)
    else { return nil }
    unsafe self.address = address
    self.byteCount = byteCount
  }

  deinit { unsafe munmap(address, byteCount) }

  /// What it holds.
  package var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      let buffer = unsafe UnsafeRawBufferPointer(start: address, count: byteCount)
      return unsafe _overrideLifetime(buffer.bytes, borrowing: self)
    }
  }

  /// From now on it is only read.
  fileprivate func protect() { unsafe _ = mprotect(address, byteCount, PROT_READ) }
}
