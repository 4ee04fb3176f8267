/// The entries of a zip archive that are stored without compression, as PyTorch writes them.
struct StoredZip {
  /// The bytes of each entry's content by its name.
  let entries: [String: Range<Int>]

  private static let entryCountMax = 100_000

  /// Reads the central directory, also the one of archives over 4 GB. Throws `.malformed` for what
  /// contradicts itself and `.unsupported` for compressed or encrypted entries.
  init(_ bytes: RawSpan, path: String) throws(ModelFilesError) {
    let file = Bytes(bytes: bytes, path: path)
    var (count, place) = try Self.directory(file)
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

  /// The number of entries and where their list begins.
  private static func directory(
    _ file: borrowing Bytes
  ) throws(ModelFilesError) -> (count: Int, place: Int) {
    // The last record, before a comment of at most 64 KiB.
    guard file.bytes.byteCount >= 22 else { throw file.malformed("it is too short") }
    var end = file.bytes.byteCount - 22
    let least = max(0, end - 65_535)
    while try file.number(at: end, 4) != 0x0605_4b50 {
      guard end > least else { throw file.malformed("it has no zip directory") }
      end -= 1
    }
    let count = try file.number(at: end + 10, 2)
    let place = try file.number(at: end + 16, 4)
    guard count == 0xffff || place == 0xffff_ffff else { return (count, place) }
    // The numbers that do not fit stand in a record of their own.
    guard try file.number(at: end - 20, 4) == 0x0706_4b50 else {
      throw file.malformed("its directory is damaged")
    }
    let record = try file.number(at: end - 12, 8)
    guard try file.number(at: record, 4) == 0x0606_4b50 else {
      throw file.malformed("its directory is damaged")
    }
    return (try file.number(at: record + 32, 8), try file.number(at: record + 48, 8))
  }

  private static func entry(
    _ file: borrowing Bytes, at place: Int
  ) throws(ModelFilesError) -> (name: String, range: Range<Int>, next: Int) {
    guard try file.number(at: place, 4) == 0x0201_4b50 else {
      throw file.malformed("its directory is damaged")
    }
    let nameCount = try file.number(at: place + 28, 2)
    let extraCount = try file.number(at: place + 30, 2)
    let commentCount = try file.number(at: place + 32, 2)
    let name = try file.text(at: place + 46, nameCount)
    let flags = try file.number(at: place + 8, 2)
    let method = try file.number(at: place + 10, 2)
    // In the order in which the extra field holds those that do not fit.
    var (size, stored, local) = (
      try file.number(at: place + 24, 4), try file.number(at: place + 20, 4),
      try file.number(at: place + 42, 4)
    )
    var extra = LargeNumbers(place: place + 46 + nameCount, count: extraCount)
    try extra.replace(&size, in: file)
    try extra.replace(&stored, in: file)
    try extra.replace(&local, in: file)
    guard method == 0, flags & 1 == 0, stored == size else {
      throw ModelFilesError(
        .unsupported,
        "\(file.path): the entry \(name.quotedForMessage) is compressed or encrypted, which "
          + "PyTorch does not write")
    }
    guard try file.number(at: local, 4) == 0x0403_4b50 else {
      throw file.malformed("the entry \(name.quotedForMessage) is damaged")
    }
    let skipped = try file.number(at: local + 26, 2) + file.number(at: local + 28, 2)
    let start = local + 30 + skipped
    try file.require(at: start, size)
    return (name, start..<start + size, place + 46 + nameCount + extraCount + commentCount)
  }

  /// The 8-byte numbers of an entry's extra field of the kind 1, taken one after another.
  private struct LargeNumbers {
    /// Where the field begins, and its length.
    let place: Int
    let count: Int
    private var taken = 0

    init(place: Int, count: Int) {
      self.place = place
      self.count = count
    }

    /// Puts the next number in the place of one that says it did not fit.
    mutating func replace(
      _ value: inout Int, in file: borrowing Bytes
    ) throws(ModelFilesError) {
      guard value == 0xffff_ffff else { return }
      var start = place
      while start + 4 <= place + count {
        let length = try file.number(at: start + 2, 2)
        if try file.number(at: start, 2) == 1 {
          guard taken + 8 <= length, start + 4 + length <= place + count else { break }
          value = try file.number(at: start + 4 + taken, 8)
          taken += 8
          return
        }
        start += 4 + length
      }
      throw file.malformed("its directory is damaged")
    }
  }

  /// The file, with checked access.
  private struct Bytes: ~Escapable {
    let bytes: RawSpan
    let path: String

    @_lifetime(copy bytes)
    init(bytes: RawSpan, path: String) {
      self.bytes = bytes
      self.path = path
    }

    func malformed(_ text: String) -> ModelFilesError {
      ModelFilesError(.malformed, "\(path): \(text), so it is no file of PyTorch")
    }

    /// A little-endian number of at most eight bytes. Throws also where it is 2⁶² or more: no place
    /// of a file is, and sums of a few of them do not overflow.
    func number(at place: Int, _ count: Int) throws(ModelFilesError) -> Int {
      try require(at: place, count)
      var value: UInt64 = 0
      for index in (0..<count).reversed() {
        value =
          value << 8
          | UInt64(unsafe bytes.unsafeLoad(fromByteOffset: place + index, as: UInt8.self))
      }
      guard value < 1 << 62 else { throw malformed("it ends early") }
      return Int(value)
    }

    func text(at place: Int, _ count: Int) throws(ModelFilesError) -> String {
      try require(at: place, count)
      return unsafe bytes.extracting(place..<place + count).withUnsafeBytes {
        unsafe String(decoding: $0, as: UTF8.self)
      }
    }

    /// Throws where the file does not have these bytes.
    func require(at place: Int, _ count: Int) throws(ModelFilesError) {
      guard place >= 0, count >= 0, place <= bytes.byteCount, count <= bytes.byteCount - place
      else { throw malformed("it ends early") }
    }
  }
}
