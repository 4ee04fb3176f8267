/// What an engine's batches were, since its start. Batches that failed or were given up do not
/// count, nor does the warm-up.
package struct BatchCounts: Sendable, Equatable {
  /// Batches.
  package private(set) var batches: UInt64 = 0
  /// Their inputs.
  package private(set) var inputs: UInt64 = 0
  /// Their tokens, special tokens included.
  package private(set) var tokens: UInt64 = 0
  /// Batches by their inputs: at place i those of at most 2^i and more than half that, i from 0 to
  /// 9, and at the end those of more.
  package private(set) var byInputs = [UInt64](repeating: 0, count: 11)
  /// The same by tokens, up to 2^17.
  package private(set) var byTokens = [UInt64](repeating: 0, count: 19)

  /// None.
  package init() {}

  /// Counts a batch. It does not allocate.
  mutating func add(_ size: BatchSize) {
    batches += 1
    inputs += UInt64(size.inputs)
    tokens += UInt64(size.tokens)
    byInputs[min(Self.place(size.inputs), byInputs.count - 1)] += 1
    byTokens[min(Self.place(size.tokens), byTokens.count - 1)] += 1
  }

  /// The least i with count ≤ 2^i.
  private static func place(_ count: Int) -> Int {
    count <= 1 ? 0 : Int.bitWidth - (count - 1).leadingZeroBitCount
  }
}

/// What was computed at once.
struct BatchSize: Sendable, Equatable {
  var inputs: Int
  var tokens: Int
}
