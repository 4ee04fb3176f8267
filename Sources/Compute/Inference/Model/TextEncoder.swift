internal import Resolution
internal import Tokenization

/// The model's tokenizer on one thread.
final class TextEncoder: UnitEncoder {
  private let tokenizer: Tokenizer
  /// Ids are 0..<vocabularySize.
  private let vocabularySize: Int
  private let interaction: LateInteraction?
  private let wording: PairWording
  private var scratch = TokenizerScratch()
  /// That of prompts, whose tokenizer remembers other words.
  private var promptScratch = TokenizerScratch()
  /// The last prefix that was left out of a pooling, and its tokens.
  private var unpooled: (prefix: [UInt8], count: Int)?

  init(
    tokenizer: Tokenizer, vocabularySize: Int, interaction: LateInteraction? = nil,
    wording: PairWording = PairWording()
  ) {
    self.interaction = interaction
    self.tokenizer = tokenizer
    self.vocabularySize = vocabularySize
    self.wording = wording
  }

  func encode(
    _ source: UnitSource, prefix: [UInt8], limit: TokenLimit
  ) throws(EngineError) -> PreparedUnit {
    switch source {
    case .text(let text):
      let whole = prefix.isEmpty ? text : prefix + text
      let encoding: Encoding
      do {
        encoding = try tokenizer.encode(whole.span, limit: limit.rule, scratch: &scratch)
      } catch {
        throw EngineError(error)
      }
      var unit = PreparedUnit(encoding)
      if !wording.poolsPrompts, !prefix.isEmpty {
        unit.pooledStart = try pooledStart(behind: prefix, encoding, limit)
      }
      return unit
    case .role(let role, let text):
      guard let interaction else {
        throw EngineError(.internal, "a text came with a role, and the model knows none")
      }
      let encoder = RoleEncoder(settings: interaction, tokenizer: tokenizer)
      return try encoder.encode(role, text, limit: limit, scratch: &scratch)
    case .templated(let query, let document, let instruction):
      guard let prompt = wording.prompt else {
        throw EngineError(.internal, "a pair came for a score template, and there is none")
      }
      let texts = ScorePrompt.Texts(query: query, document: document, instruction: instruction)
      return try prompt.encode(texts, limit: limit, scratch: &promptScratch)
    case .pair(let query, let document):
      let query = prefix.isEmpty ? query : prefix + query
      do {
        return PreparedUnit(
          try tokenizer.encode(
            query: query.span, document: document.span, limit: limit.rule, scratch: &scratch))
      } catch {
        throw EngineError(error)
      }
    case .ids(let ids):
      return try prepare(ids, limit)
    case .refused(let error):
      throw error
    }
  }

  /// The first token behind the prompt, as sentence-transformers counts: the tokens of the prompt
  /// alone, without a special token at the end.
  private func pooledStart(
    behind prefix: [UInt8], _ encoding: Encoding, _ limit: TokenLimit
  ) throws(EngineError) -> Int {
    if unpooled?.prefix != prefix {
      do {
        let ids = try tokenizer.encode(prefix.span, limit: .none, scratch: &scratch).ids
        let endsSpecially = ids.last.map { wording.specialTokens.contains($0) } ?? false
        unpooled = (prefix, ids.count - (endsSpecially ? 1 : 0))
      } catch {
        throw EngineError(error)
      }
    }
    // What is cut on the left is the prompt first.
    let isCutLeft = encoding.truncated && limit.truncation == .left
    let cut = isCutLeft ? encoding.tokenCount - encoding.ids.count : 0
    let start = max(0, (unpooled?.count ?? 0) - cut)
    guard start < encoding.ids.count else {
      throw EngineError(
        .invalidArgument,
        "the prompt has \(start) tokens of \(encoding.ids.count), and the model leaves them out of "
          + "its pooling: nothing remains")
    }
    return start
  }

  /// Ids are used as they are, but they must be ids, and as many as the limit allows.
  private func prepare(_ ids: [Int32], _ limit: TokenLimit) throws(EngineError) -> PreparedUnit {
    guard !ids.isEmpty else {
      throw EngineError(.invalidArgument, "the input has no token ids")
    }
    if let position = ids.firstIndex(where: { $0 < 0 || Int($0) >= vocabularySize }) {
      throw EngineError(
        .invalidArgument,
        "token id \(ids[position]) at position \(position) is not in the vocabulary: ids are "
          + "0…\(vocabularySize - 1)")
    }
    guard ids.count > limit.maxTokens else {
      return PreparedUnit(ids: ids, segmentStart: ids.count, truncated: false)
    }
    let kept: [Int32]
    switch limit.truncation {
    case .off:
      throw EngineError(
        .invalidArgument, reason: .tooLong,
        "the input has \(ids.count) tokens, the limit is \(limit.maxTokens) and truncation is off")
    case .left: kept = Array(ids.suffix(limit.maxTokens))
    case .right: kept = Array(ids.prefix(limit.maxTokens))
    }
    return PreparedUnit(ids: kept, segmentStart: kept.count, truncated: true)
  }
}

extension TokenLimit {
  /// The limit in the tokenizer's terms.
  fileprivate var rule: Tokenizer.Limit {
    let side: Tokenizer.Truncation =
      switch truncation {
      case .off: .off
      case .left: .left
      case .right: .right
      }
    return Tokenizer.Limit(maxTokens: maxTokens, truncation: side)
  }
}

extension PreparedUnit {
  fileprivate init(_ encoding: Encoding) {
    self.init(
      ids: encoding.ids, segmentStart: encoding.segmentStart, truncated: encoding.truncated)
  }
}

/// What becomes of texts around what they say: the score template of a model, and whether its
/// prompts are pooled.
struct PairWording: Sendable {
  /// What joins pairs; nil: the tokenizer does.
  var prompt: ScorePrompt?
  /// Whether the tokens of a prompt take part in the pooling.
  var poolsPrompts = true
  /// The special tokens.
  var specialTokens = SpecialTokenScan()
}

extension EngineError {
  /// What a tokenizer said of an input.
  init(_ error: TokenizationError) {
    switch error.code {
    case .invalidUTF8: self.init(.invalidArgument, reason: .invalidUTF8, error.message)
    case .tooLong: self.init(.invalidArgument, reason: .tooLong, error.message)
    case .noTokens, .limitTooSmall, .tooComplex: self.init(.invalidArgument, error.message)
    case .unsupported: self.init(.failedPrecondition, error.message)
    case .malformed: self.init(.internal, error.message)
    }
  }
}
