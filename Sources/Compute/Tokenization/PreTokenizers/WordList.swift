/// A piece of text and the words that it is cut into, step by step.
struct WordList: ~Copyable {
  /// The text that `ranges` are places of.
  var text = ByteBuffer()
  /// The words, ascending, none empty.
  var ranges: [Range<Int>] = []
  /// Whether the first character of the text stands at the first byte of the input, and no word
  /// before it was dropped.
  var isAtOrigin = true
  /// A regular expression needed too many steps: the text must be refused.
  var hasFailed = false
  private var spareText = ByteBuffer()
  private var spareRanges: [Range<Int>] = []

  init() {}

  /// Begins with `text[range]` as the only word.
  mutating func start(_ text: Span<UInt8>, _ range: Range<Int>, isAtOrigin: Bool) {
    self.text.removeAll()
    self.text.append(text, range)
    ranges.removeAll(keepingCapacity: ranges.capacity <= 1 << 16)
    if !range.isEmpty { ranges.append(0..<range.count) }
    self.isAtOrigin = isAtOrigin
  }

  /// Gives back what an unusually long text made grow.
  mutating func shrink() {
    text.shrink(to: 1 << 18)
    spareText.shrink(to: 1 << 18)
    if ranges.capacity > 1 << 16 { ranges = [] }
    if spareRanges.capacity > 1 << 16 { spareRanges = [] }
  }

  /// Cuts every word: `cut` appends its parts, none empty.
  mutating func split(_ cut: (Span<UInt8>, Range<Int>, inout [Range<Int>]) -> Void) {
    swap(&ranges, &spareRanges)
    ranges.removeAll(keepingCapacity: true)
    Self.cutAll(text, spareRanges, into: &ranges, cut)
  }

  private static func cutAll(
    _ text: borrowing ByteBuffer, _ words: [Range<Int>], into ranges: inout [Range<Int>],
    _ cut: (Span<UInt8>, Range<Int>, inout [Range<Int>]) -> Void
  ) {
    let text = text.span
    for word in words { cut(text, word, &ranges) }
  }

  /// Writes every word anew: `rewrite` appends it to the new text. Words that become nothing are
  /// dropped.
  mutating func rewrite(_ rewrite: (Span<UInt8>, Range<Int>, inout ByteBuffer) -> Void) {
    swap(&ranges, &spareRanges)
    ranges.removeAll(keepingCapacity: true)
    swap(&text, &spareText)
    text.removeAll()
    Self.rewriteAll(spareText, spareRanges, into: &text, &ranges, rewrite)
  }

  private static func rewriteAll(
    _ old: borrowing ByteBuffer, _ words: [Range<Int>], into text: inout ByteBuffer,
    _ ranges: inout [Range<Int>], _ rewrite: (Span<UInt8>, Range<Int>, inout ByteBuffer) -> Void
  ) {
    let old = old.span
    for word in words {
      let start = text.count
      rewrite(old, word, &text)
      if text.count > start { ranges.append(start..<text.count) }
    }
  }
}
