/// Lines that every tokenizer is compared on: the same as Tests/FixtureMakers/tokenizer_lines.py
/// makes, from nothing but whole numbers.
enum GeneratedLines {
  /// Every code point of every block (planes 4 to 13 have none): 32 a line, in context in the first
  /// two planes.
  static let codePoints: [[UInt8]] = {
    var lines: [[UInt8]] = []
    for start in stride(from: UInt32(0), to: 0x20000, by: 32)
    where !(0xD800...0xDFFF).contains(start) {
      var line: [UInt8] = []
      for code in start..<start + 32 {
        line += Array("a\(character(code))b \(character(code))\u{301}".utf8)
      }
      lines.append(line)
    }
    for (first, last) in [(UInt32(0x20000), UInt32(0x3FFFF)), (0xE0000, 0x10FFFF)] {
      for start in stride(from: first, to: last, by: 128) {
        var line: [UInt8] = []
        for code in start..<start + 128 {
          line += Array("\(character(code))\(code % 8 == 7 ? "a" : "")".utf8)
        }
        lines.append(line)
      }
    }
    return lines
  }()

  /// Words of letters of every script, with what stands between words.
  static let words: [[UInt8]] = {
    var numbers = Numbers(state: 20_261_123)
    var lines: [[UInt8]] = []
    for (first, last) in scripts {
      for _ in 0..<180 {
        var line = ""
        for _ in 0..<1 + numbers.below(8) {
          for _ in 0..<1 + numbers.below(7) {
            line.unicodeScalars.append(character(first + numbers.below(last - first + 1)))
          }
          if numbers.below(12) == 0 { line += pieces[numbers.index(pieces.count)] }
          line += separators[numbers.index(separators.count)]
        }
        lines.append(Array(line.utf8))
      }
    }
    return lines
  }()

  /// Pieces one after the other, and words of great length.
  static let adversarial: [[UInt8]] = {
    var numbers = Numbers(state: 7)
    var lines: [[UInt8]] = []
    for _ in 0..<4000 {
      var line = ""
      for _ in 0..<1 + numbers.below(14) { line += pieces[numbers.index(pieces.count)] }
      lines.append(Array(line.utf8))
    }
    for piece in pieces {
      let count = 1 + 300 / max(1, piece.unicodeScalars.count)
      lines.append(Array(String(repeating: piece, count: count).utf8))
    }
    for letter in ["a", "e\u{301}", "中", "😀", "ab ", "\n", " ", "1", "'s"] {
      lines.append(Array(String(repeating: letter, count: 3000).utf8))
    }
    return lines
  }()

  private static func character(_ code: UInt32) -> Unicode.Scalar {
    Unicode.Scalar(code) ?? "\u{FFFD}"
  }

  /// Xorshift of 32 bits.
  private struct Numbers {
    var state: UInt32

    mutating func below(_ count: UInt32) -> UInt32 {
      state ^= state << 13
      state ^= state >> 17
      state ^= state << 5
      return state % count
    }

    mutating func index(_ count: Int) -> Int { Int(below(UInt32(count))) }
  }

  /// The first and last letter of each script.
  private static let scripts: [(UInt32, UInt32)] = [
    (0x61, 0x7A), (0xC0, 0x24F), (0x1E00, 0x1EFF), (0x370, 0x3FF), (0x1F00, 0x1FFF), (0x400, 0x4FF),
    (0x531, 0x587), (0x591, 0x5EA), (0x60C, 0x6D3), (0x700, 0x74A), (0x780, 0x7B1), (0x7C0, 0x7FA),
    (0x900, 0x97F), (0x980, 0x9FE), (0xA01, 0xA75), (0xA81, 0xAFF), (0xB01, 0xB77), (0xB82, 0xBFA),
    (0xC00, 0xC7F), (0xC80, 0xCF3), (0xD00, 0xD7F), (0xD81, 0xDF4), (0xE01, 0xE5B), (0xE81, 0xEDF),
    (0xF00, 0xFD4), (0x1000, 0x109F), (0x10A0, 0x10FF), (0x1100, 0x11FF), (0xAC00, 0xD7A3),
    (0x1200, 0x137C), (0x13A0, 0x13FD), (0x1401, 0x167F), (0x1681, 0x169C), (0x16A0, 0x16F8),
    (0x1780, 0x17F9), (0x1800, 0x18AA), (0x1B00, 0x1B7C), (0x2C00, 0x2C5F), (0x2D30, 0x2D7F),
    (0x3041, 0x309F), (0x30A0, 0x30FF), (0x3105, 0x312F), (0x4E00, 0x9FFF), (0xA000, 0xA48C),
    (0xA960, 0xA9DF), (0xFB00, 0xFDFF), (0xFF01, 0xFFDC), (0x10400, 0x1044F), (0x1D400, 0x1D7FF),
    (0x1E900, 0x1E95F), (0x1F300, 0x1F6FF), (0x20000, 0x2A6DF),
  ]

