internal import CUnicodeTables

/// A hand-written matcher for the regular expressions that most byte-level tokenizers split by:
/// equal to `RegularExpression` on them, and several times faster.
struct WordScanner: Sendable, Equatable {
  /// Whether contractions are found in any case, a letter takes any one character before it, and
  /// line ends are parted: the pattern of cl100k and its successors, else that of GPT-2.
  let isModern: Bool
  /// The most digits of a word.
  let digitsMax: Int

  /// `ByteLevel` of the library.
  static let gpt2 = WordScanner(isModern: false, digitsMax: .max)

  private static let gpt2Pattern = Array(
    #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#.utf8)
  private static let contractions = [
    #"(?i:'s|'t|'re|'ve|'m|'ll|'d)"#, #"'(?i:[sdmt]|ll|ve|re)"#,
  ]
  private static let digits: [(String, Int)] = [
    (#"\p{N}"#, 1), (#"\p{N}{1,2}"#, 2), (#"\p{N}{1,3}"#, 3),
  ]

  private init(isModern: Bool, digitsMax: Int) {
    self.isModern = isModern
    self.digitsMax = digitsMax
  }

  /// Nil where the pattern is none of the known ones.
  init?(pattern: [UInt8]) {
    if pattern == Self.gpt2Pattern {
      self = .gpt2
      return
    }
    for contraction in Self.contractions {
      for (digits, most) in Self.digits {
        let known =
          contraction + #"|[^\r\n\p{L}\p{N}]?\p{L}+|"# + digits
          + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
        if Array(known.utf8) == pattern {
          self.init(isModern: true, digitsMax: most)
          return
        }
      }
    }
    return nil
  }

  private enum Kind: UInt8 {
    case letter
    case number
    case space
    case other
  }

  /// A character: its kind, its length, and whether it ends a line (CR or LF).
  private struct Character {
    var kind: Kind
    var length: Int
    var isLineEnd = false
  }

  private static let asciiKinds: [Kind] = (0..<128).map { kind(UInt32($0)) }

  private static func kind(_ code: UInt32) -> Kind {
    let value = Int(cu_class(code))
    if value & CU_REGEX_SPACE != 0 { return .space }
    let category = value & 31
    if category >= CU_GC_LU, category <= CU_GC_LO { return .letter }
    return category >= CU_GC_ND && category <= CU_GC_NO ? .number : .other
  }

  @inline(__always)
  private static func character(
    _ text: Span<UInt8>, _ index: Int, _ kinds: Span<Kind>
  ) -> Character {
    let byte = text[index]
    if byte < 0x80 {
      return Character(
        kind: kinds[Int(byte)], length: 1, isLineEnd: byte == 0x0A || byte == 0x0D)
    }
    return Character(
      kind: kind(UTF8Text.decode(text, index)), length: UTF8Text.length(lead: byte))
  }

  /// The end of the word that begins at `start`, below `end`: these patterns match everywhere.
  func wordEnd(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Int {
    let kinds = Self.asciiKinds.span
    if text[start] == UInt8(ascii: "'"),
      let length = contraction(text, start + 1, end)
    {
      return start + 1 + length
    }
    let first = Self.character(text, start, kinds)
    let next = start + first.length
    switch first.kind {
    case .letter: return run(of: .letter, text, next, end, kinds)
    case .number: return numberEnd(text, start, end, kinds)
    case .space, .other: break
    }
    if isModern, !first.isLineEnd, next < end {
      let second = Self.character(text, next, kinds)
      if second.kind == .letter { return run(of: .letter, text, next, end, kinds) }
    }
    if first.kind == .other { return symbolsEnd(text, next, end, kinds) }
    if text[start] == 0x20, next < end {
      switch Self.character(text, next, kinds).kind {
      case .letter: return run(of: .letter, text, next, end, kinds)
      case .number where !isModern: return run(of: .number, text, next, end, kinds)
      case .other: return symbolsEnd(text, next, end, kinds)
      case .number, .space: break
      }
    }
    return spaceEnd(text, start, end, kinds)
  }

  private func run(
    of kind: Kind, _ text: Span<UInt8>, _ start: Int, _ end: Int, _ kinds: Span<Kind>
  ) -> Int {
    var index = start
    while index < end {
      let character = Self.character(text, index, kinds)
      guard character.kind == kind else { break }
      index += character.length
    }
    return index
  }

  private func numberEnd(
    _ text: Span<UInt8>, _ start: Int, _ end: Int, _ kinds: Span<Kind>
  ) -> Int {
    var index = start
    var count = 0
    while index < end, count < digitsMax {
      let character = Self.character(text, index, kinds)
      guard character.kind == .number else { break }
      index += character.length
      count += 1
    }
    return index
  }

  private func symbolsEnd(
    _ text: Span<UInt8>, _ start: Int, _ end: Int, _ kinds: Span<Kind>
  ) -> Int {
    var index = run(of: .other, text, start, end, kinds)
    guard isModern else { return index }
    while index < end, text[index] == 0x0A || text[index] == 0x0D { index += 1 }
    return index
  }

  /// White space: up to its last line end, else without its last character if a word follows.
  private func spaceEnd(
    _ text: Span<UInt8>, _ start: Int, _ end: Int, _ kinds: Span<Kind>
  ) -> Int {
    var index = start
    var last = start
    var lineEnd: Int?
    while index < end {
      let character = Self.character(text, index, kinds)
      guard character.kind == .space else { break }
      last = index
      index += character.length
      if character.isLineEnd { lineEnd = index }
    }
    if isModern, let lineEnd { return lineEnd }
    return index < end && last > start ? last : index
  }

  /// The length of a contraction behind its apostrophe.
  private func contraction(_ text: Span<UInt8>, _ index: Int, _ end: Int) -> Int? {
    guard index < end else { return nil }
    let first = folded(text[index])
    switch first {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return 1
    case 0xC5 where isModern:  // U+017F is an s where case is ignored.
      return index + 1 < end && text[index + 1] == 0xBF ? 2 : nil
    default: break
    }
    guard index + 1 < end else { return nil }
    let second = folded(text[index + 1])
    switch (first, second) {
    case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")),
      (UInt8(ascii: "l"), UInt8(ascii: "l")):
      return 2
    default: return nil
    }
  }

  private func folded(_ byte: UInt8) -> UInt8 {
    isModern && byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
  }
}
