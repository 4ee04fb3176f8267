internal import CUnicodeTables

/// A set of code points as ascending, separate ranges; surrogates are never in it.
struct CodePointSet: Sendable, Equatable {
  private(set) var ranges: [ClosedRange<UInt32>] = []

  private static let last: UInt32 = 0x10FFFF
  private static let surrogates: ClosedRange<UInt32> = 0xD800...0xDFFF

  /// The code points for which `contains` is true.
  init(where contains: (UInt32) -> Bool) {
    var start: UInt32?
    for code in 0...Self.last + 1 {
      let isIn = code <= Self.last && !Self.surrogates.contains(code) && contains(code)
      if isIn, start == nil { start = code }
      if !isIn, let first = start {
        ranges.append(first...code - 1)
        start = nil
      }
    }
  }

  /// The union of ranges in any order.
  init(_ parts: [ClosedRange<UInt32>]) {
    for part in parts.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let previous = ranges.last, part.lowerBound <= previous.upperBound + 1 {
        let upper = max(previous.upperBound, part.upperBound)
        ranges[ranges.count - 1] = previous.lowerBound...upper
      } else {
        ranges.append(part)
      }
    }
  }

  /// All other code points.
  var complement: CodePointSet {
    var rest: [ClosedRange<UInt32>] = []
    var next: UInt32 = 0
    for range in CodePointSet(ranges + [Self.surrogates]).ranges {
      if next < range.lowerBound { rest.append(next...range.lowerBound - 1) }
      next = range.upperBound + 1
    }
    if next <= Self.last { rest.append(next...Self.last) }
    return CodePointSet(rest)
  }

  /// The code points of both.
  func intersection(_ other: CodePointSet) -> CodePointSet {
    CodePointSet(complement.ranges + other.complement.ranges).complement
  }

  /// `\p{name}`: a general category of one or two letters, or a script; nil for any other name.
  static func property(_ name: String) -> CodePointSet? {
    category(name) ?? script(name)
  }

  private static func script(_ name: String) -> CodePointSet? {
    let number = cu_regex_script_number(name.lowercased().filter { !"_- ".contains($0) })
    return number == 0 ? nil : CodePointSet { cu_regex_script($0) == number }
  }

  private static func category(_ name: String) -> CodePointSet? {
    let categories = categoryNames.enumerated().filter { _, category in
      name.count == 1 ? category.hasPrefix(name) : category == name
    }
    guard !categories.isEmpty else { return nil }
    let wanted = categories.reduce(UInt32(0)) { $0 | 1 << UInt32($1.offset) }
    return CodePointSet { code in
      wanted >> (UInt32(cu_class(code)) & categoryMask) & 1 == 1
    }
  }

  /// `\s`, `\d` or `\w`; nil for any other letter.
  static func shorthand(_ letter: UInt8) -> CodePointSet? {
    switch letter {
    case UInt8(ascii: "s"): CodePointSet { Int(cu_class($0)) & CU_REGEX_SPACE != 0 }
    case UInt8(ascii: "w"): CodePointSet { Int(cu_class($0)) & CU_REGEX_WORD != 0 }
    case UInt8(ascii: "d"): category("Nd")
    default: nil
    }
  }

  private static let categoryMask: UInt32 = 31
  /// In the order of the numbers in `cu_class`.
  private static let categoryNames = [
    "Cn", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps",
    "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co",
  ]
}
