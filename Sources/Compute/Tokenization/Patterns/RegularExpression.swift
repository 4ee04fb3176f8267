internal import CPCRE2

/// A compiled regular expression. Immutable: threads share it.
///
/// A match is sought in a window of the text that grows only where the end of the window had a say
/// (PCRE2's hard partial matching), so that each match costs what it looks at, and what matches
/// look at beyond the first window is counted: the work for a text is bounded by its length.
///
/// `@unchecked Sendable`: PCRE2 only reads a compiled pattern and a match context while matching,
/// the pointers never leave this object, and what they point to is freed with it.
final class RegularExpression: @unchecked Sendable {
  private let code: OpaquePointer
  /// For windows of the first size, and for grown ones.
  private let limits: OpaquePointer
  private let grownLimits: OpaquePointer

  /// The bytes of the first window. Words of ordinary texts are shorter.
  private static let windowBytes = 256
  /// The most steps of one match attempt; a text that needs more is refused.
  private static let stepsMax: UInt32 = 1 << 17
  private static let grownStepsMax: UInt32 = 1 << 22
  private static let heapKibibytesMax: UInt32 = 65_536

  /// The most bytes of grown windows for a text of `count` bytes: over a thousand digits in a row
  /// where every group of three looks at all that follow.
  private static func allowance(_ count: Int) -> Int { count << 11 + 8 << 20 }

  /// Throws what in `pattern`, written for Oniguruma, cannot be done.
  convenience init(_ pattern: [UInt8]) throws(PatternTranslation.Refusal) {
    try self.init(translated: try PatternTranslation.translate(pattern))
  }

  private init(translated: [UInt8]) throws(PatternTranslation.Refusal) {
    var failure: Int32 = 0
    var offset = 0
    guard let context = pcre2_compile_context_create_8(nil) else { throw Self.noMemory }
    defer { pcre2_compile_context_free_8(context) }
    pcre2_set_newline_8(context, UInt32(PCRE2_NEWLINE_LF))
    let compiled = translated.withUnsafeBufferPointer { bytes in
      pcre2_compile_8(
        bytes.baseAddress, bytes.count, UInt32(PCRE2_UTF) | UInt32(PCRE2_NO_UTF_CHECK), &failure,
        &offset, context)
    }
    guard let compiled else {
      throw PatternTranslation.Refusal(construct: "a pattern that PCRE2 refuses (\(failure))")
    }
    guard let limits = Self.matchContext(steps: Self.stepsMax) else {
      pcre2_code_free_8(compiled)
      throw Self.noMemory
    }
    guard let grownLimits = Self.matchContext(steps: Self.grownStepsMax) else {
      pcre2_match_context_free_8(limits)
      pcre2_code_free_8(compiled)
      throw Self.noMemory
    }
    code = compiled
    self.limits = limits
    self.grownLimits = grownLimits
    var least: UInt32 = 0
    pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_MINLENGTH), &least)
    guard least > 0 else {
      throw PatternTranslation.Refusal(construct: "a pattern that may match nothing")
    }
    // Without it matching is slower, nothing else.
    pcre2_jit_compile_8(code, UInt32(PCRE2_JIT_COMPLETE) | UInt32(PCRE2_JIT_PARTIAL_HARD))
  }

  private static let noMemory = PatternTranslation.Refusal(construct: "more memory than there is")

  private static func matchContext(steps: UInt32) -> OpaquePointer? {
    guard let context = pcre2_match_context_create_8(nil) else { return nil }
    pcre2_set_match_limit_8(context, steps)
    pcre2_set_heap_limit_8(context, heapKibibytesMax)
    return context
  }

  deinit {
    pcre2_match_context_free_8(limits)
    pcre2_match_context_free_8(grownLimits)
    pcre2_code_free_8(code)
  }

  /// Calls `body` with each match in `text[range]`, which is taken as a text of its own, from left
  /// to right. False if the matches needed too many steps.
  func forEachMatch(
    in text: Span<UInt8>, _ range: Range<Int>, _ body: (Range<Int>) -> Void
  ) -> Bool {
    guard let data = pcre2_match_data_create_8(1, nil) else { return false }
    defer { pcre2_match_data_free_8(data) }
    return text.extracting(range).withUnsafeBufferPointer { bytes in
      var allowance = Self.allowance(bytes.count)
      var start = 0
      while start < bytes.count {
        switch next(in: bytes, from: start, data, &allowance) {
        case .found(let match):
          body(range.lowerBound + match.lowerBound..<range.lowerBound + match.upperBound)
          start = match.upperBound
        case .none: return true
        case .tooManySteps: return false
        }
      }
      return true
    }
  }

  private enum Search {
    case found(Range<Int>)
    case none
    case tooManySteps
  }

  /// The first match that begins at `start` or behind it. `allowance` is lowered by the bytes of
  /// grown windows.
  private func next(
    in bytes: UnsafeBufferPointer<UInt8>, from start: Int, _ data: OpaquePointer,
    _ allowance: inout Int
  ) -> Search {
    var start = start
    var size = Self.windowBytes
    while start < bytes.count {
      var end = min(start + size, bytes.count)
      while end < bytes.count, bytes[end] & 0xC0 == 0x80 { end += 1 }
      let isGrown = size > Self.windowBytes
      if isGrown { allowance -= end - start }
      guard allowance > 0 else { return .tooManySteps }
      let result = match(
        bytes, start..<end, data, isWhole: end == bytes.count,
        isGrown ? grownLimits : limits)
      if result == PCRE2_ERROR_PARTIAL {
        size *= 4
      } else if result == PCRE2_ERROR_NOMATCH {
        start = end
        size = Self.windowBytes
      } else {
        guard result >= 0, let ends = pcre2_get_ovector_pointer_8(data) else {
          return .tooManySteps
        }
        guard ends[1] > start, ends[0] < ends[1] else { return .none }
        return .found(ends[0]..<ends[1])
      }
    }
    return .none
  }

  private func match(
    _ bytes: UnsafeBufferPointer<UInt8>, _ window: Range<Int>, _ data: OpaquePointer,
    isWhole: Bool, _ limits: OpaquePointer
  ) -> Int32 {
    var options = UInt32(PCRE2_NO_UTF_CHECK)
    if !isWhole { options |= UInt32(PCRE2_PARTIAL_HARD) }
    let result = pcre2_match_8(
      code, bytes.baseAddress, window.upperBound, window.lowerBound, options, data, limits)
    guard result == PCRE2_ERROR_JIT_STACKLIMIT else { return result }
    return pcre2_match_8(
      code, bytes.baseAddress, window.upperBound, window.lowerBound,
      options | UInt32(PCRE2_NO_JIT), data, limits)
  }
}
