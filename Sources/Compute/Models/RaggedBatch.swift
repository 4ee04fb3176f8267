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

  /// For each input the index, from its own start, of the first token that a pooling reads: behind
  /// a prompt that is left out, else 0. `[inputs]`.
  package private(set) var pooledStarts: [Int] = []

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

  /// The tokens of input `index` that a pooling reads, as a range of rows of the hidden states.
  package func pooledTokens(of index: Int) -> Range<Int> {
    offsets[index] + pooledStarts[index]..<offsets[index + 1]
  }

  /// Appends an input; tokens from `segmentStart` on (nil: none) belong to the second segment, only
  /// the first `keyCount` (nil: all) are seen, and poolings read from `pooledStart` on.
  ///
  /// Ids are not checked here: `LoadedModel.forward` does.
  package mutating func append(
    _ tokens: some Collection<Int32>, segmentStart: Int? = nil, keyCount: Int? = nil,
    pooledStart: Int = 0
  ) {
    keyCounts.append(keyCount ?? tokens.count)
    pooledStarts.append(pooledStart)
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
    pooledStarts.removeAll(keepingCapacity: true)
  }
}
