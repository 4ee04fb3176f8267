/// Turns a regular expression of a tokenizer.json, which the `tokenizers` library gives to
/// Oniguruma, into one that PCRE2 matches alike: every class of characters becomes explicit ranges.
///
/// What the two read differently, or what is not known to be read alike, is refused by name.
struct PatternTranslation {
  /// A construct that is refused.
  struct Refusal: Error {
    var construct: String
  }

  private let source: [UInt8]
  private var index = 0
  private var output: [UInt8] = []
  /// Whether each open group ignores case, the whole pattern first.
  private var ignoresCase = [false]
  /// Whether the last thing was an interval such as `{1,3}`.
  private var isAfterInterval = false
  private var previousLetter: UInt8 = 0

  private init(_ source: [UInt8]) { self.source = source }

  /// The pattern for PCRE2 in UTF mode with LF as the only line end.
  static func translate(_ source: [UInt8]) throws(Refusal) -> [UInt8] {
    var translation = PatternTranslation(source)
    while translation.index < source.count { try translation.next() }
    guard translation.ignoresCase.count == 1 else {
      throw Refusal(construct: "a group without an end")
    }
    return translation.output
  }

  private var isIgnoringCase: Bool { ignoresCase.last ?? false }

  private func starts(_ text: StaticString) -> Bool {
    let bytes = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    return source[index...].starts(with: bytes)
  }

