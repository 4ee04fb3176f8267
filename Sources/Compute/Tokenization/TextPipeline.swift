internal import CUnicodeTables

/// Working memory of the stages.
struct StageMemory: ~Copyable {
  /// The part of the text at hand, normalized.
  var normalized = ByteBuffer()
  var intermediate = ByteBuffer()
  var state = NormalizerState()
  var words = WordList()
  var model = ModelMemory()

  init() {}

  /// Gives back what an unusually long text without spaces made grow.
  mutating func shrink() {
    normalized.shrink(to: 1 << 18)
    intermediate.shrink(to: 1 << 18)
    words.shrink()
    model.shrink()
  }
}

/// The stages from text to tokens: added tokens, normalizer, added tokens again, pre-tokenizer,
/// model.
extension Tokenizer {
  /// Bytes after which a text is cut where that cannot be noticed, so that a long text that will be
  /// truncated is not normalized to its end.
  private static let chunkSize = 4096

  /// Sends the tokens of a text, which is valid UTF-8, to `sink`, until the end or until the sink
  /// is satisfied. False if the sink was satisfied, so that text may be left.
  func tokenize(
    _ text: Span<UInt8>, memory: inout StageMemory, sink: inout TokenSink
  ) -> Bool {
    defer {
      sink.finish()
      memory.shrink()
    }
    memory.state.hasFailed = false
    memory.words.hasFailed = false
    memory.model.cache.own(identity)
    var position = AddedTokenSplitter.Position(pieceStart: 0, searchStart: 0)
    var cut = cutPoint(in: text, after: 0)
    var isDone = false
    while !isDone {
      let pieceStart = position.pieceStart
      if pieceStart >= cut { cut = cutPoint(in: text, after: pieceStart) }
      let match = addedTokens.plain.next(in: text, &position, before: cut)
      let pieceEnd = match?.range.lowerBound ?? cut
      if pieceStart < pieceEnd {
        tokenizePiece(text, pieceStart..<pieceEnd, memory: &memory, sink: &sink)
      }
      if let match {
        add(match, to: &sink)
        isDone = position.pieceStart >= text.count && position.searchStart >= text.count
      } else {
        position.pieceStart = cut
        position.searchStart = max(position.searchStart, cut)
        isDone = cut >= text.count
      }
      if sink.isSatisfied { return false }
    }
    return true
  }

  /// A part of the text between added tokens.
  private func tokenizePiece(
    _ text: Span<UInt8>, _ range: Range<Int>, memory: inout StageMemory, sink: inout TokenSink
  ) {
    memory.normalized.removeAll()
    normalizer.normalize(
      text, range, into: &memory.normalized, intermediate: &memory.intermediate,
      state: &memory.state)
    tokenizeNormalized(
      memory.normalized, memory.state.isAtOrigin, &memory.words, &memory.model, &sink)
  }

  /// A normalized part of the text: the parts of it between normalized added tokens.
  private func tokenizeNormalized(
    _ buffer: borrowing ByteBuffer, _ isAtOrigin: Bool, _ words: inout WordList,
    _ modelMemory: inout ModelMemory, _ sink: inout TokenSink
  ) {
    let normalized = buffer.span
    guard !addedTokens.normalized.isEmpty else {
      tokenizeWords(normalized, 0..<normalized.count, isAtOrigin, &words, &modelMemory, &sink)
      return
    }
    var position = AddedTokenSplitter.Position(pieceStart: 0, searchStart: 0)
    var isDone = false
    while !isDone, !sink.isSatisfied {
      let pieceStart = position.pieceStart
      let match = addedTokens.normalized.next(in: normalized, &position, before: normalized.count)
      let pieceEnd = match?.range.lowerBound ?? normalized.count
      if pieceStart < pieceEnd {
        tokenizeWords(
          normalized, pieceStart..<pieceEnd, isAtOrigin && pieceStart == 0, &words,
          &modelMemory, &sink)
      }
      if let match { add(match, to: &sink) } else { isDone = true }
    }
  }

  private func tokenizeWords(
    _ text: Span<UInt8>, _ range: Range<Int>, _ isAtOrigin: Bool, _ words: inout WordList,
    _ modelMemory: inout ModelMemory, _ sink: inout TokenSink
  ) {
    switch preTokenizer {
    case .whole:
      if !range.isEmpty { model.tokenize(text, range, memory: &modelMemory, sink: &sink) }
    case .bert:
      if case .wordPiece(let model) = model {
        // Looked at once, not for every word.
        forEachBertWord(text, range, &sink) { word, sink in
          model.tokenize(text, word, sink: &sink)
        }
      } else {
        forEachBertWord(text, range, &sink) { word, sink in
          model.tokenize(text, word, memory: &modelMemory, sink: &sink)
        }
      }
    case .steps(let steps):
      words.start(text, range, isAtOrigin: isAtOrigin)
      for step in steps { step.apply(to: &words) }
      let text = words.text.span
      for word in words.ranges {
        if sink.isSatisfied { return }
        model.tokenize(text, word, memory: &modelMemory, sink: &sink)
      }
    }
  }

  /// Calls `body` with each word of `BertPreTokenizer` until the sink is satisfied.
  @inline(__always)
  private func forEachBertWord(
    _ text: Span<UInt8>, _ range: Range<Int>, _ sink: inout TokenSink,
    _ body: (Range<Int>, inout TokenSink) -> Void
  ) {
    let classes = PreTokenizer.bertClasses.span
    var start = range.lowerBound
    while !sink.isSatisfied,
      let word = PreTokenizer.nextBertWord(
        text, in: start..<range.upperBound, classes: classes)
    {
      body(word, &sink)
      start = word.upperBound
    }
  }

  private func add(_ match: AddedTokenSplitter.Match, to sink: inout TokenSink) {
    guard !match.range.isEmpty else { return }
    sink.append(match.id)
    sink.endGroup()
  }

  /// The end of the part of the text to look at next: far enough after `start`, the first place
  /// where the parts before and after give the same tokens as both together; else the text's end.
  private func cutPoint(in text: Span<UInt8>, after start: Int) -> Int {
    guard text.count - start > Self.chunkSize else { return text.count }
    guard case .bert = preTokenizer, normalizer.isBert, addedTokens.normalized.isEmpty else {
      return text.count
    }
    let ends = normalizer.splitsChinese ? CU_CHINESE : 0
    var index = start + Self.chunkSize
    while index < text.count, text[index] & 0xC0 == 0x80 { index += 1 }
    while index < text.count {
      // A character that ends a word, and that no normalizer changes, removes or moves.
      let properties = Int(cu_properties(UTF8Text.decode(text, index)))
      if properties & (CU_MAPPED | CU_CONTROL | CU_MARK) == 0,
        properties & (CU_SEPARATOR | CU_PUNCTUATION | ends) != 0
      {
        return index
      }
      index += UTF8Text.length(lead: text[index])
    }
    return index
  }
}
