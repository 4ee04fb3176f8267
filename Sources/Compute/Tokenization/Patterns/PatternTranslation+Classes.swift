/// Escapes and classes of characters.
extension PatternTranslation {
  /// An escape outside of a class.
  mutating func escape() throws(Refusal) {
    if let anchor = anchor() {
      emit(anchor)
    } else if let set = try escapedSet() {
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

  /// `\A`, `\z`, `\Z`, `\b` or `\B`; nil for any other escape.
  private mutating func anchor() -> String? {
    guard index + 1 < source.count else { return nil }
    let found: String
    switch source[index + 1] {
    case UInt8(ascii: "A"): found = "\\A"
    case UInt8(ascii: "z"): found = "\\z"
    case UInt8(ascii: "Z"): found = "\\Z"
    case UInt8(ascii: "b"):
      usesWords = true
      found = Self.wordEdge
    case UInt8(ascii: "B"):
      usesWords = true
      found = "(?!\(Self.wordEdge))"
    default: return nil
    }
    index += 2
    return found
  }

  /// `[…]`: members and classes side by side are united, what stands around `&&` is intersected,
  /// and a `^` at the beginning is about all of it.
  mutating func characterClass() throws(Refusal) -> CodePointSet {
    index += 1
    let isNegated = index < source.count && source[index] == UInt8(ascii: "^")
    if isNegated { index += 1 }
    var set: CodePointSet?
    while true {
      let operand = try union()
      set = set.map { $0.intersection(operand) } ?? operand
      guard starts("&&") else { break }
      index += 2
    }
    index += 1
    if isNegated, isIgnoringCase { throw Refusal(construct: "a class whose case is ignored") }
    guard let set else { throw Refusal(construct: "an empty class") }
    return isNegated ? set.complement : set
  }

  /// The members of a class up to its end or to `&&`.
  private mutating func union() throws(Refusal) -> CodePointSet {
    var parts: [ClosedRange<UInt32>] = []
    var isEmpty = true
    while index < source.count, source[index] != UInt8(ascii: "]"), !starts("&&") {
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
    return CodePointSet(parts)
  }

  private mutating func memberSet() throws(Refusal) -> CodePointSet? {
    if starts("[:") { throw Refusal(construct: "a POSIX class") }
    if source[index] == UInt8(ascii: "[") { return try characterClass() }
    return source[index] == UInt8(ascii: "\\") ? try escapedSet() : nil
  }

  private mutating func memberRange() throws(Refusal) -> ClosedRange<UInt32> {
    let first = try memberCharacter()
    let isRange =
      starts("-") && index + 1 < source.count && source[index + 1] != UInt8(ascii: "]")
    guard isRange else { return first...first }
    index += 1
    if starts("&&") { throw Refusal(construct: "a range of classes") }
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
    if source[index] == UInt8(ascii: "[") { throw Refusal(construct: "a range of classes") }
    let code = UTF8Text.decode(source.span, index)
    if isIgnoringCase, code > 0x7F || !"sdmtlver'".utf8.contains(UInt8(code) | 0x20) {
      if code != 0x27 { throw Refusal(construct: "a letter whose case is ignored") }
    }
    index += UTF8Text.length(lead: source[index])
    return code
  }
}