  private static let separators = [
    " ", " ", " ", " ", "  ", ", ", ". ", "-", "'", "\n", "\r\n", "\u{A0}", "\u{3000}", "12 ", "!?",
  ]

  /// What looks for trouble, to be put together at random.
  private static let pieces = [
    "", " ", "  ", "   ", "\t", "\n", "\r\n", "\r", "\n\n ", "\u{B}", "\u{C}", "\u{85}", "\u{A0}",
    "\u{2028}", "\u{200B}", "\u{200C}", "\u{200D}", "\u{2060}", "\u{FEFF}", "\u{AD}", "\u{180E}",
    "\u{3000}", "\0", "\u{1}", "\u{7F}", "\u{FFFD}", "\u{FFFE}", "\u{10FFFF}", "a", "b", "A", "I",
    "x", "the", "The", "THE", "water", "mill", "pond", "hello", "and", "ing", "s", "t", "0", "1",
    "12", "123", "1234567", "\u{663}\u{664}", "\u{967}", "\u{B2}", "\u{2167}", "\u{BD}", "\u{FF11}",
    "'", "'s", "'S", "'t", "'re", "'Ve", "'LL", "'d", "'m", "'\u{17F}", "'\u{17F}s", "\u{2019}s",
    "\u{17F}", "\u{212A}", "\u{130}", "\u{131}", "\u{3A3}", "\u{3C2}", "\u{DF}", "\u{1E9E}",
    "\u{1C5}", "\u{FB01}", "\u{FB03}", "\u{E9}", "e\u{301}", "\u{301}", "\u{301}\u{323}",
    "\u{323}\u{301}", "\u{345}", "\u{1AB0}", "\u{20D0}", "\u{3099}", "\u{304B}\u{3099}", "\u{30AB}",
    "\u{30FC}", "\u{FF76}\u{FF9E}", "\u{4E2D}", "\u{6587}", "\u{3007}", "\u{AC00}", "\u{1100}",
    "\u{1161}", "\u{11A8}", "\u{E33}", "\u{EB3}", "\u{915}\u{94D}\u{937}", "\u{915}\u{94D}\u{200D}",
    "\u{915}\u{93F}", "\u{600}", "\u{6DD}", "\u{627}\u{644}\u{644}\u{647}", "\u{FDFA}", "\u{202E}",
    "\u{2066}", "\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}", "\u{1F44D}\u{1F3FD}",
    "\u{2764}\u{FE0F}", "\u{1F1E9}\u{1F1EA}\u{1F1EB}", "1\u{FE0F}\u{20E3}", "\u{A9}\u{200D}\u{AE}",
    "\u{1D400}", "\u{20000}", ".", ",", "...", "!", "?", "-", "--", "\u{2014}", "_", "__", "(", ")",
    "[", "]", "{", "}", "<", ">", "#", "##", "@", "$", "\u{20AC}", "%", "+", "=", "/", "//", "\\",
    "|", "~", "`", "``", "''", "\"", "^", "*", ":", ";", "&", "<s>", "</s>", "<unk>", "<mask>",
    "<pad>", "<|im_start|>", "<|endoftext|>", "<0x0A>", "<0xE4>", "[CLS]", "[SEP]", "[MASK]",
    "[UNK]", "\u{2581}", "\u{2581}\u{2581}", "\u{2581}the", "\u{120}", "\u{120}the", "\u{10A}",
    "\u{178}", "</w>", "\u{430}", "\u{435}", "\u{440}\u{430}", "\u{3BF}", "\u{FF41}", "\u{251}",
    "\u{1D41A}", "http://a.b/c?d=e", "a@b.c", "3.14", "1,000", "x86_64", "C++", "don't", "DON'T",
    "I'll", "we've",
  ]
}
