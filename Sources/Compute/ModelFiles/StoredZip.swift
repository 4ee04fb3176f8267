/// The entries of a zip archive that are stored without compression, as PyTorch writes them.
struct StoredZip {
  /// The bytes of each entry's content by its name.
  let entries: [String: Range<Int>]

  private static let entryCountMax = 10_000

  /// Reads the central directory. Throws `.malformed` for what contradicts itself and
  /// `.unsupported` for compressed or encrypted entries and for archives over 4 GB.
  init(_ bytes: [UInt8], path: String) throws(ModelFilesError) {
    let file = Bytes(bytes: bytes, path: path)
    // The last record, before a comment of at most 64 KiB.
    guard bytes.count >= 22 else { throw file.malformed("it is too short") }
    var end = bytes.count - 22
    let least = max(0, end - 65_535)
    while try file.number(at: end, 4) != 0x0605_4b50 {
      guard end > least else { throw file.malformed("it has no zip directory") }
      end -= 1
    }
    let count = try file.number(at: end + 10, 2)
    var place = try file.number(at: end + 16, 4)
    guard count < 0xffff, place < 0xffff_ffff else {
      throw ModelFilesError(.unsupported, "\(path): it is a zip archive of the large kind")
    }
    guard count <= Self.entryCountMax else { throw file.malformed("it has \(count) entries") }
    var entries: [String: Range<Int>] = [:]
    for _ in 0..<count {
      let (name, range, next) = try Self.entry(file, at: place)
      guard entries.updateValue(range, forKey: name) == nil else {
        throw file.malformed("the entry \(name.quotedForMessage) is there twice")
      }
      place = next
    }
    self.entries = entries
  }

  private static func entry(
    _ file: Bytes, at place: Int
  ) throws(ModelFilesError) -> (name: String, range: Range<Int>, next: Int) {
    guard try file.number(at: place, 4) == 0x0201_4b50 else {
      throw file.malformed("its directory is damaged")
    }
    let nameCount = try file.number(at: place + 28, 2)
    let extraCount = try file.number(at: place + 30, 2)
    let commentCount = try file.number(at: place + 32, 2)
    let name = String(decoding: try file.slice(at: place + 46, nameCount), as: UTF8.self)
    let flags = try file.number(at: place + 8, 2)
    let method = try file.number(at: place + 10, 2)
    let stored = try file.number(at: place + 20, 4)
    let size = try file.number(at: place + 24, 4)
    guard method == 0, flags & 1 == 0, stored == size, size < 0xffff_ffff else {
      throw ModelFilesError(
        .unsupported,
        "\(file.path): the entry \(name.quotedForMessage) is compressed or encrypted, which "
          + "PyTorch does not write")
    }
    let local = try file.number(at: place + 42, 4)
    guard try file.number(at: local, 4) == 0x0403_4b50 else {
      throw file.malformed("the entry \(name.quotedForMessage) is damaged")
    }
    let skipped = try file.number(at: local + 26, 2) + file.number(at: local + 28, 2)
    let start = local + 30 + skipped
    _ = try file.slice(at: start, size)
    return (name, start..<start + size, place + 46 + nameCount + extraCount + commentCount)
  }

  /// The file, with checked access.
  private struct Bytes {
    let bytes: [UInt8]
    let path: String

    func malformed(_ text: String) -> ModelFilesError {
      ModelFilesError(.malformed, "\(path): \(text), so it is no file of PyTorch")
    }

    /// A little-endian number of at most four bytes.
    func number(at place: Int, _ count: Int) throws(ModelFilesError) -> Int {
      try slice(at: place, count).reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    func slice(at place: Int, _ count: Int) throws(ModelFilesError) -> ArraySlice<UInt8> {
      guard place >= 0, count >= 0, place <= bytes.count, count <= bytes.count - place else {
        throw malformed("it ends early")
      }
      return bytes[place..<place + count]
    }
  }
}
