/// Token spellings and their ids: an open-addressing hash table over one byte arena.
///
/// The hash of a spelling grows byte by byte, so that one pass over a word gives the hashes of all
/// its prefixes. Spellings are compared as bytes, never by canonical equivalence. Immutable.
struct Vocabulary: Sendable {
  /// One place of the hash table; empty where `id` is negative. 16 bytes.
  private struct Slot {
    var fingerprint: UInt32 = 0
    var id: Int32 = -1
    var offset: UInt32 = 0
    var length: UInt32 = 0
  }

  /// A spelling in the arena and its id.
  private struct Entry {
    var id: Int32
    var offset: UInt32
    var length: UInt32
  }

  /// The hash of an empty spelling (FNV-1a's start).
  static let emptyHash: UInt64 = 0xCBF2_9CE4_8422_2325

  private var arena: [UInt8] = []
  private var slots: [Slot]
  /// Eight bits a slot, one of them set for each spelling: most of what is not in the vocabulary is
  /// found out here, in a sixteenth of the table's memory, which stays in the cache.
  private var filter: [UInt64]
  private var shift: UInt64
  /// Ascending by id; of spellings with the same id, the last in the file stands last.
  private var entries: [Entry] = []

  /// Room for `capacity` spellings; more are refused by `insert`.
  init(capacity: Int) {
    var bits: UInt64 = 4
    while 1 << bits < capacity * 2 { bits += 1 }
    slots = [Slot](repeating: Slot(), count: 1 << Int(bits))
    filter = [UInt64](repeating: 0, count: 1 << Int(bits - 3))
    shift = 64 - bits
    entries.reserveCapacity(capacity)
    arena.reserveCapacity(capacity * 8)
  }

  /// The number of different spellings.
  var count: Int { entries.count }

  /// The hash of a spelling one byte longer.
  @inline(__always)
  static func extend(_ hash: UInt64, _ byte: UInt8) -> UInt64 {
    (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
  }

  /// The hash of a whole spelling.
  static func hash(_ spelling: [UInt8]) -> UInt64 {
    spelling.reduce(emptyHash, extend)
  }

  /// Adds a spelling; one that is there already gets the new id (in JSON the last member counts).
  /// False, and nothing added, where the table or the arena (4 GiB) is full.
  mutating func insert(_ spelling: [UInt8], id: Int32) -> Bool {
    guard UInt64(arena.count) + UInt64(spelling.count) < UInt64(UInt32.max) else { return false }
    let hash = Self.mixed(Self.hash(spelling))
    var index = home(hash)
    while slots[index].id >= 0 {
      let slot = slots[index]
      if slot.fingerprint == fingerprint(hash), self.spelling(slot).elementsEqual(spelling) {
        slots[index].id = id
        replace(offset: slot.offset, id: id)
        return true
      }
      index = (index + 1) & (slots.count - 1)
    }
    guard entries.count < slots.count / 2 else { return false }
    let entry = Entry(id: id, offset: UInt32(arena.count), length: UInt32(spelling.count))
    arena.append(contentsOf: spelling)
    entries.append(entry)
    filter[filterWord(hash)] |= filterBit(hash)
    slots[index] = Slot(
      fingerprint: fingerprint(hash), id: id, offset: entry.offset, length: entry.length)
    return true
  }

  /// To be called after the last `insert`: makes `spelling(of:)` work.
  mutating func finish() {
    var isAscending = true
    for index in entries.indices.dropFirst() where entries[index - 1].id > entries[index].id {
      isAscending = false
      break
    }
    guard !isAscending else { return }
    entries.sort { ($0.id, $0.offset) < ($1.id, $1.offset) }
  }

  /// The greatest id, nil where there is none. Needs `finish()`.
  var greatestID: Int32? { entries.last?.id }

  /// The id of the spelling `prefix` + `text[range]`, whose hash is `hash`.
  @inline(__always)
  func id(
    hash: UInt64, prefix: Span<UInt8>, _ text: Span<UInt8>, _ range: Range<Int>
  ) -> Int32? {
    let hash = Self.mixed(hash)
    guard filter.span[filterWord(hash)] & filterBit(hash) != 0 else { return nil }
    let wanted = fingerprint(hash)
    let slots = self.slots.span
    var index = home(hash)
    while true {
      let slot = slots[index]
      if slot.id < 0 { return nil }
      if slot.fingerprint == wanted, Int(slot.length) == prefix.count + range.count,
        isEqual(Int(slot.offset), prefix, text, range)
      {
        return slot.id
      }
      index = (index + 1) & (slots.count - 1)
    }
  }

  /// The id of the spelling `text[range]`.
  func id(_ text: Span<UInt8>, _ range: Range<Int>) -> Int32? {
    var hash = Self.emptyHash
    for index in range { hash = Self.extend(hash, text[index]) }
    return id(hash: hash, prefix: Span(), text, range)
  }

  /// The id of a spelling.
  func id(of spelling: [UInt8]) -> Int32? {
    id(hash: Self.hash(spelling), prefix: Span(), spelling.span, 0..<spelling.count)
  }

  /// The spelling of an id; of several the last in the file.
  func spelling(of id: Int32) -> [UInt8]? {
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].id <= id { low = middle + 1 } else { high = middle }
    }
    guard low > 0, entries[low - 1].id == id else { return nil }
    let entry = entries[low - 1]
    return Array(arena[Int(entry.offset)..<Int(entry.offset + entry.length)])
  }

  /// The greatest length in bytes of a spelling that begins with `prefix`, without it; 0 if none.
  func longest(after prefix: [UInt8]) -> Int {
    var longest = 0
    for entry in entries where Int(entry.length) - prefix.count > longest {
      let start = Int(entry.offset)
      if arena[start..<start + prefix.count].elementsEqual(prefix) {
        longest = Int(entry.length) - prefix.count
      }
    }
    return longest
  }

  @inline(__always)
  private func isEqual(
    _ offset: Int, _ prefix: Span<UInt8>, _ text: Span<UInt8>, _ range: Range<Int>
  ) -> Bool {
    let arena = self.arena.span
    for index in prefix.indices where arena[offset + index] != prefix[index] { return false }
    let start = offset + prefix.count - range.lowerBound
    for index in range where arena[start + index] != text[index] { return false }
    return true
  }

  private func spelling(_ slot: Slot) -> ArraySlice<UInt8> {
    arena[Int(slot.offset)..<Int(slot.offset + slot.length)]
  }

  /// Gives the entry at `offset` another id. Entries ascend by offset until `finish`.
  private mutating func replace(offset: UInt32, id: Int32) {
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].offset < offset { low = middle + 1 } else { high = middle }
    }
    entries[low].id = id
  }

  /// Fibonacci hashing: FNV's high bits alone are too regular for short spellings.
  @inline(__always)
  private static func mixed(_ hash: UInt64) -> UInt64 {
    (hash ^ hash >> 29) &* 0x9E37_79B9_7F4A_7C15
  }

  @inline(__always)
  private func home(_ mixed: UInt64) -> Int {
    Int(truncatingIfNeeded: mixed &>> shift)
  }

  @inline(__always)
  private func filterWord(_ mixed: UInt64) -> Int {
    Int(truncatingIfNeeded: mixed &>> (shift + 3))
  }

  @inline(__always)
  private func filterBit(_ mixed: UInt64) -> UInt64 {
    1 &<< (mixed &>> (shift - 3) & 63)
  }

  @inline(__always)
  private func fingerprint(_ mixed: UInt64) -> UInt32 {
    UInt32(truncatingIfNeeded: mixed)
  }
}
