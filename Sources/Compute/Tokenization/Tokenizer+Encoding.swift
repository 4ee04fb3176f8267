extension Tokenizer {
  /// Tokens of one text with the special tokens around it.
  ///
  /// `text` is any UTF-8, NUL included. With truncation `.right` a long text is not tokenized to
  /// its end (but all of it is checked to be UTF-8). Throws `.invalidUTF8`, `.tooLong` (truncation
  /// is off), `.limitTooSmall` and `.noTokens`.
  package func encode(
    _ text: Span<UInt8>, limit: Limit, scratch: inout TokenizerScratch
  ) throws(TokenizationError) -> Encoding {
    let template = postProcessor.single
    let budget = try budget(limit, template)
    try check(text, "the text")
    scratch.first.start(kept(limit, budget), stopAbove: limit.truncation == .right ? budget : .max)
    let complete = tokenize(text, memory: &scratch.memory, sink: &scratch.first)
    try scratch.memory.checkPatterns()
    try checkSingle(limit, budget, count: scratch.first.count, template)
    return try finish(
      template, limit, complete: complete, counts: (scratch.first.count, 0),
      first: scratch.first.ids[...], second: [])
  }

  /// Tokens of a pair with the special tokens around and between.
  ///
  /// Truncation takes tokens as `limit.strategy` says, by default from the longer text first.
  /// Which text is longer decides who gets the odd token; with truncation `.right` that can mean
  /// counting the shorter text to its end. Throws as `encode` of one text does, and `.unsupported`
  /// where the tokenizer has no usable template for pairs.
  package func encode(
    query: Span<UInt8>, document: Span<UInt8>, limit: Limit, scratch: inout TokenizerScratch
  ) throws(TokenizationError) -> Encoding {
    let template = try postProcessor.pair.get()
    let budget = try budget(limit, template)
    try check(query, "the query")
    try check(document, "the document")
    let complete = try tokenizePair(query, document, limit, budget, &scratch)
    let counts = (scratch.first.count, scratch.second.count)
    let keep = try keep(counts, limit, budget, template)
    let (first, second) = (scratch.first.ids, scratch.second.ids)
    let isLeft = limit.truncation == .left
    return try finish(
      template, limit, complete: complete, counts: counts,
      first: isLeft ? first.suffix(keep.first) : first.prefix(keep.first),
      second: isLeft ? second.suffix(keep.second) : second.prefix(keep.second))
  }

  /// As `encode` of a span, with working memory for this call only.
  package func encode(_ text: [UInt8], limit: Limit) throws(TokenizationError) -> Encoding {
    var scratch = TokenizerScratch()
    return try encode(text.span, limit: limit, scratch: &scratch)
  }

  /// As `encode` of two spans, with working memory for this call only.
  package func encode(
    query: [UInt8], document: [UInt8], limit: Limit
  ) throws(TokenizationError) -> Encoding {
    var scratch = TokenizerScratch()
    return try encode(
      query: query.span, document: document.span, limit: limit, scratch: &scratch)
  }

  /// Fills both sinks with up to `budget` tokens. False if a text was left before its end: then its
  /// count is above the budget, and the counts still tell which of the texts is longer.
  private func tokenizePair(
    _ query: Span<UInt8>, _ document: Span<UInt8>, _ limit: Limit, _ budget: Int,
    _ scratch: inout TokenizerScratch
  ) throws(TokenizationError) -> Bool {
    // Where only one text is cut, how much of it stays depends on all of the other.
    let isRight = limit.truncation == .right && limit.strategy == .longestFirst
    // Equal halves need no comparison; for an odd budget the text of fewer bytes is counted to its
    // end and the other until it is longer.
    let stop = isRight && budget % 2 == 0 ? budget : Int.max
    let kept = kept(limit, budget)
    if query.count <= document.count {
      scratch.first.start(kept, stopAbove: stop)
      let isComplete = tokenize(query, memory: &scratch.memory, sink: &scratch.first)
      try scratch.memory.checkPatterns()
      let least = isComplete ? max(budget, scratch.first.count) : budget
      scratch.second.start(kept, stopAbove: isRight ? least : .max)
      let isEnd = tokenize(document, memory: &scratch.memory, sink: &scratch.second)
      try scratch.memory.checkPatterns()
      return isEnd && isComplete
    }
    scratch.second.start(kept, stopAbove: stop)
    let isComplete = tokenize(document, memory: &scratch.memory, sink: &scratch.second)
    try scratch.memory.checkPatterns()
    let least = isComplete ? max(budget, scratch.second.count) : budget
    scratch.first.start(kept, stopAbove: isRight ? least : .max)
    let isEnd = tokenize(query, memory: &scratch.memory, sink: &scratch.first)
    try scratch.memory.checkPatterns()
    return isEnd && isComplete
  }

  private func finish(
    _ template: PostProcessor.Template, _ limit: Limit, complete: Bool, counts: (Int, Int),
    first: ArraySlice<Int32>, second: ArraySlice<Int32>
  ) throws(TokenizationError) -> Encoding {
    let tokenCount = template.specialCount + counts.0 + counts.1
    let isTooLong = tokenCount > limit.maxTokens
    if isTooLong, limit.truncation == .off {
      throw .tooLong(tokens: tokenCount, limit: limit.maxTokens)
    }
    let (ids, segmentStart) = template.assemble(first: first, second: second)
    guard !ids.isEmpty else { throw .noTokens }
    return Encoding(
      ids: ids, segmentStart: segmentStart, tokenCount: tokenCount, truncated: isTooLong,
      complete: complete)
  }

  /// How many tokens of each text stay. As in the library, a text that alone is to be cut must keep
  /// one token at least.
  private func keep(
    _ counts: (Int, Int), _ limit: Limit, _ budget: Int, _ template: PostProcessor.Template
  ) throws(TokenizationError) -> (first: Int, second: Int) {
    let isWhole = counts.0 <= budget && counts.1 <= budget - counts.0
    if isWhole || limit.truncation == .off || limit.strategy == .longestFirst {
      return LongestFirst.keep(first: counts.0, second: counts.1, budget: budget)
    }
    let other = limit.strategy == .onlyFirst ? counts.1 : counts.0
    guard other < budget else {
      throw .limitTooSmall(
        limit: limit.maxTokens, minimum: template.specialCount + other + 1)
    }
    return limit.strategy == .onlyFirst ? (budget - other, other) : (other, budget - other)
  }

  /// Refuses a single text that is too long for the strategy.
  private func checkSingle(
    _ limit: Limit, _ budget: Int, count: Int, _ template: PostProcessor.Template
  ) throws(TokenizationError) {
    guard limit.truncation != .off, count > budget else { return }
    switch limit.strategy {
    case .longestFirst: return
    case .onlyFirst:
      guard budget == 0 else { return }
      throw .limitTooSmall(limit: limit.maxTokens, minimum: template.specialCount + 1)
    case .onlySecond:
      throw TokenizationError(
        code: .unsupported(component: "only_second"),
        message: "only the second text may be cut, and there is none")
    }
  }

  /// The number of tokens of the texts that the limit leaves room for.
  private func budget(
    _ limit: Limit, _ template: PostProcessor.Template
  ) throws(TokenizationError) -> Int {
    let minimum = max(1, template.specialCount)
    guard limit.maxTokens >= minimum else {
      throw .limitTooSmall(limit: limit.maxTokens, minimum: minimum)
    }
    return limit.maxTokens - template.specialCount
  }

  private func kept(_ limit: Limit, _ budget: Int) -> TokenSink.Kept {
    limit.truncation == .left ? .last(budget) : .first(budget)
  }

  private func check(_ text: Span<UInt8>, _ name: String) throws(TokenizationError) {
    if let offset = UTF8Text.firstError(in: text) { throw .invalidUTF8(offset: offset, in: name) }
  }
}

extension StageMemory {
  /// Throws where a regular expression of the tokenizer needed too many steps for the text.
  fileprivate func checkPatterns() throws(TokenizationError) {
    guard state.hasFailed || words.hasFailed else { return }
    throw TokenizationError(
      code: .tooComplex,
      message: "a regular expression of the tokenizer needs too many steps for this text")
  }
}
