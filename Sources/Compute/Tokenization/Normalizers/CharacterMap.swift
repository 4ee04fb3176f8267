internal import CUnicodeTables

/// The normalizer `Precompiled`: SentencePiece's table of rewritten characters, a double-array trie
/// and the strings that its values point to.
///
/// Matches `tokenizers` 0.23.3, `normalizers/precompiled.rs`, and `spm_precompiled` 0.1.3: a
/// grapheme cluster of less than six bytes is looked up whole, and the *shortest* entry that begins
/// it takes the place of all of it; else each of its characters is looked up.
struct CharacterMap: Sendable {
  private let units: [UInt32]
  private let strings: [UInt8]
  /// Whether each ASCII character has an entry.
  private var isMapped: [Bool]

  /// Nil where `data` is not a table with valid UTF-8 strings, or an entry points into a character
  /// or outside of them.
  init?(_ data: [UInt8]) {
    guard data.count >= 4 else { return nil }
    let size = Int(Self.number(data, at: 0)) / 4 * 4
    guard size >= 4, size <= data.count - 4 else { return nil }
    let strings = Array(data[(4 + size)...])
    guard UTF8Text.firstError(in: strings.span) == nil else { return nil }
    self.strings = strings
    units = stride(from: 4, to: 4 + size, by: 4).map { Self.number(data, at: $0) }
    isMapped = []
    guard pointsToCharacters else { return nil }
    isMapped = (0..<128).map { byte in
      let text = [UInt8(truncatingIfNeeded: byte)]
      return find(text.span, 0..<1) != nil
    }
  }

  /// A little-endian number of four bytes.
  private static func number(_ data: [UInt8], at index: Int) -> UInt32 {
    var number: UInt32 = 0
    for place in 0..<4 { number |= UInt32(data[index + place]) << UInt32(8 * place) }
    return number
  }

  /// Whether all values are places in `strings` where a character begins, or its end.
  private var pointsToCharacters: Bool {
    for (node, unit) in units.enumerated() {
      // `find` comes through no other units than these and the root.
      guard unit >> 31 == 0, unit & 0xFF != 0, unit >> 8 & 1 == 1 else { continue }
      let leaf = node ^ offset(unit)
      guard leaf < units.count else { continue }
      let start = Int(units[leaf] & 0x7FFF_FFFF)
      guard start <= strings.count else { return false }
      guard start == strings.count || strings[start] & 0xC0 != 0x80 else { return false }
    }
    return true
  }

  /// Appends the normal form of `text[range]`.
  func normalize(_ text: Span<UInt8>, _ range: Range<Int>, into output: inout ByteBuffer) {
    output.reserve(range.count + 32)
    var index = range.lowerBound
    let isMapped = self.isMapped.span
    while index < range.upperBound {
      let byte = text[index]
      let isAlone =
        byte < 0x80 && byte != 0x0D
        && (index + 1 == range.upperBound || text[index + 1] < 0x80)
      if isAlone {
        if isMapped[Int(byte)] {
          character(text, index..<index + 1, into: &output)
        } else {
          output.append(byte)
        }
        index += 1
        continue
      }
      let end = GraphemeCluster.end(text, from: index, to: range.upperBound)
      cluster(text, index..<end, into: &output)
      index = end
    }
  }

  private func cluster(_ text: Span<UInt8>, _ range: Range<Int>, into output: inout ByteBuffer) {
    if range.count < 6, let found = find(text, range) {
      output.append(strings.span, found)
      return
    }
    var index = range.lowerBound
    while index < range.upperBound {
      let end = index + UTF8Text.length(lead: text[index])
      character(text, index..<end, into: &output)
      index = end
    }
  }

  private func character(_ text: Span<UInt8>, _ range: Range<Int>, into output: inout ByteBuffer) {
    if let found = find(text, range) {
      output.append(strings.span, found)
    } else {
      output.append(text, range)
    }
  }

  /// Where the string of the shortest entry that begins `text[range]` is; nil if there is none.
  private func find(_ text: Span<UInt8>, _ range: Range<Int>) -> Range<Int>? {
    let units = self.units.span
    var node = offset(units[0])
    for index in range {
      let byte = text[index]
      guard byte != 0 else { return nil }
      node ^= Int(byte)
      guard node < units.count else { return nil }
      let unit = units[node]
      guard unit & 0x8000_00FF == UInt32(byte) else { return nil }
      node ^= offset(unit)
      guard unit >> 8 & 1 == 1 else { continue }
      guard node < units.count else { return nil }
      let start = Int(units[node] & 0x7FFF_FFFF)
      guard start <= strings.count else { return nil }
      return start..<(strings[start...].firstIndex(of: 0) ?? strings.count)
    }
    return nil
  }

  private func offset(_ unit: UInt32) -> Int {
    Int(unit >> 10) << Int((unit & 1 << 9) >> 6)
  }
}

/// Extended grapheme clusters, as the library's `unicode-segmentation` cuts them; the conjuncts of
/// Indic scripts (rule GB9c) aside, which are never below six bytes.
enum GraphemeCluster {
  /// The end of the cluster that begins at `start`.
  static func end(_ text: Span<UInt8>, from start: Int, to end: Int) -> Int {
    var value = Int(cu_class(UTF8Text.decode(text, start)))
    var index = start + UTF8Text.length(lead: text[start])
    // Whether the characters so far are a pictograph and extenders, and regional indicators.
    var isPictograph = value & CU_PICTOGRAPH != 0
    var regionals = value >> CU_BREAK_SHIFT == CU_BREAK_REGIONAL_INDICATOR ? 1 : 0
    var isJoined = false
    while index < end {
      let next = Int(cu_class(UTF8Text.decode(text, index)))
      let (before, after) = (value >> CU_BREAK_SHIFT, next >> CU_BREAK_SHIFT)
      let isNextPictograph = next & CU_PICTOGRAPH != 0
      let joins =
        sticks(before, after)
        || (before == CU_BREAK_ZWJ && isJoined && isNextPictograph)
        || (before == CU_BREAK_REGIONAL_INDICATOR && after == before && regionals % 2 == 1)
      guard joins else { return index }
      isJoined = isPictograph && after == CU_BREAK_ZWJ
      if after != CU_BREAK_EXTEND, after != CU_BREAK_ZWJ { isPictograph = isNextPictograph }
      regionals = after == CU_BREAK_REGIONAL_INDICATOR ? regionals + 1 : 0
      value = next
      index += UTF8Text.length(lead: text[index])
    }
    return end
  }

  /// The rules that need only the two characters.
  private static func sticks(_ before: Int, _ after: Int) -> Bool {
    if before == CU_BREAK_CR { return after == CU_BREAK_LF }
    let isBeforeControl = before == CU_BREAK_CONTROL || before == CU_BREAK_LF
    if isBeforeControl || after >= CU_BREAK_CR && after <= CU_BREAK_CONTROL { return false }
    switch after {
    case CU_BREAK_EXTEND, CU_BREAK_ZWJ, CU_BREAK_SPACINGMARK: return true
    default: break
    }
    switch before {
    case CU_BREAK_PREPEND: return true
    case CU_BREAK_L:
      return after == CU_BREAK_L || after == CU_BREAK_V || after == CU_BREAK_LV
        || after == CU_BREAK_LVT
    case CU_BREAK_LV, CU_BREAK_V: return after == CU_BREAK_V || after == CU_BREAK_T
    case CU_BREAK_LVT, CU_BREAK_T: return after == CU_BREAK_T
    default: return false
    }
  }
}
