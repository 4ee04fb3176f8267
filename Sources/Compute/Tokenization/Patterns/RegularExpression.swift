internal import CPCRE2

/// A compiled regular expression. Immutable: threads share it.
///
/// `@unchecked Sendable`: PCRE2 only reads a compiled pattern and a match context while matching,
/// the pointers never leave this object, and what they point to is freed with it.
final class RegularExpression: @unchecked Sendable {
  private let code: OpaquePointer
  private let limits: OpaquePointer

  /// The most steps of one match attempt; a text that needs more is refused.
  private static let stepsMax: UInt32 = 20_000_000
  private static let heapKibibytesMax: UInt32 = 65_536

  /// Throws what in `pattern`, written for Oniguruma, cannot be done.
  init(_ pattern: [UInt8]) throws(PatternTranslation.Refusal) {
    let translated = try PatternTranslation.translate(pattern)
    var failure: Int32 = 0
    var offset = 0
    guard let context = pcre2_compile_context_create_8(nil) else {
      throw PatternTranslation.Refusal(construct: "more memory than there is")
    }
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
    guard let limits = pcre2_match_context_create_8(nil) else {
      pcre2_code_free_8(compiled)
      throw PatternTranslation.Refusal(construct: "more memory than there is")
    }
    pcre2_set_match_limit_8(limits, Self.stepsMax)
    pcre2_set_heap_limit_8(limits, Self.heapKibibytesMax)
    code = compiled
    self.limits = limits
    var least: UInt32 = 0
    pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_MINLENGTH), &least)
    guard least > 0 else {
      throw PatternTranslation.Refusal(construct: "a pattern that may match nothing")
    }
    // Without it matching is slower, nothing else.
    pcre2_jit_compile_8(code, UInt32(PCRE2_JIT_COMPLETE))
  }

  deinit {
    pcre2_match_context_free_8(limits)
    pcre2_code_free_8(code)
  }

  /// Calls `body` with each match in `text[range]`, which is taken as a text of its own, from left
  /// to right. False if a match needed too many steps.
  func forEachMatch(
    in text: Span<UInt8>, _ range: Range<Int>, _ body: (Range<Int>) -> Void
  ) -> Bool {
    guard let data = pcre2_match_data_create_8(1, nil) else { return false }
    defer { pcre2_match_data_free_8(data) }
    return text.extracting(range).withUnsafeBufferPointer { bytes in
      guard let base = bytes.baseAddress else { return true }
      var start = 0
      while start < bytes.count {
        var result = pcre2_match_8(
          code, base, bytes.count, start, UInt32(PCRE2_NO_UTF_CHECK), data, limits)
        if result == PCRE2_ERROR_JIT_STACKLIMIT {
          let options = UInt32(PCRE2_NO_UTF_CHECK) | UInt32(PCRE2_NO_JIT)
          result = pcre2_match_8(code, base, bytes.count, start, options, data, limits)
        }
        if result == PCRE2_ERROR_NOMATCH { return true }
        guard result >= 0, let ends = pcre2_get_ovector_pointer_8(data) else { return false }
        guard ends[1] > start, ends[0] < ends[1] else { return true }
        body(range.lowerBound + ends[0]..<range.lowerBound + ends[1])
        start = ends[1]
      }
      return true
    }
  }
}
