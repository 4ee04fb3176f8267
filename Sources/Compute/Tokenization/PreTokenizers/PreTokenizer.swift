internal import CUnicodeTables

/// The pre-tokenizer of a tokenizer.json: cuts normalized text into the words that the model sees.
enum PreTokenizer: Sendable {
  /// The file says null: the whole text is one word.
  case whole
  /// `BertPreTokenizer`: words are parted by white space, and each punctuation character is a word.
  case bert
  /// Anything else: steps that are applied one after the other.
  case steps([PreTokenizerStep])

  /// The range of the next word of `BertPreTokenizer` in `text[range]`, nil where only white space
  /// is left. Go on at the word's end. `classes` is `bertClasses`.
  @inline(__always)
  static func nextBertWord(
    _ text: Span<UInt8>, in range: Range<Int>, classes: Span<UInt8>
  ) -> Range<Int>? {
    var index = range.lowerBound
    var start = index
    while index < range.upperBound {
      let byte = text[index]
      var kind = classes[Int(byte)]
      var length = 1
      if kind == nonASCII {
        length = UTF8Text.length(lead: byte)
        kind = bertClass(UTF8Text.decode(text, index))
      }
      if kind == letter {
        index += length
        continue
      }
      if start < index { return start..<index }
      index += length
      if kind == punctuation { return start..<index }
      start = index
    }
    return start < index ? start..<index : nil
  }

  private static let letter: UInt8 = 0
  private static let separator: UInt8 = 1
  private static let punctuation: UInt8 = 2
  private static let nonASCII: UInt8 = 3

  /// The class of each byte: letter, separator, punctuation, or part of a longer character.
  static let bertClasses: [UInt8] = (0..<256).map { byte in
    byte < 128 ? bertClass(UInt32(byte)) : nonASCII
  }

  private static func bertClass(_ code: UInt32) -> UInt8 {
    let properties = Int(cu_properties(code))
    if properties & CU_SEPARATOR != 0 { return separator }
    return properties & CU_PUNCTUATION != 0 ? punctuation : letter
  }
}
