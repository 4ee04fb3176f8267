/// The normalizer of a tokenizer.json: steps that are applied one after the other; none for null.
struct Normalizer: Sendable {
  /// One normalizer of the file format.
  enum Step: Sendable {
    case bert(BertNormalizer)
    case form(UnicodeForm)
    case lowercase
    case strip(left: Bool, right: Bool)
    case stripAccents
    case nmt
    case prepend([UInt8])
    case replace(Replacement)
    case precompiled(CharacterMap)
    case byteLevel
  }

  /// In the order of their application.
  let steps: [Step]

  /// Whether some step puts spaces around CJK ideographs.
  var splitsChinese: Bool {
    steps.contains { step in
      if case .bert(let normalizer) = step { normalizer.splitsChinese } else { false }
    }
  }

  /// Whether every step treats characters so that a text may be cut where the BERT normalizer lets
  /// it be cut.
  var isBert: Bool {
    steps.allSatisfy { step in
      if case .bert = step { true } else { false }
    }
  }

  /// Whether the library's notion of where a normalized text began in the original one is followed
  /// (`NormalizerState.isAtOrigin`).
  var tracksOrigin: Bool {
    var isCompatible = false
    for step in steps {
      switch step {
      case .lowercase, .replace, .precompiled: break
      case .form(let form): isCompatible = isCompatible || form.isCompatible
      // A space with a mark, taken apart, may lose the space while its marks change places.
      case .strip(let left, _): if left, isCompatible { return false }
      case .bert, .stripAccents, .nmt, .prepend, .byteLevel: return false
      }
    }
    return true
  }

  /// Appends to `output`, which is empty, the normal form of `text[range]`, valid UTF-8.
  /// `intermediate` and `state` are working memory.
  func normalize(
    _ text: Span<UInt8>, _ range: Range<Int>, into output: inout ByteBuffer,
    intermediate: inout ByteBuffer, state: inout NormalizerState
  ) {
    state.isAtOrigin = range.lowerBound == 0
    guard let first = steps.first else {
      output.append(text, range)
      return
    }
    apply(first, text, range, into: &output, state: &state)
    for index in steps.indices.dropFirst() {
      swap(&output, &intermediate)
      output.removeAll()
      let normal = intermediate.span
      let wasAtOrigin = state.isAtOrigin
      apply(steps[index], normal, 0..<normal.count, into: &output, state: &state)
      if case .strip = steps[index], wasAtOrigin, !state.isAtOrigin, !range.isEmpty {
        let kept = CharacterSteps.stripped(normal, 0..<normal.count, left: true, right: false)
        let firstEnd = range.lowerBound + UTF8Text.length(lead: text[range.lowerBound])
        state.isAtOrigin =
          kept.lowerBound
          < normalLength(text, range.lowerBound..<firstEnd, steps[..<index])
      }
    }
  }

  /// The length in bytes of what the steps make of a character: all of it stands, for the library,
  /// where the character stood.
  private func normalLength(
    _ text: Span<UInt8>, _ character: Range<Int>, _ steps: ArraySlice<Step>
  ) -> Int {
    var output = ByteBuffer()
    var intermediate = ByteBuffer()
    var state = NormalizerState()
    Normalizer(steps: Array(steps)).normalize(
      text, character, into: &output, intermediate: &intermediate, state: &state)
    return output.count
  }

  /// The normal form of a whole text on its own, for added tokens that are normalized.
  func normalForm(of text: [UInt8]) -> [UInt8] {
    var output = ByteBuffer()
    var intermediate = ByteBuffer()
    var state = NormalizerState()
    normalize(
      text.span, 0..<text.count, into: &output, intermediate: &intermediate, state: &state)
    let normal = output.span
    return normal.indices.map { normal[$0] }
  }

  private func apply(
    _ step: Step, _ text: Span<UInt8>, _ range: Range<Int>, into output: inout ByteBuffer,
    state: inout NormalizerState
  ) {
    switch step {
    case .bert(let normalizer):
      normalizer.normalize(text, range, into: &output, marks: &state.marks)
    case .form(let form): form.normalize(text, range, into: &output, codes: &state.marks)
    case .lowercase: CharacterSteps.lowercase(text, range, into: &output)
    case .strip(let left, let right):
      let kept = CharacterSteps.stripped(text, range, left: left, right: right)
      if kept.lowerBound > range.lowerBound { state.isAtOrigin = false }
      output.append(text, kept)
    case .stripAccents: CharacterSteps.stripAccents(text, range, into: &output)
    case .nmt: CharacterSteps.nmt(text, range, into: &output)
    case .prepend(let prefix):
      if !range.isEmpty { output.append(prefix.span, 0..<prefix.count) }
      output.append(text, range)
    case .replace(let replacement):
      replacement.replace(text, range, into: &output, state: &state)
    case .precompiled(let map): map.normalize(text, range, into: &output)
    case .byteLevel:
      for index in range {
        let spelling = ByteLevelAlphabet.spellings[Int(text[index])]
        output.append(spelling.span, 0..<spelling.count)
      }
    }
  }
}

/// What normalizing keeps and finds beside the text.
struct NormalizerState {
  /// Working memory, empty between steps.
  var marks: [UInt64] = []
  /// Whether the first normalized character stands, for the library, at the first byte of the text.
  var isAtOrigin = true
  /// A regular expression needed too many steps: the text must be refused.
  var hasFailed = false
}
