/// The Unigram model: of all ways to spell a word the one with the greatest sum of scores.
///
/// Matches `tokenizers` 0.23.3, `models/unigram/model.rs`: scores are added in double precision
/// from left to right, an unknown character costs 10 more than the least score, neighbouring
/// unknown characters are one token.
struct Unigram: Sendable {
  /// The best way to spell the word up to a place.
  struct Node {
    var score: Double
    /// -1 where no token ends.
    var start: Int32
    var id: Int32
  }

  let vocabulary: Vocabulary
  private let scores: [Double]
  private let trie: HashTrie
  private let unknown: Int32
  private let unknownScore: Double
  private let fallbackIDs: [Int32]?

  /// `scores` by id. With `fallsBackToBytes` what is unknown becomes tokens such as `<0x0A>` where
  /// the vocabulary has them all.
  init(
    vocabulary: Vocabulary, trie: HashTrie, scores: [Double], unknown: Int32,
    fallsBackToBytes: Bool
  ) {
    self.vocabulary = vocabulary
    self.trie = trie
    self.scores = scores
    self.unknown = unknown
    unknownScore = scores.reduce(.infinity) { $1 < $0 ? $1 : $0 } - 10
    fallbackIDs =
      fallsBackToBytes
      ? (0..<256).map { byte in
        vocabulary.id(of: ByteFallback.spelling(UInt8(truncatingIfNeeded: byte))) ?? -1
      } : nil
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
    memory.nodes.removeAll(keepingCapacity: true)
    memory.nodes.append(Node(score: 0, start: 0, id: unknown))
    for _ in word { memory.nodes.append(Node(score: 0, start: -1, id: unknown)) }
    findBest(text, word, &memory.nodes)
    // The ends of the tokens, from the last one back.
    memory.path.removeAll(keepingCapacity: true)
    var end = Int32(truncatingIfNeeded: word.count)
    while end > 0 {
      memory.path.append(end)
      end = memory.nodes[Int(end)].start
    }
    var start = 0
    var unknownStart = -1
    for end in memory.path.reversed() {
      let id = memory.nodes[Int(end)].id
      if id == unknown {
        if unknownStart < 0 { unknownStart = start }
      } else {
        if unknownStart >= 0 {
          addUnknown(text, word.lowerBound + unknownStart..<word.lowerBound + start, &sink)
          unknownStart = -1
        }
        sink.append(id)
      }
      start = Int(end)
    }
    if unknownStart >= 0 {
      addUnknown(text, word.lowerBound + unknownStart..<word.upperBound, &sink)
    }
  }

  private func findBest(_ text: Span<UInt8>, _ word: Range<Int>, _ nodes: inout [Node]) {
    let scores = self.scores.span
    var start = word.lowerBound
    while start < word.upperBound {
      let place = Int32(truncatingIfNeeded: start - word.lowerBound)
      let scoreSoFar = nodes[Int(place)].score
      let characterEnd = start + UTF8Text.length(lead: text[start])
      var isSingle = false
      var node = HashTrie.root
      var index = start
      while index < word.upperBound, let next = trie.child(of: node, text[index]) {
        node = next
        index += 1
        let id = trie.value(of: node)
        guard id >= 0 else { continue }
        if index == characterEnd { isSingle = true }
        Self.offer(
          Node(score: scores[Int(id)] + scoreSoFar, start: place, id: id),
          at: index - word.lowerBound, &nodes)
      }
      if !isSingle {
        Self.offer(
          Node(score: unknownScore + scoreSoFar, start: place, id: unknown),
          at: characterEnd - word.lowerBound, &nodes)
      }
      start = characterEnd
    }
  }

  @inline(__always)
  private static func offer(_ node: Node, at place: Int, _ nodes: inout [Node]) {
    if nodes[place].start < 0 || node.score > nodes[place].score { nodes[place] = node }
  }

  private func addUnknown(_ text: Span<UInt8>, _ range: Range<Int>, _ sink: inout TokenSink) {
    if let id = vocabulary.id(text, range) {
      sink.append(id)
      return
    }
    if let fallbackIDs {
      var hasAll = true
      for index in range where fallbackIDs[Int(text[index])] < 0 { hasAll = false }
      if hasAll {
        for index in range { sink.append(fallbackIDs[Int(text[index])]) }
        return
      }
    }
    sink.append(unknown)
  }
}

/// Byte strings with a value each, found from their beginning byte by byte. Immutable once built.
struct HashTrie: Sendable {
  /// The node of the empty string.
  static let root: Int32 = 0

  /// One edge: the node it leaves and its byte, and the node it leads to; empty where that is 0.
  private struct Edge {
    var key: UInt64 = 0
    var target: Int32 = 0
  }

  private var edges: [Edge]
  private var count = 0
  private var values: [Int32] = [-1]
  private var first = [Int32](repeating: 0, count: 256)

  init() {
    edges = [Edge](repeating: Edge(), count: 1 << 10)
  }

  /// Gives a string, not empty, a value of 0 or more; the last one counts.
  mutating func insert(_ string: [UInt8], value: Int32) {
    var node = Self.root
    for byte in string {
      if let next = child(of: node, byte) {
        node = next
      } else {
        values.append(-1)
        let next = Int32(truncatingIfNeeded: values.count - 1)
        add(Edge(key: UInt64(node) << 8 | UInt64(byte), target: next))
        if node == Self.root { first[Int(byte)] = next }
        node = next
      }
    }
    values[Int(node)] = value
  }

  /// The value of the string that leads to `node`, -1 for none.
  @inline(__always)
  func value(of node: Int32) -> Int32 { values.span[Int(node)] }

  @inline(__always)
  func child(of node: Int32, _ byte: UInt8) -> Int32? {
    if node == Self.root {
      let next = first.span[Int(byte)]
      return next > 0 ? next : nil
    }
    let key = UInt64(node) << 8 | UInt64(byte)
    let edges = self.edges.span
    var index = home(key)
    while true {
      let edge = edges[index]
      if edge.target == 0 { return nil }
      if edge.key == key { return edge.target }
      index = (index + 1) & (edges.count - 1)
    }
  }

  private mutating func add(_ edge: Edge) {
    if count * 2 >= edges.count {
      let old = edges
      edges = [Edge](repeating: Edge(), count: old.count * 2)
      for edge in old where edge.target > 0 { place(edge) }
    }
    place(edge)
    count += 1
  }

  private mutating func place(_ edge: Edge) {
    var index = home(edge.key)
    while edges[index].target > 0 { index = (index + 1) & (edges.count - 1) }
    edges[index] = edge
  }

  @inline(__always)
  private func home(_ key: UInt64) -> Int {
    let mixed = (key ^ key >> 29) &* 0x9E37_79B9_7F4A_7C15
    return Int(truncatingIfNeeded: mixed >> 32) & (edges.count - 1)
  }
}
