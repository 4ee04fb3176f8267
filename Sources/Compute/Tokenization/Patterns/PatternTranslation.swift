/// Turns a regular expression of a tokenizer.json, which the `tokenizers` library gives to
/// Oniguruma, into one that PCRE2 matches alike: every class of characters becomes explicit ranges.
///
/// What the two read differently, or what is not known to be read alike, is refused by name.
struct PatternTranslation {
  /// A construct that is refused.
  struct Refusal: Error {
    var construct: String
  }

  let source: [UInt8]
  var index = 0
  private var output: [UInt8] = []
  /// Whether each open group ignores case, the whole pattern first.
  private var ignoresCase = [false]
  /// Whether the last thing was an interval such as `{1,3}`.
  private var isAfterInterval = false
  private var previousLetter: UInt8 = 0
  /// Whether `wordEdge` is in the pattern.
  var usesWords = false

  private init(_ source: [UInt8]) { self.source = source }

  /// The pattern for PCRE2 in UTF mode with LF as the only line end.
  static func translate(_ source: [UInt8]) throws(Refusal) -> [UInt8] {
    var translation = PatternTranslation(source)
    while translation.index < source.count { try translation.next() }
    guard translation.ignoresCase.count == 1 else {
      throw Refusal(construct: "a group without an end")
    }
    return translation.usesWords ? wordDefinition + translation.output : translation.output
  }

  /// Where a word begins or ends, by the group that `wordDefinition` names.
  static let wordEdge = "(?:(?<=(?&word))(?!(?&word))|(?<!(?&word))(?=(?&word)))"
  private static let wordDefinition = Array(
    "(?(DEFINE)(?<word>\(CodePointSet.shorthand(UInt8(ascii: "w")).map(spelling) ?? "(?!)")))".utf8)

  var isIgnoringCase: Bool { ignoresCase.last ?? false }

  func starts(_ text: StaticString) -> Bool {
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
      // Where lines begin and end, as in Ruby.
      output += Array("(?m:\(Character(UnicodeScalar(byte))))".utf8)
      index += 1
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
    if starts("(?<"), let end = source[index...].firstIndex(of: UInt8(ascii: ">")) {
      // The name of a group: nothing refers to it.
      output += Array("(?:".utf8)
      index = end + 1
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

  mutating func emit(_ text: String) {
    previousLetter = 0
    output += Array(text.utf8)
  }

  mutating func emit(_ set: CodePointSet) {
    emit(Self.spelling(set))
  }

  /// The set as a class of PCRE2.
  static func spelling(_ set: CodePointSet) -> String {
    if set.ranges.isEmpty { return "(?!)" }
    let ranges = set.ranges.map { range in
      let first = "\\x{\(String(range.lowerBound, radix: 16))}"
      return range.count == 1
        ? first : first + "-\\x{\(String(range.upperBound, radix: 16))}"
    }
    return "[\(ranges.joined())]"
  }
}
