/// The model of a tokenizer.json: what makes tokens of a word.
enum Model: Sendable {
  case wordPiece(WordPiece)
  case wordLevel(WordLevel)
  case bpe(BytePairEncoding)
  case unigram(Unigram)

  /// The spellings and ids.
  var vocabulary: Vocabulary {
    switch self {
    case .wordPiece(let model): model.vocabulary
    case .wordLevel(let model): model.vocabulary
    case .bpe(let model): model.vocabulary
    case .unigram(let model): model.vocabulary
    }
  }

  /// Appends the tokens of the word `text[word]`, which is not empty, as one group.
  @inline(__always)
  func tokenize(
    _ text: Span<UInt8>, _ word: Range<Int>, memory: inout ModelMemory, sink: inout TokenSink
  ) {
    switch self {
    case .wordPiece(let model): model.tokenize(text, word, sink: &sink)
    case .wordLevel(let model): model.tokenize(text, word, sink: &sink)
    case .bpe(let model): model.tokenize(text, word, memory: &memory, sink: &sink)
    case .unigram(let model): model.tokenize(text, word, memory: &memory, sink: &sink)
    }
  }
}

/// Working memory of the models, kept from word to word.
struct ModelMemory: ~Copyable {
  var symbols: [BytePairEncoding.Symbol] = []
  var queue: [UInt64] = []
  var nodes: [Unigram.Node] = []
  var path: [Int32] = []
  var spelling: [UInt8] = []
  var cache = WordCache()

  init() {}

  /// Appends the tokens of the word `text[word]`, which is not empty, as one group: those of
  /// `split`, which are remembered where the word is short.
  @inline(__always)
  mutating func remember(
    _ text: Span<UInt8>, _ word: Range<Int>, in sink: inout TokenSink,
    _ split: (inout ModelMemory, inout TokenSink) -> Void
  ) {
    guard word.count <= WordCache.lengthMax else {
      split(&self, &sink)
      sink.endGroup()
      return
    }
    var hash = Vocabulary.emptyHash
    for index in word { hash = Vocabulary.extend(hash, text[index]) }
    if cache.append(text, word, hash: hash, to: &sink) { return }
    let start = sink.ids.count
    split(&self, &sink)
    cache.insert(text, word, hash: hash, sink.ids[start...])
    sink.endGroup()
  }

  /// Gives back what an unusually long word made grow.
  mutating func shrink() {
    if symbols.capacity > 1 << 14 { symbols = [] }
    if queue.capacity > 1 << 14 { queue = [] }
    if nodes.capacity > 1 << 14 { nodes = [] }
    if path.capacity > 1 << 14 { path = [] }
    if spelling.capacity > 1 << 14 { spelling = [] }
  }
}

/// The model WordLevel: a word is in the vocabulary, or it is unknown.
struct WordLevel: Sendable {
  let vocabulary: Vocabulary
  let unknown: Int32

  /// Appends the token of the word `text[word]` as one group.
  func tokenize(_ text: Span<UInt8>, _ word: Range<Int>, sink: inout TokenSink) {
    sink.append(vocabulary.id(text, word) ?? unknown)
    sink.endGroup()
  }
}
