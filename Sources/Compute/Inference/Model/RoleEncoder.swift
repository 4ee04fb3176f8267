internal import Resolution
internal import Tokenization

/// Texts as ColBERT reads them: the marker of their role behind the first token, and queries
/// filled up to their length.
struct RoleEncoder {
  let settings: LateInteraction
  let tokenizer: Tokenizer

  /// Tokens of a text in its role. The length counts the marker. Throws `.invalidArgument` with
  /// counts and limits.
  func encode(
    _ role: TextRole, _ text: [UInt8], limit: TokenLimit, scratch: inout TokenizerScratch
  ) throws(EngineError) -> PreparedUnit {
    let own = role == .query ? settings.query : settings.document
    let markerCount = own.markerID == nil ? 0 : 1
    let lengthMax = min(limit.maxTokens, own.lengthMax)
    let whole = own.prompt.isEmpty ? text : own.prompt + text
    // Tokenize shows all tokens there are.
    let isUnlimited = limit.maxTokens == .max
    let side: Tokenizer.Truncation =
      switch limit.truncation {
      case .off: .off
      case .left: .left
      case .right: .right
      }
    let rule =
      side == .off
      ? Tokenizer.Limit.none
      : Tokenizer.Limit(maxTokens: lengthMax - markerCount, truncation: side)
    let encoding: Encoding
    do {
      encoding = try tokenizer.encode(whole.span, limit: rule, scratch: &scratch)
    } catch {
      throw EngineError(error)
    }
    var ids = encoding.ids
    if let markerID = own.markerID { ids.insert(markerID, at: min(1, ids.count)) }
    guard isUnlimited || ids.count <= lengthMax else {
      let name = role == .query ? "query" : "document"
      throw EngineError(
        .invalidArgument, reason: .tooLong,
        "the \(name) has \(ids.count) tokens with its marker, the limit is \(lengthMax) and "
          + "truncation is off")
    }
    let textCount = ids.count
    if role == .query, let expansion = settings.expansion, textCount < lengthMax {
      // Without a limit lengthMax is the role's own.
      ids += repeatElement(expansion.id, count: lengthMax - textCount)
    }
    var unit = PreparedUnit(
      ids: ids, segmentStart: ids.count, truncated: encoding.truncated)
    if settings.expansion?.isSeen == false, textCount < ids.count { unit.keyCount = textCount }
    unit.isDocument = role == .document
    return unit
  }
}
