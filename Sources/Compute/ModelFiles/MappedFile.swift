internal import Glibc

/// A file mapped into memory for reading, for as long as this object lives.
///
/// If another program shortens the file meanwhile, a read of the lost part ends the process
/// (SIGBUS): as with every mapping, model files must be replaced by renaming, not rewritten.
@safe package final class MappedFile: Sendable {
  /// The path as given.
  package let path: String
  /// The file's identity when it was mapped.
  package let identity: FileIdentity
  /// nil for an empty file, which cannot be mapped. The address and `identity.byteCount` describe a
  /// read-only mapping that only `deinit` ends: that makes sharing it between threads safe.
  private nonisolated(unsafe) let address: UnsafeMutableRawPointer?

  /// Maps all of `path`. Throws `.unreadable`, also for anything but a regular file.
  package init(path: String) throws(ModelFilesError) {
    let file = try FileDescriptor(reading: path)
    let identity = try file.identity()
    var address: UnsafeMutableRawPointer?
    if identity.byteCount > 0 {
      unsafe address = mmap(nil, identity.byteCount, PROT_READ, MAP_PRIVATE, file.raw, 0)
      // MAP_FAILED is a cast macro that is not imported.
      if unsafe address == nil || address == UnsafeMutableRawPointer(bitPattern: -1) {
        throw FileDescriptor.systemError(path, "map")
      }
    }
    self.path = path
    self.identity = identity
    unsafe self.address = address
  }

  deinit {
    if let address = unsafe address { unsafe munmap(address, identity.byteCount) }
  }

  /// Length in bytes.
  package var byteCount: Int { identity.byteCount }

  /// The whole file. Page faults may block.
  package var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      let buffer = unsafe UnsafeRawBufferPointer(
        start: address, count: address == nil ? 0 : identity.byteCount)
      return unsafe _overrideLifetime(buffer.bytes, borrowing: self)
    }
  }

  /// Gives the pages back to the system, which reads them again when they are touched: the memory
  /// of weights that were copied into another layout no longer counts as resident.
  package func releasePages() {
    if let address = unsafe address {
      unsafe _ = madvise(address, identity.byteCount, MADV_DONTNEED)
    }
  }
}
