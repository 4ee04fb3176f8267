internal import CUnicodeTables

/// The Unicode normal forms NFD, NFKD, NFC and NFKC, as the `tokenizers` library makes them: all
/// tables were asked of it.
struct UnicodeForm: Sendable {
  /// Whether compatibility characters are taken apart (the K).
  let isCompatible: Bool
  /// Whether characters are put together again (the C).
  let isComposed: Bool

  /// Appends the form of `text[range]`. `codes` is working memory, empty before and after.
  func normalize(
    _ text: Span<UInt8>, _ range: Range<Int>, into output: inout ByteBuffer,
    codes: inout [UInt64]
  ) {
    output.reserve(range.count + 32)
    var index = range.lowerBound
    while index < range.upperBound {
      let start = index
      // ASCII before ASCII is its own form, and nothing before it reaches over it.
      while index < range.upperBound, text[index] < 0x80 { index += 1 }
      if index == range.upperBound {
        output.append(text, start..<index)
        return
      }
      let islandStart = max(start, index - 1)
      output.append(text, start..<islandStart)
      while index < range.upperBound, text[index] >= 0x80 {
        index += UTF8Text.length(lead: text[index])
      }
      normalizeIsland(text, islandStart..<index, into: &output, codes: &codes)
    }
  }

  private func normalizeIsland(
    _ text: Span<UInt8>, _ range: Range<Int>, into output: inout ByteBuffer,
    codes: inout [UInt64]
  ) {
    var index = range.lowerBound
    while index < range.upperBound {
      decompose(UTF8Text.decode(text, index), into: &codes)
      index += UTF8Text.length(lead: text[index])
    }
    order(&codes)
    if isComposed { compose(&codes) }
    for code in codes { output.append(code: Self.code(code)) }
    codes.removeAll(keepingCapacity: codes.capacity <= 4096)
  }

  private static func code(_ entry: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: entry) }

  /// The combining class in the high half.
  private static func entry(_ code: UInt32) -> UInt64 {
    UInt64(cu_combining_class(code)) << 32 | UInt64(code)
  }

  private func decompose(_ code: UInt32, into codes: inout [UInt64]) {
    if code >= 0xAC00, code <= 0xD7A3 {
      let index = code - 0xAC00
      codes.append(UInt64(0x1100 + index / 588))
      codes.append(UInt64(0x1161 + index % 588 / 28))
      if index % 28 != 0 { codes.append(UInt64(0x11A7 + index % 28)) }
      return
    }
    var count: Int32 = 0
    if isCompatible, let parts = cu_decompose_compatibly(code, &count) {
      for index in 0..<Int(count) { codes.append(Self.entry(parts[index])) }
    } else if let parts = cu_decompose(code, &count) {
      for index in 0..<Int(count) { codes.append(Self.entry(parts[index])) }
    } else {
      codes.append(Self.entry(code))
    }
  }

  /// Orders each run of combining characters by class, stably.
  private func order(_ codes: inout [UInt64]) {
    var start = 0
    while start < codes.count {
      if codes[start] >> 32 == 0 {
        start += 1
        continue
      }
      var end = start
      while end < codes.count, codes[end] >> 32 != 0 { end += 1 }
      if end - start > 1 {
        let sorted = codes[start..<end].enumerated().sorted {
          ($0.element >> 32, $0.offset) < ($1.element >> 32, $1.offset)
        }
        for (offset, entry) in sorted.enumerated() { codes[start + offset] = entry.element }
      }
      start = end
    }
  }

  private func compose(_ codes: inout [UInt64]) {
    var starter = -1
    var lastClass: UInt64 = 0
    var end = 0
    for index in codes.indices {
      let entry = codes[index]
      let combiningClass = entry >> 32
      let isOpen = lastClass < combiningClass || (lastClass == 0 && starter == end - 1)
      if starter >= 0, isOpen {
        let composite = Self.composite(Self.code(codes[starter]), Self.code(entry))
        if composite != 0 {
          codes[starter] = UInt64(composite)
          continue
        }
      }
      if combiningClass == 0 { starter = end }
      lastClass = combiningClass
      codes[end] = entry
      end += 1
    }
    codes.removeLast(codes.count - end)
  }

  private static func composite(_ first: UInt32, _ second: UInt32) -> UInt32 {
    if first >= 0x1100, first < 0x1113, second >= 0x1161, second < 0x1176 {
      return 0xAC00 + ((first - 0x1100) * 21 + second - 0x1161) * 28
    }
    if first >= 0xAC00, first <= 0xD7A3, (first - 0xAC00) % 28 == 0, second > 0x11A7,
      second < 0x11C3
    {
      return first + second - 0x11A7
    }
    return cu_compose(first, second)
  }
}
