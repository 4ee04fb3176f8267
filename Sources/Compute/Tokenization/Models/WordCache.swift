/// Remembers the tokens of short words of one tokenizer: a table of fixed size in which a new word
/// takes the place of an older one. At most about 1.5 MiB.
struct WordCache: ~Copyable {
  /// Where a word's bytes and ids are; empty where `length` is 0.
  private struct Slot {
    var hash: UInt64 = 0
    var byteStart: UInt32 = 0
    var idStart: UInt32 = 0
    var length: UInt16 = 0
    var idCount: UInt16 = 0
  }

  /// Longer words are not remembered.
  static let lengthMax = 48
  private static let slotBits: UInt64 = 14
  private static let bytesMax = 1 << 19
  private static let idsMax = 1 << 17

  private var owner: UInt64 = 0
  private var slots: [Slot] = []
  private var bytes: [UInt8] = []
  private var ids: [Int32] = []

  init() {}

  /// Makes the cache that of the tokenizer `owner`; what it knew of another one is forgotten.
  mutating func own(_ owner: UInt64) {
    guard self.owner != owner else { return }
    self.owner = owner
    slots = []
  }

  /// Appends the ids of a word and ends the group; false if the word is not known.
  @inline(__always)
  func append(
    _ text: Span<UInt8>, _ word: Range<Int>, hash: UInt64, to sink: inout TokenSink
  ) -> Bool {
    guard !slots.isEmpty else { return false }
    let slot = slots[Self.index(hash)]
    guard slot.hash == hash, Int(slot.length) == word.count else { return false }
    let known = bytes.span
    let start = Int(slot.byteStart) - word.lowerBound
    for index in word where known[start + index] != text[index] { return false }
    let ids = self.ids.span
    for index in Int(slot.idStart)..<Int(slot.idStart) + Int(slot.idCount) {
      sink.append(ids[index])
    }
    sink.endGroup()
    return true
  }

  /// Remembers a word of at most `lengthMax` bytes, not empty.
  mutating func insert(
    _ text: Span<UInt8>, _ word: Range<Int>, hash: UInt64, _ wordIDs: ArraySlice<Int32>
  ) {
    guard wordIDs.count <= Int(UInt16.max) else { return }
    let isFull =
      bytes.count + word.count > Self.bytesMax || ids.count + wordIDs.count > Self.idsMax
    if slots.isEmpty || isFull { clear() }
    slots[Self.index(hash)] = Slot(
      hash: hash, byteStart: UInt32(bytes.count), idStart: UInt32(ids.count),
      length: UInt16(word.count), idCount: UInt16(wordIDs.count))
    for index in word { bytes.append(text[index]) }
    ids += wordIDs
  }

  private mutating func clear() {
    slots = [Slot](repeating: Slot(), count: 1 << Int(Self.slotBits))
    bytes.removeAll(keepingCapacity: true)
    ids.removeAll(keepingCapacity: true)
  }

  @inline(__always)
  private static func index(_ hash: UInt64) -> Int {
    Int(truncatingIfNeeded: ((hash ^ hash >> 29) &* 0x9E37_79B9_7F4A_7C15) >> (64 - slotBits))
  }
}
