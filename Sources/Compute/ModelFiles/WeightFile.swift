/// One safetensors file: mapped, its table of contents checked completely.
final class WeightFile: Sendable {
  let mapping: MappedFile
  let header: SafetensorsHeader

  /// Throws `.unreadable` and `.malformed`.
  init(path: String) throws(ModelFilesError) {
    let mapping = try MappedFile(path: path)
    self.mapping = mapping
    header = try SafetensorsHeader(mapping.bytes, path: path)
  }

  /// Calls `body` with the bytes of a tensor, aligned to `alignment`.
  ///
  /// Files written before the format asked for an aligned header give a temporary copy.
  func withBytes<R, E: Error>(
    at byteOffset: Int, count: Int, alignment: Int, _ body: (RawSpan) throws(E) -> R
  ) throws(E) -> R {
    let mapping = mapping
    let bytes = mapping.bytes.extracting(byteOffset..<byteOffset + count)
    // The mapping begins at a page, so that the offset decides.
    if byteOffset % alignment == 0 { return try body(bytes) }
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 64)
    defer { unsafe copy.deallocate() }
    unsafe bytes.withUnsafeBytes { unsafe copy.copyMemory(from: $0) }
    return try body(unsafe UnsafeRawBufferPointer(copy).bytes)
  }
}
