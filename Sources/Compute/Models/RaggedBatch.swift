/// Inputs as token ids end to end, without padding.
package struct RaggedBatch: Sendable, Equatable {
  /// The ids of all inputs, `[tokens]`.
  package private(set) var ids: [Int32] = []
  /// Where each input starts in `ids`, and at the end where the last one stops: `[inputs + 1]`.
  package private(set) var offsets: [Int] = [0]
  /// For each input the index, from its own start, of the first token of the second segment; its
  /// token count when it has one segment. `[inputs]`.
  package private(set) var segmentStarts: [Int] = []

  /// For each input how many of its tokens, from its start, are seen by its tokens: all, but for
  /// queries that are filled up. `[inputs]`.
  package private(set) var keyCounts: [Int] = []

  /// An empty batch.
  package init() {}

  /// Number of inputs.
  package var inputCount: Int { segmentStarts.count }

  /// Number of tokens of all inputs.
  package var tokenCount: Int { ids.count }

  /// Tokens of input `index`, as a range of `ids` and of rows of the hidden states.
  package func tokens(of index: Int) -> Range<Int> {
    offsets[index]..<offsets[index + 1]
  }

  /// Appends an input; tokens from `segmentStart` on (nil: none) belong to the second segment, and
  /// only the first `keyCount` (nil: all) are seen.
  ///
  /// Ids are not checked here: `LoadedModel.forward` does.
  package mutating func append(
    _ tokens: some Collection<Int32>, segmentStart: Int? = nil, keyCount: Int? = nil
  ) {
    keyCounts.append(keyCount ?? tokens.count)
    ids.append(contentsOf: tokens)
    offsets.append(ids.count)
    segmentStarts.append(segmentStart ?? tokens.count)
  }

  /// Empties the batch and keeps its memory for the next one.
  package mutating func removeAll() {
    ids.removeAll(keepingCapacity: true)
    offsets.removeAll(keepingCapacity: true)
    offsets.append(0)
    segmentStarts.removeAll(keepingCapacity: true)
    keyCounts.removeAll(keepingCapacity: true)
  }
}
