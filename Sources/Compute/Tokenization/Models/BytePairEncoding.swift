/// The BPE model: a word is spelled in characters (or bytes), and neighbours merge, the pair of the
/// least rank first, of several the leftmost.
///
/// Matches `tokenizers` 0.23.3, `models/bpe/model.rs` and `word.rs`, without dropout.
struct BytePairEncoding: Sendable {
  /// A part of a word while it merges. `next` is -1 behind the last one.
  struct Symbol {
    var id: Int32
    var previous: Int32
    var next: Int32
    /// The rank of the merge with the next symbol, `UInt32.max` for none.
    var rank: UInt32 = .max
    var isGone = false
  }

  /// What the file says beside the vocabulary and the merges.
  struct Options: Sendable {
    var unknown: Int32?
    var fusesUnknown = false
    /// Bytes of unknown characters become tokens such as `<0x0A>`.
    var fallsBackToBytes = false
    /// A word that is in the vocabulary is one token.
    var ignoresMerges = false
    var prefix: [UInt8] = []
    var suffix: [UInt8] = []
  }

  let vocabulary: Vocabulary
  private let merges: MergeTable
  private let options: Options
  /// The id of each byte as `ByteLevel` spells it; nil where words are not raw bytes.
  private let byteIDs: [Int32]?
  /// The ids of `<0x00>` to `<0xFF>`, -1 for none.
  private let fallbackIDs: [Int32]

  /// With `byteIDs` words are raw bytes: one id for each, of the byte as `ByteLevel` spells it.
  init(vocabulary: Vocabulary, merges: MergeTable, options: Options, byteIDs: [Int32]?) {
    self.vocabulary = vocabulary
    self.merges = merges
    self.options = options
    self.byteIDs = byteIDs
    fallbackIDs = (0..<256).map { byte in
      vocabulary.id(of: ByteFallback.spelling(UInt8(truncatingIfNeeded: byte))) ?? -1
    }
  }

  /// The same model for words that are raw bytes, where `ByteLevel` would only spell them as the
  /// vocabulary does; nil if that would make a difference.
  func forRawBytes() -> BytePairEncoding? {
    let ids = ByteLevelAlphabet.spellings.compactMap { vocabulary.id(of: $0) }
    guard ids.count == 256, options.prefix.isEmpty, options.suffix.isEmpty else { return nil }
    return BytePairEncoding(
      vocabulary: vocabulary, merges: merges, options: options, byteIDs: ids)
  }

  /// Appends the tokens of the word `text[word]`, which is not empty, as one group.
  @inline(__always)
  func tokenize(
    _ text: Span<UInt8>, _ word: Range<Int>, memory: inout ModelMemory, sink: inout TokenSink
  ) {
    memory.remember(text, word, in: &sink) { memory, sink in
      split(text, word, memory: &memory, sink: &sink)
    }
  }

  private func split(
    _ text: Span<UInt8>, _ word: Range<Int>, memory: inout ModelMemory, sink: inout TokenSink
  ) {
    if options.ignoresMerges, let id = wholeWord(text, word, &memory.spelling) {
      sink.append(id)
      return
    }
    memory.symbols.removeAll(keepingCapacity: true)
    if let byteIDs {
      let byteIDs = byteIDs.span
      for index in word { add(byteIDs[Int(text[index])], to: &memory.symbols) }
    } else {
      addCharacters(text, word, &memory)
    }
    guard !memory.symbols.isEmpty else { return }
    for index in memory.symbols.indices.dropLast() {
      memory.symbols[index].rank = rank(
        memory.symbols[index].id, memory.symbols[index + 1].id)
    }
    if memory.symbols.count <= 48 {
      mergeShort(&memory.symbols)
      for symbol in memory.symbols { sink.append(symbol.id) }
    } else {
      mergeLong(&memory.symbols, &memory.queue)
      for symbol in memory.symbols where !symbol.isGone { sink.append(symbol.id) }
    }
  }

  private func wholeWord(
    _ text: Span<UInt8>, _ word: Range<Int>, _ spelling: inout [UInt8]
  ) -> Int32? {
    guard byteIDs != nil else { return vocabulary.id(text, word) }
    spelling.removeAll(keepingCapacity: true)
    for index in word { spelling += ByteLevelAlphabet.spellings[Int(text[index])] }
    return vocabulary.id(of: spelling)
  }

  private func add(_ id: Int32, to symbols: inout [Symbol]) {
    let index = Int32(truncatingIfNeeded: symbols.count)
    if index > 0 { symbols[symbols.count - 1].next = index }
    symbols.append(Symbol(id: id, previous: index - 1, next: -1))
  }

