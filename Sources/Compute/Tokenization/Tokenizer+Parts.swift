/// What prompts that are put together from parts need of a tokenizer.
extension Tokenizer {
  /// The same tokenizer without special tokens around a text. Ids of a text's own special tokens
  /// stay as they are.
  package var withoutPostProcessor: Tokenizer {
    Tokenizer(
      normalizer: normalizer, preTokenizer: preTokenizer, model: model, postProcessor: .none,
      addedTokens: addedTokens)
  }

  /// The special tokens before and behind a single text.
  package var singleSpecialTokens: (before: [Int32], after: [Int32]) {
    var before: [Int32] = []
    var after: [Int32] = []
    var isBehind = false
    for piece in postProcessor.single.pieces {
      switch piece {
      case .special(let ids):
        if isBehind { after += ids } else { before += ids }
      case .first, .second: isBehind = true
      }
    }
    return (before, after)
  }
}
