/// What a tokenizer made of one input.
package struct Encoding: Sendable, Equatable {
  /// Token ids, special tokens included, at most as many as the limit.
  package var ids: [Int32]
  /// Index of the first token with type id 1; `ids.count` when there is none. All tokens from here
  /// on have type id 1, all before it 0.
  package var segmentStart: Int
  /// Tokens before truncation, special tokens included; a lower bound unless `complete`.
  package var tokenCount: Int
  /// Whether tokens were cut away to keep the limit.
  package var truncated: Bool
  /// Whether the text was read to its end, so that `tokenCount` is exact.
  package var complete: Bool

  /// An encoding from its parts.
  package init(
    ids: [Int32], segmentStart: Int, tokenCount: Int, truncated: Bool, complete: Bool
  ) {
    self.ids = ids
    self.segmentStart = segmentStart
    self.tokenCount = tokenCount
    self.truncated = truncated
    self.complete = complete
  }
}
