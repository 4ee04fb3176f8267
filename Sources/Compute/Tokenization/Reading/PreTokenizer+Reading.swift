extension PreTokenizer {
  /// `normalizer` decides whether `Metaspace` can tell the beginning of a text.
  init(_ field: Field, normalizer: Normalizer) throws(TokenizationError) {
    let steps = field.isNull ? [] : try Self.steps(field, normalizer, isFirst: true)
    let isBert = steps.allSatisfy { step in
      if case .bert = step { true } else { false }
    }
    // Splitting like BERT twice changes nothing.
    self = steps.isEmpty ? .whole : isBert ? .bert : .steps(steps)
  }

  /// The same without the last step's spelling of bytes; nil where the last step spells none.
  var withoutSpelling: PreTokenizer? {
    guard case .steps(let steps) = self,
      case .byteLevel(let addsSpace, let splitsWords, spells: true)? = steps.last
    else { return nil }
    return .steps(
      steps.dropLast() + [
        .byteLevel(addsSpace: addsSpace, splitsWords: splitsWords, spells: false)
      ])
  }

  /// `isFirst` where no other pre-tokenizer comes before.
  private static func steps(
    _ field: Field, _ normalizer: Normalizer, isFirst: Bool
  ) throws(TokenizationError) -> [PreTokenizerStep] {
    switch try field.type() {
    case "BertPreTokenizer": return [.bert]
    case "ByteLevel":
      return [
        .byteLevel(
          addsSpace: try field["add_prefix_space"].bool(),
          splitsWords: try field["use_regex"].bool(default: true), spells: true)
      ]
    case "Metaspace": return [try metaspace(field, normalizer, isFirst: isFirst)]
    case "Whitespace": return [.whitespace]
    case "WhitespaceSplit": return [.characters(.separator, .removed)]
    case "Punctuation":
      let behavior = field["behavior"]
      return [
        .characters(.punctuation, behavior.value == nil ? .isolated : try SplitBehavior(behavior))
      ]
    case "Digits":
      let isIndividual = try field["individual_digits"].bool()
      return [.characters(.numeric, isIndividual ? .isolated : .contiguous)]
    case "CharDelimiterSplit":
      return [.characters(.character(try field["delimiter"].character()), .removed)]
    case "Split":
      return [
        .split(
          try TextPattern(field), try SplitBehavior(field["behavior"]),
          isInverted: try field["invert"].bool())
      ]
    case "FixedLength":
      let length = field["length"].value == nil ? 5 : try field["length"].natural()
      guard length > 0 else { throw field["length"].malformed("must be above 0") }
      return [.fixedLength(Int(length))]
    case "UnicodeScripts": return [.scripts]
    case "Sequence":
      var steps: [PreTokenizerStep] = []
      for element in try field["pretokenizers"].elements() {
        steps += try Self.steps(element, normalizer, isFirst: isFirst && steps.isEmpty)
      }
      return steps
    case let other:
      throw field.unsupported(other)
    }
  }

  private static func metaspace(
    _ field: Field, _ normalizer: Normalizer, isFirst: Bool
  ) throws(TokenizationError) -> PreTokenizerStep {
    _ = try field["replacement"].character()
    let scheme = field["prepend_scheme"]
    var prefix = MetaspacePrefix.always
    if scheme.value != nil {
      guard let known = MetaspacePrefix(rawValue: try scheme.string()) else {
        throw scheme.malformed("must be \"always\", \"never\" or \"first\"")
      }
      prefix = known
    }
    let addsSpace = field["add_prefix_space"]
    if !addsSpace.isNull, try !addsSpace.bool() {
      guard scheme.value == nil || prefix == .never else {
        throw addsSpace.malformed("must not be false where \"prepend_scheme\" is not \"never\"")
      }
      // The library refuses this file too: its default scheme is "always".
      guard prefix == .never else {
        throw addsSpace.malformed("must not be false where \"prepend_scheme\" is missing")
      }
    }
    if prefix == .first, !isFirst || !normalizer.tracksOrigin {
      throw scheme.unsupported(
        "\"first\"",
        "only as the first pre-tokenizer, and behind normalizers of Unicode forms, "
          + "Lowercase, Strip (not behind NFKC and NFKD), Replace and Precompiled")
    }
    let splits = field["split"]
    return .metaspace(
      replacement: try field["replacement"].bytes(), prepends: prefix,
      splits: splits.isNull ? true : try splits.bool())
  }
}

extension SplitBehavior {
  fileprivate init(_ field: Field) throws(TokenizationError) {
    guard let behavior = SplitBehavior(rawValue: try field.string()) else {
      throw field.malformed(
        "must be \"Removed\", \"Isolated\", \"MergedWithPrevious\", \"MergedWithNext\" or "
          + "\"Contiguous\"")
    }
    self = behavior
  }
}

extension Field {
  /// True or false, or what is meant where the file says nothing.
  func bool(default: Bool) throws(TokenizationError) -> Bool {
    value == nil ? `default` : try bool()
  }

  /// A string of one character.
  func character() throws(TokenizationError) -> UInt32 {
    let bytes = try bytes()
    guard let lead = bytes.first, UTF8Text.length(lead: lead) == bytes.count else {
      throw malformed("must be one character")
    }
    return UTF8Text.decode(bytes.span, 0)
  }
}
