internal import Resolution
internal import Tokenization

/// The model's tokenizer on one thread.
final class TextEncoder: UnitEncoder {
  private let tokenizer: Tokenizer
  /// Ids are 0..<vocabularySize.
  private let vocabularySize: Int
  private let interaction: LateInteraction?
  private var scratch = TokenizerScratch()

  init(tokenizer: Tokenizer, vocabularySize: Int, interaction: LateInteraction? = nil) {
    self.interaction = interaction
    self.tokenizer = tokenizer
    self.vocabularySize = vocabularySize
  }

  func encode(
    _ source: UnitSource, prefix: [UInt8], limit: TokenLimit
  ) throws(EngineError) -> PreparedUnit {
    switch source {
    case .text(let text):
      let whole = prefix.isEmpty ? text : prefix + text
      do {
        return PreparedUnit(
          try tokenizer.encode(whole.span, limit: limit.rule, scratch: &scratch))
      } catch {
        throw EngineError(error)
      }
    case .role(let role, let text):
      guard let interaction else {
        throw EngineError(.internal, "a text came with a role, and the model knows none")
      }
      let encoder = RoleEncoder(settings: interaction, tokenizer: tokenizer)
      return try encoder.encode(role, text, limit: limit, scratch: &scratch)
    case .pair(let query, let document):
      let (query, document) =
        prefix.isEmpty ? (query, document) : (prefix + query, prefix + document)
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

extension EngineError {
  /// What a tokenizer said of an input.
  init(_ error: TokenizationError) {
    switch error.code {
    case .invalidUTF8: self.init(.invalidArgument, reason: .invalidUTF8, error.message)
    case .tooLong: self.init(.invalidArgument, reason: .tooLong, error.message)
    case .noTokens, .limitTooSmall: self.init(.invalidArgument, error.message)
    case .unsupported: self.init(.failedPrecondition, error.message)
    case .malformed: self.init(.internal, error.message)
    }
  }
}
