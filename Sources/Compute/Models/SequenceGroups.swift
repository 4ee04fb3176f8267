internal import Kernels

/// Consecutive inputs of a batch in groups of about `Linear.tileRows` tokens, which go through a
/// layer together: their rows stay in the nearer caches between its operations.
///
/// An input is never divided. A group is closed by the first input that does not fit.
struct SequenceGroups: Sequence, IteratorProtocol {
  private let offsets: [Int]
  private var nextInput = 0

  init(_ batch: RaggedBatch) {
    offsets = batch.offsets
  }

  /// The most rows that a group of a batch within `limits` can have.
  static func rowsMax(_ limits: BatchCapacity) -> Int {
    Swift.min(Swift.max(Linear.tileRows, limits.inputTokensMax), limits.tokensMax)
  }

  /// The next group as a range of inputs, or nil at the end.
  mutating func next() -> Range<Int>? {
    let inputCount = offsets.count - 1
    guard nextInput < inputCount else { return nil }
    let first = nextInput
    let start = offsets[first]
    nextInput += 1
    while nextInput < inputCount, offsets[nextInput + 1] - start <= Linear.tileRows {
      nextInput += 1
    }
    return first..<nextInput
  }
}
