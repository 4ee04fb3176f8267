internal import JSON

extension Normalizer {
  init(_ field: Field) throws(TokenizationError) {
    steps = field.isNull ? [] : try Self.steps(field)
  }

  private static func steps(_ field: Field) throws(TokenizationError) -> [Step] {
    switch try field.type() {
    case "BertNormalizer": return [.bert(try BertNormalizer(field))]
    case "NFC": return [.form(UnicodeForm(isCompatible: false, isComposed: true))]
    case "NFD": return [.form(UnicodeForm(isCompatible: false, isComposed: false))]
    case "NFKC": return [.form(UnicodeForm(isCompatible: true, isComposed: true))]
    case "NFKD": return [.form(UnicodeForm(isCompatible: true, isComposed: false))]
    case "Lowercase": return [.lowercase]
    case "Strip":
      return [
        .strip(left: try field["strip_left"].bool(), right: try field["strip_right"].bool())
      ]
    case "StripAccents": return [.stripAccents]
    case "Nmt": return [.nmt]
    case "Prepend": return [.prepend(try field["prepend"].bytes())]
    case "Replace":
      let content = try field["content"].bytes()
      return [.replace(Replacement(pattern: try TextPattern(field), content: content))]
    case "Precompiled": return [.precompiled(try CharacterMap(field["precompiled_charsmap"]))]
    case "ByteLevel": return [.byteLevel]
    case "Sequence":
      var steps: [Step] = []
      for element in try field["normalizers"].elements() { steps += try Self.steps(element) }
      return steps
    case let other:
      throw field.unsupported(other)
    }
  }
}

extension BertNormalizer {
  fileprivate init(_ field: Field) throws(TokenizationError) {
    let stripAccents = field["strip_accents"]
    self.init(
      cleanText: try field["clean_text"].bool(),
      handleChineseCharacters: try field["handle_chinese_chars"].bool(),
      stripAccents: stripAccents.isNull ? nil : try stripAccents.bool(),
      lowercase: try field["lowercase"].bool())
  }
}

extension CharacterMap {
  fileprivate init(_ field: Field) throws(TokenizationError) {
    guard let data = Base64.decode(try field.bytes()) else {
      throw field.malformed("must be base64")
    }
    guard let map = CharacterMap(data) else {
      throw field.malformed("must be a table of SentencePiece")
    }
    self = map
  }
}

extension TextPattern {
  /// The member `pattern` of `field`: `{"String": …}` or `{"Regex": …}`.
  init(_ field: Field) throws(TokenizationError) {
    let pattern = field["pattern"]
    if pattern["String"].value != nil {
      let string = try pattern["String"].bytes()
      guard !string.isEmpty else { throw pattern.unsupported("an empty pattern") }
      self = .string(string)
      return
    }
    let expression = try pattern["Regex"].bytes()
    if let scanner = WordScanner(pattern: expression) {
      self = .words(scanner)
      return
    }
    do throws(PatternTranslation.Refusal) {
      self = .expression(try RegularExpression(expression))
    } catch {
      throw pattern["Regex"].unsupported("a regular expression with \(error.construct)")
    }
  }
}

/// Base64 with padding, of the standard alphabet.
enum Base64 {
  /// The bytes, nil where `text` is not base64.
  static func decode(_ text: [UInt8]) -> [UInt8]? {
    guard text.count % 4 == 0 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count / 4 * 3)
    var bits: UInt32 = 0
    var padding = 0
    for (index, character) in text.enumerated() {
      if character == UInt8(ascii: "="), index >= text.count - 2 {
        padding += 1
        bits <<= 6
      } else {
        guard padding == 0, let value = value(character) else { return nil }
        bits = bits << 6 | value
      }
      guard index % 4 == 3 else { continue }
      for place in 0..<3 - padding {
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(16 - 8 * place)))
      }
      bits = 0
    }
    return bytes
  }

  private static func value(_ character: UInt8) -> UInt32? {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a")) + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0")) + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }
}
