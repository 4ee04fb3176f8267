internal import Dispatch
internal import Glibc

/// The file of a `PackStore`: blocks of bytes, each with a label and a checksum.
///
/// Form: a header of 256 bytes, `millpond-packs 1 <offset> <length> <hash>` and spaces, which names
/// place and XXH3-128 of the table; the blocks, each from a page on; the table, a line
/// `<offset>\t<length>\t<hash>\t<label>` for each block. It is never changed after it got its name.
struct PackFile: Sendable {
  /// A block: its place in the file.
  struct Block: Sendable, Equatable {
    var offset: Int
    var byteCount: Int
    var hash: String
    var label: String
  }

  static let headerByteCount = 256
  private static let mark = "millpond-packs 1"
  /// No table is longer: a million blocks.
  private static let tableByteCountMax = 128 << 20

  let mapping: MappedFile
  let blocks: [Block]

  /// Maps a file and checks all of it, on all processors. Nil where it is not there, or not whole.
  init?(path: String) {
    guard let mapping = try? MappedFile(path: path),
      let blocks = PackFile.table(mapping.bytes)
    else { return nil }
    let damaged = UnsafeMutablePointer<Bool>.allocate(capacity: blocks.count + 1)
    unsafe damaged.initialize(repeating: false, count: blocks.count + 1)
    defer { unsafe damaged.deallocate() }
    // Each iteration writes one element of its own.
    nonisolated(unsafe) let results = unsafe damaged
    DispatchQueue.concurrentPerform(iterations: blocks.count) { index in
      let block = blocks[index]
      let bytes = mapping.bytes.extracting(block.offset..<block.offset + block.byteCount)
      unsafe results[index] = PackFile.hash(bytes) != block.hash
    }
    for index in blocks.indices where unsafe damaged[index] { return nil }
    self.mapping = mapping
    self.blocks = blocks
  }

  private static func table(_ bytes: RawSpan) -> [Block]? {
    guard bytes.byteCount >= headerByteCount else { return nil }
    let header = text(bytes.extracting(0..<headerByteCount)).split(separator: " ")
    guard header.count == 5, header[0] + " " + header[1] == mark, let offset = Int(header[2]),
      let count = Int(header[3]), offset >= headerByteCount, count >= 0,
      count <= tableByteCountMax, offset <= bytes.byteCount - count
    else { return nil }
    let table = bytes.extracting(offset..<offset + count)
    guard hash(table) == header[4] else { return nil }
    var blocks: [Block] = []
    for line in text(table).split(separator: "\n") {
      let fields = line.split(separator: "\t")
      guard fields.count == 4, let start = Int(fields[0]), let length = Int(fields[1]),
        start >= headerByteCount, length >= 0, length <= offset, start <= offset - length
      else { return nil }
      blocks.append(
        Block(
          offset: start, byteCount: length, hash: String(fields[2]), label: String(fields[3])))
    }
    return blocks
  }

  private static func text(_ bytes: RawSpan) -> String {
    unsafe bytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
  }

  static func hash(_ bytes: RawSpan) -> String {
    var hasher = ContentHasher()
    unsafe bytes.withUnsafeBytes { unsafe hasher.update($0) }
    return hasher.digest()
  }

  /// The header of a file whose table of `table.count` bytes begins at `offset`.
  static func header(table: [UInt8], at offset: Int) -> [UInt8] {
    let hash = unsafe hash(table.span.bytes)
    let text = "\(mark) \(offset) \(table.count) \(hash) "
    var bytes = Array(text.utf8)
    bytes += [UInt8](repeating: UInt8(ascii: " "), count: headerByteCount - bytes.count)
    return bytes
  }

  static func table(_ blocks: [Block]) -> [UInt8] {
    Array(
      blocks.map { "\($0.offset)\t\($0.byteCount)\t\($0.hash)\t\($0.label)\n" }.joined().utf8)
  }
}