  private func addCharacters(
    _ text: Span<UInt8>, _ word: Range<Int>, _ memory: inout ModelMemory
  ) {
    // An unknown token waits for the next known character, even behind bytes: as in the library.
    var isUnknown = false
    var index = word.lowerBound
    while index < word.upperBound {
      let end = index + UTF8Text.length(lead: text[index])
      memory.spelling.removeAll(keepingCapacity: true)
      if index > word.lowerBound { memory.spelling += options.prefix }
      for place in index..<end { memory.spelling.append(text[place]) }
      if end == word.upperBound { memory.spelling += options.suffix }
      index = end
      if let id = vocabulary.id(of: memory.spelling) {
        if isUnknown, let unknown = options.unknown { add(unknown, to: &memory.symbols) }
        isUnknown = false
        add(id, to: &memory.symbols)
      } else if options.fallsBackToBytes, hasBytes(memory.spelling) {
        for byte in memory.spelling { add(fallbackIDs[Int(byte)], to: &memory.symbols) }
      } else if let unknown = options.unknown {
        if isUnknown, !options.fusesUnknown { add(unknown, to: &memory.symbols) }
        isUnknown = true
      }
    }
    if isUnknown, let unknown = options.unknown { add(unknown, to: &memory.symbols) }
  }

  private func hasBytes(_ spelling: [UInt8]) -> Bool {
    spelling.allSatisfy { fallbackIDs[Int($0)] >= 0 }
  }

  @inline(__always)
  private func rank(_ first: Int32, _ second: Int32) -> UInt32 {
    merges.merge(first, second)?.rank ?? .max
  }

  /// Merges in an array that shrinks: quadratic, and the fastest for words.
  private func mergeShort(_ symbols: inout [Symbol]) {
    while symbols.count > 1 {
      var best = 0
      var least = UInt32.max
      for index in 0..<symbols.count - 1 where symbols[index].rank < least {
        least = symbols[index].rank
        best = index
      }
      guard least < .max, let merge = merges.merge(symbols[best].id, symbols[best + 1].id) else {
        return
      }
      symbols[best].id = merge.id
      symbols.remove(at: best + 1)
      symbols[best].rank =
        best + 1 < symbols.count ? rank(merge.id, symbols[best + 1].id) : .max
      if best > 0 { symbols[best - 1].rank = rank(symbols[best - 1].id, merge.id) }
    }
  }

  /// Merges in a linked list with a heap of (rank, place).
  private func mergeLong(_ symbols: inout [Symbol], _ queue: inout [UInt64]) {
    queue.removeAll(keepingCapacity: true)
    for index in symbols.indices { push(symbols[index].rank, index, &queue) }
    while let top = BinaryHeap.pop(&queue) {
      let place = Int(top & 0xFFFF_FFFF)
      let symbol = symbols[place]
      // The entry is old where the symbol went, or has another rank by now.
      guard !symbol.isGone, symbol.next >= 0, UInt64(symbol.rank) == top >> 32,
        let merge = merges.merge(symbol.id, symbols[Int(symbol.next)].id)
      else { continue }
      let right = Int(symbol.next)
      let next = symbols[right].next
      symbols[right].isGone = true
      symbols[place].id = merge.id
      symbols[place].next = next
      symbols[place].rank = next >= 0 ? rank(merge.id, symbols[Int(next)].id) : .max
      if next >= 0 { symbols[Int(next)].previous = Int32(truncatingIfNeeded: place) }
      push(symbols[place].rank, place, &queue)
      let previous = Int(symbol.previous)
      if previous >= 0 {
        symbols[previous].rank = rank(symbols[previous].id, merge.id)
        push(symbols[previous].rank, previous, &queue)
      }
    }
  }

  private func push(_ rank: UInt32, _ place: Int, _ queue: inout [UInt64]) {
    if rank < .max { BinaryHeap.push(UInt64(rank) << 32 | UInt64(place), &queue) }
  }
}

/// A heap of numbers in an array, the least one first.
enum BinaryHeap {
  static func push(_ value: UInt64, _ heap: inout [UInt64]) {
    var index = heap.count
    heap.append(value)
    while index > 0, heap[(index - 1) / 2] > value {
      heap[index] = heap[(index - 1) / 2]
      index = (index - 1) / 2
    }
    heap[index] = value
  }

  static func pop(_ heap: inout [UInt64]) -> UInt64? {
    guard let top = heap.first, let last = heap.popLast() else { return nil }
    guard !heap.isEmpty else { return top }
    var index = 0
    while true {
      var child = index * 2 + 1
      guard child < heap.count else { break }
      if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
      guard heap[child] < last else { break }
      heap[index] = heap[child]
      index = child
    }
    heap[index] = last
    return top
  }
}
