internal import CUnicodeTables

/// One pre-tokenizer of the file format, for the general path.
///
/// Matches `tokenizers` 0.23.3, `pre_tokenizers/*.rs`.
enum PreTokenizerStep: Sendable {
  /// Which characters `split` parts words at.
  enum Delimiter: Sendable {
    case character(UInt32)
    case punctuation
    case numeric
    case separator
  }

  case bert
  /// `ByteLevel`: a space before, the words of GPT-2, every byte spelled as a character.
  case byteLevel(addsSpace: Bool, splitsWords: Bool, spells: Bool)
  case metaspace(replacement: [UInt8], prepends: MetaspacePrefix, splits: Bool)
  /// `Whitespace`: `\w+|[^\w\s]+`
  case whitespace
  case characters(Delimiter, SplitBehavior)
  case split(TextPattern, SplitBehavior, isInverted: Bool)
  /// `FixedLength`, in characters.
  case fixedLength(Int)
  /// `UnicodeScripts`
  case scripts

  /// Cuts, and where the step says so rewrites, the words.
  func apply(to words: inout WordList) {
    switch self {
    case .bert: Self.splitBert(&words)
    case .byteLevel(let addsSpace, let splitsWords, let spells):
      if addsSpace { Self.addSpaces(&words) }
      if splitsWords { Self.split(&words, .words(.gpt2), .isolated, isInverted: false) }
      if spells { Self.spellBytes(&words) }
    case .metaspace(let replacement, let prefix, let splits):
      Self.replaceSpaces(&words, replacement, prefix)
      if splits {
        Self.split(&words, .string(replacement), .mergedWithNext, isInverted: false)
      }
    case .whitespace: Self.splitWhitespace(&words)
    case .characters(let delimiter, let behavior):
      Self.split(&words, behavior) { delimiter.contains($0) }
    case .split(let pattern, let behavior, let isInverted):
      Self.split(&words, pattern, behavior, isInverted: isInverted)
    case .fixedLength(let length): Self.cut(&words, length)
    case .scripts: Self.splitScripts(&words)
    }
  }

  private static func splitBert(_ words: inout WordList) {
    let classes = PreTokenizer.bertClasses
    words.split { text, range, parts in
      var start = range.lowerBound
      while let word = PreTokenizer.nextBertWord(
        text, in: start..<range.upperBound, classes: classes.span)
      {
        parts.append(word)
        start = word.upperBound
      }
    }
  }

  private static func split(
    _ words: inout WordList, _ pattern: TextPattern, _ behavior: SplitBehavior, isInverted: Bool
  ) {
    var matches: [Range<Int>] = []
    var hasFailed = false
    words.split { text, range, parts in
      if case .words = pattern, behavior == .isolated {
        _ = pattern.forEachMatch(in: text, range) { parts.append($0) }
        return
      }
      matches.removeAll(keepingCapacity: true)
      if !pattern.forEachMatch(in: text, range, { matches.append($0) }) { hasFailed = true }
      behavior.split(range, matches, isInverted: isInverted, into: &parts)
    }
    if hasFailed { words.hasFailed = true }
  }

  private static func split(
    _ words: inout WordList, _ behavior: SplitBehavior, at isDelimiter: (UInt32) -> Bool
  ) {
    var matches: [Range<Int>] = []
    words.split { text, range, parts in
      matches.removeAll(keepingCapacity: true)
      var index = range.lowerBound
      while index < range.upperBound {
        let end = index + UTF8Text.length(lead: text[index])
        if isDelimiter(UTF8Text.decode(text, index)) { matches.append(index..<end) }
        index = end
      }
      behavior.split(range, matches, isInverted: false, into: &parts)
    }
  }

  private static func splitWhitespace(_ words: inout WordList) {
    words.split { text, range, parts in
      var start = range.lowerBound
      var before = 0
      var index = start
      while index < range.upperBound {
        let properties = Int(cu_properties(UTF8Text.decode(text, index)))
        let kind = properties & CU_WORD != 0 ? 1 : properties & CU_SEPARATOR != 0 ? 0 : 2
        if kind != before {
          if before != 0 { parts.append(start..<index) }
          start = index
          before = kind
        }
        index += UTF8Text.length(lead: text[index])
      }
      if before != 0 { parts.append(start..<index) }
    }
  }

  /// Characters without a script belong to the word before them; before the first word they are
  /// dropped, as the library does.
  private static func splitScripts(_ words: inout WordList) {
    words.split { text, range, parts in
      var start: Int?
      var script: UInt8 = 0
      var index = range.lowerBound
      while index < range.upperBound {
        let next = cu_script(UTF8Text.decode(text, index))
        if next != 0, next != script {
          if let start { parts.append(start..<index) }
          start = index
          script = next
        }
        index += UTF8Text.length(lead: text[index])
      }
      if let start { parts.append(start..<range.upperBound) }
    }
  }

  private static func addSpaces(_ words: inout WordList) {
    words.rewrite { text, range, output in
      if text[range.lowerBound] != 0x20 { output.append(0x20) }
      output.append(text, range)
    }
  }

  private static func spellBytes(_ words: inout WordList) {
    words.rewrite { text, range, output in
      for index in range {
        let spelling = ByteLevelAlphabet.spellings[Int(text[index])]
        output.append(spelling.span, 0..<spelling.count)
      }
    }
  }

  private static func replaceSpaces(
    _ words: inout WordList, _ replacement: [UInt8], _ prefix: MetaspacePrefix
  ) {
    let isAtOrigin = words.isAtOrigin
    words.rewrite { text, range, output in
      let start = range.lowerBound
      let starts =
        text[start] == 0x20
        || TextPattern.starts(text, range, with: replacement)
      let isWanted =
        prefix == .always || (prefix == .first && isAtOrigin && start == 0)
      if isWanted, !starts { output.append(replacement.span, 0..<replacement.count) }
      for index in range {
        if text[index] == 0x20 {
          output.append(replacement.span, 0..<replacement.count)
        } else {
          output.append(text[index])
        }
      }
    }
  }

  private static func cut(_ words: inout WordList, _ length: Int) {
    words.split { text, range, parts in
      var start = range.lowerBound
      while start < range.upperBound {
        var end = start
        var count = 0
        while end < range.upperBound, count < length {
          end += UTF8Text.length(lead: text[end])
          count += 1
        }
        parts.append(start..<end)
        start = end
      }
    }
  }
}

extension PreTokenizerStep.Delimiter {
  func contains(_ code: UInt32) -> Bool {
    switch self {
    case .character(let wanted): code == wanted
    case .punctuation: cu_is_punctuation(code)
    case .numeric: Int(cu_class(code)) & CU_NUMERIC != 0
    case .separator: cu_is_separator(code)
    }
  }
}

/// Which words `Metaspace` puts its character before.
enum MetaspacePrefix: String, Sendable {
  case always
  case never
  /// Only the word at the beginning of the text.
  case first
}
