internal import DequeModule

/// Finished answers that are kept for the next caller, least recently asked for out first.
///
/// Exact: the key holds everything that decides the answer, and keys are compared byte by byte, not
/// by their hash. Errors are not put in.
package struct ResultCache<Key: Hashable, Value> {
  private struct Entry {
    var value: Value
    var byteCount: Int
    /// The entry's latest mention in `order`.
    var turn: UInt64
  }

  private let byteCountMax: Int
  private var entries: [Key: Entry] = [:]
  /// Keys in the order in which they were asked for; older mentions of a key are void.
  private var order: Deque<(key: Key, turn: UInt64)> = []
  private var nextTurn: UInt64 = 0
  package private(set) var byteCount = 0
  package private(set) var hits: UInt64 = 0
  package private(set) var misses: UInt64 = 0

  /// - Parameter byteCountMax: bytes of values and keys kept at once; 0 keeps nothing.
  package init(byteCountMax: Int) {
    self.byteCountMax = byteCountMax
  }

  package var isOn: Bool { byteCountMax > 0 }
  package var count: Int { entries.count }
  /// Notes of what was asked for when: no more than twice as many as entries, and a few.
  package var mentionCount: Int { order.count }

  package mutating func value(for key: Key) -> Value? {
    guard isOn else { return nil }
    guard var entry = entries[key] else {
      misses += 1
      return nil
    }
    hits += 1
    entry.turn = mention(key)
    entries[key] = entry
    return entry.value
  }

  /// - Parameter byteCount: of value and key together.
  package mutating func put(_ value: Value, for key: Key, byteCount bytes: Int) {
    // One that would empty the whole cache for itself is not worth it.
    guard isOn, bytes <= byteCountMax / 8 else { return }
    if let old = entries.removeValue(forKey: key) { byteCount -= old.byteCount }
    entries[key] = Entry(value: value, byteCount: bytes, turn: mention(key))
    byteCount += bytes
    while byteCount > byteCountMax, let oldest = order.popFirst() {
      guard entries[oldest.key]?.turn == oldest.turn else { continue }
      byteCount -= entries.removeValue(forKey: oldest.key)?.byteCount ?? 0
    }
  }

  private mutating func mention(_ key: Key) -> UInt64 {
    nextTurn += 1
    order.append((key, nextTurn))
    // Void mentions are swept before they outnumber the others.
    if order.count > 2 * entries.count + 64 {
      order.removeAll { entries[$0.key]?.turn != $0.turn && $0.turn != nextTurn }
    }
    return nextTurn
  }
}