  private mutating func next() throws(Refusal) {
    let byte = source[index]
    let wasAfterInterval = isAfterInterval
    isAfterInterval = false
    switch byte {
    case UInt8(ascii: "\\"): try escape()
    case UInt8(ascii: "["): emit(try characterClass())
    case UInt8(ascii: "("): try group()
    case UInt8(ascii: ")"):
      guard ignoresCase.count > 1 else { throw Refusal(construct: "an unmatched )") }
      ignoresCase.removeLast()
      copy(1)
    case UInt8(ascii: "{"): try interval()
    case UInt8(ascii: "+") where wasAfterInterval, UInt8(ascii: "?") where wasAfterInterval:
      throw Refusal(construct: "an interval followed by \(Character(UnicodeScalar(byte)))")
    case UInt8(ascii: "^"), UInt8(ascii: "$"):
      throw Refusal(construct: "the anchor \(Character(UnicodeScalar(byte)))")
    case UInt8(ascii: "|"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"),
      UInt8(ascii: "."):
      copy(1)
    default:
      try literal(byte)
    }
    if byte == UInt8(ascii: "|") || byte == UInt8(ascii: "(") { previousLetter = 0 }
  }

  /// A character that stands for itself. Where case is ignored only the letters of English
  /// contractions are known to fold alike, and none that folds together with its neighbour.
  private mutating func literal(_ byte: UInt8) throws(Refusal) {
    if isIgnoringCase {
      let lower = byte | 0x20
      let isLetter = lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z")
      let isKnown = "sdmtlver".utf8.contains(lower)
      let isPair = previousLetter == UInt8(ascii: "s") && (lower == previousLetter || lower == 0x74)
      guard byte < 0x80, !isLetter || (isKnown && !isPair) else {
        throw Refusal(construct: "a letter whose case is ignored")
      }
      previousLetter = lower
    }
    if byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}") {
      output.append(UInt8(ascii: "\\"))
    }
    copy(1)
  }

  private mutating func copy(_ count: Int) {
    output += source[index..<index + count]
    index += count
  }

  private mutating func group() throws(Refusal) {
    if starts("(?i:") {
      ignoresCase.append(true)
      copy(4)
      return
    }
    ignoresCase.append(isIgnoringCase)
    for opening in ["(?:", "(?=", "(?!", "(?>", "(?<=", "(?<!"] as [StaticString]
    where starts(opening) {
      copy(opening.utf8CodeUnitCount)
      return
    }
    if starts("(?") || starts("(*") {
      throw Refusal(construct: "a group with (? that is not known")
    }
    copy(1)
  }

  /// `{n}`, `{n,}`, `{n,m}`.
  private mutating func interval() throws(Refusal) {
    let end = source[index...].firstIndex(of: UInt8(ascii: "}"))
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    let comma = UInt8(ascii: ",")
    guard let end, digits.contains(source[index + 1]),
      source[index + 1..<end].allSatisfy({ digits.contains($0) || $0 == comma }),
      source[index + 1..<end].count(where: { $0 == comma }) <= 1
    else { throw Refusal(construct: "{ that begins no interval") }
    copy(end + 1 - index)
    isAfterInterval = true
  }

  private mutating func escape() throws(Refusal) {
    if let set = try escapedSet() {
      if isIgnoringCase { throw Refusal(construct: "a class whose case is ignored") }
      emit(set)
    } else {
      let code = try escapedCharacter()
      emit(CodePointSet([code...code]))
    }
  }

  /// The set that an escape such as `\p{L}` or `\s` stands for, nil for an escape of a character.
  private mutating func escapedSet() throws(Refusal) -> CodePointSet? {
    guard index + 1 < source.count else { throw Refusal(construct: "a \\ at the end") }
    let letter = source[index + 1]
    let isNegated = letter & 0x20 == 0
    if let set = CodePointSet.shorthand(letter | 0x20), letter < 0x80, letter >= 0x41 {
      index += 2
      return isNegated ? set.complement : set
    }
    guard letter | 0x20 == UInt8(ascii: "p") else { return nil }
    guard index + 2 < source.count, source[index + 2] == UInt8(ascii: "{"),
      let end = source[index...].firstIndex(of: UInt8(ascii: "}"))
    else { throw Refusal(construct: "\\p without braces") }
    var name = source[index + 3..<end]
    let isInverse = name.first == UInt8(ascii: "^")
    if isInverse { name = name.dropFirst() }
    let spelling = String(decoding: name, as: UTF8.self)
    guard let set = CodePointSet.property(spelling) else {
      throw Refusal(construct: "the property \\p{\(spelling)}")
    }
    index = end + 1
    return isNegated != isInverse ? set.complement : set
  }

  private mutating func escapedCharacter() throws(Refusal) -> UInt32 {
    let letter = source[index + 1]
    index += 2
    switch letter {
    case UInt8(ascii: "n"): return 0x0A
    case UInt8(ascii: "r"): return 0x0D
    case UInt8(ascii: "t"): return 0x09
    case UInt8(ascii: "f"): return 0x0C
    case UInt8(ascii: "v"): return 0x0B
    case UInt8(ascii: "u"): return try hexadecimal(digits: 4)
    case UInt8(ascii: "x"):
      guard index < source.count, source[index] == UInt8(ascii: "{"),
        let end = source[index...].firstIndex(of: UInt8(ascii: "}"))
      else { return try hexadecimal(digits: 2, most: 0x7F) }
      index += 1
      let code = try hexadecimal(digits: end - index)
      index += 1
      return code
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "a")...UInt8(ascii: "z"), 0x80...:
      throw Refusal(construct: "the escape \\\(Character(UnicodeScalar(letter)))")
    default: return UInt32(letter)
    }
  }

  private mutating func hexadecimal(
    digits: Int, most: UInt32 = 0x10FFFF
  ) throws(Refusal) -> UInt32 {
    let text = String(decoding: source[index...].prefix(max(0, digits)), as: UTF8.self)
    guard text.utf8.count == digits, digits > 0, !text.hasPrefix("+"), !text.hasPrefix("-"),
      let code = UInt32(text, radix: 16), code <= most, !(0xD800...0xDFFF).contains(code)
    else { throw Refusal(construct: "a \\x or \\u that is no character") }
    index += digits
    return code
  }

  /// `[…]`, without nesting and without intersection.
  private mutating func characterClass() throws(Refusal) -> CodePointSet {
    index += 1
    let isNegated = index < source.count && source[index] == UInt8(ascii: "^")
    if isNegated { index += 1 }
    var parts: [ClosedRange<UInt32>] = []
    var isEmpty = true
    while index < source.count, source[index] != UInt8(ascii: "]") {
      if let set = try memberSet() {
        if isIgnoringCase { throw Refusal(construct: "a class whose case is ignored") }
        parts += set.ranges
      } else {
        parts.append(try memberRange())
      }
      isEmpty = false
    }
    guard index < source.count else { throw Refusal(construct: "a class without an end") }
    guard !isEmpty else { throw Refusal(construct: "an empty class") }
    index += 1
    if isNegated, isIgnoringCase { throw Refusal(construct: "a class whose case is ignored") }
    let set = CodePointSet(parts)
    return isNegated ? set.complement : set
  }

  private mutating func memberSet() throws(Refusal) -> CodePointSet? {
    if source[index] == UInt8(ascii: "[") || starts("&&") {
      throw Refusal(construct: "a class within a class")
    }
    return source[index] == UInt8(ascii: "\\") ? try escapedSet() : nil
  }

  private mutating func memberRange() throws(Refusal) -> ClosedRange<UInt32> {
    let first = try memberCharacter()
    let isRange =
      starts("-") && index + 1 < source.count && source[index + 1] != UInt8(ascii: "]")
    guard isRange else { return first...first }
    index += 1
    let last = try memberCharacter()
    guard first <= last else { throw Refusal(construct: "a range that ends before it begins") }
    return first...last
  }

  private mutating func memberCharacter() throws(Refusal) -> UInt32 {
    guard index < source.count else { throw Refusal(construct: "a class without an end") }
    if source[index] == UInt8(ascii: "\\") {
      guard try escapedSet() == nil else { throw Refusal(construct: "a range of classes") }
      return try escapedCharacter()
    }
    if source[index] == UInt8(ascii: "[") { throw Refusal(construct: "a class within a class") }
    let code = UTF8Text.decode(source.span, index)
    if isIgnoringCase, code > 0x7F || !"sdmtlver'".utf8.contains(UInt8(code) | 0x20) {
      if code != 0x27 { throw Refusal(construct: "a letter whose case is ignored") }
    }
    index += UTF8Text.length(lead: source[index])
    return code
  }

  private mutating func emit(_ set: CodePointSet) {
    previousLetter = 0
    if set.ranges.isEmpty {
      output += Array("(?!)".utf8)
      return
    }
    output.append(UInt8(ascii: "["))
    for range in set.ranges {
      output += Array("\\x{\(String(range.lowerBound, radix: 16))}".utf8)
      if range.count > 1 {
        output += Array("-\\x{\(String(range.upperBound, radix: 16))}".utf8)
      }
    }
    output.append(UInt8(ascii: "]"))
  }
}
