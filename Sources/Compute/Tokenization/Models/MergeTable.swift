/// The merges of a BPE model: pairs of ids, each with its rank and the id of the whole.
struct MergeTable: Sendable {
  /// What a pair becomes, and how early.
  struct Merge: Sendable {
    var rank: UInt32
    var id: Int32
  }

  /// One place of the hash table; empty where `id` is negative.
  private struct Slot {
    var pair: UInt64 = 0
    var rank: UInt32 = 0
    var id: Int32 = -1
  }

  private var slots: [Slot]
  private let shift: UInt64

  /// Room for `capacity` pairs.
  init(capacity: Int) {
    var bits: UInt64 = 4
    while 1 << bits < capacity * 2 { bits += 1 }
    slots = [Slot](repeating: Slot(), count: 1 << Int(bits))
    shift = 64 - bits
  }

  /// Adds a pair; one that is there already gets the new rank. At most `capacity` calls.
  mutating func insert(_ first: Int32, _ second: Int32, _ merge: Merge) {
    let pair = Self.pair(first, second)
    var index = home(pair)
    while slots[index].id >= 0, slots[index].pair != pair {
      index = (index + 1) & (slots.count - 1)
    }
    slots[index] = Slot(pair: pair, rank: merge.rank, id: merge.id)
  }

  /// What the pair becomes, nil if it does not merge.
  @inline(__always)
  func merge(_ first: Int32, _ second: Int32) -> Merge? {
    let pair = Self.pair(first, second)
    let slots = self.slots.span
    var index = home(pair)
    while true {
      let slot = slots[index]
      if slot.id < 0 { return nil }
      if slot.pair == pair { return Merge(rank: slot.rank, id: slot.id) }
      index = (index + 1) & (slots.count - 1)
    }
  }

  @inline(__always)
  private static func pair(_ first: Int32, _ second: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: first)) << 32 | UInt64(UInt32(bitPattern: second))
  }

  @inline(__always)
  private func home(_ pair: UInt64) -> Int {
    Int(truncatingIfNeeded: ((pair ^ pair >> 29) &* 0x9E37_79B9_7F4A_7C15) &>> shift)
  }
}
