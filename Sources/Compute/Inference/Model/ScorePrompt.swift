internal import Resolution
internal import Tokenization

/// A score template with the tokenizer that it is written for: pairs become ids.
struct ScorePrompt: Sendable {
  /// A piece of the template.
  private enum Piece: Sendable {
    /// The ids of a piece that is the same for every pair.
    case fixed([Int32])
    case filled([ScoreTemplate.Part])
  }

  /// The texts of a pair, and the instruction of its call if it brings one; UTF-8.
  struct Texts: Sendable {
    var query: [UInt8]
    var document: [UInt8]
    var instruction: [UInt8]?
  }

  private let pieces: [Piece]
  /// The tokenizer's special tokens around it all.
  private let before: [Int32]
  private let after: [Int32]
  private let instruction: [UInt8]?
  private let tokenizer: Tokenizer
  /// nil lets texts spell special tokens.
  private let scan: SpecialTokenScan?
  /// Tokens of the prompt for two empty texts.
  let minimum: Int

  /// Tokenises what is the same for every pair. Throws `.startUp` where that cannot be done.
  init(
    _ template: ScoreTemplate, _ tokenizer: Tokenizer, scan: SpecialTokenScan?
  ) throws(EngineError) {
    self.tokenizer = tokenizer.withoutPostProcessor
    self.scan = scan
    instruction = template.instruction
    (before, after) = template.addsSpecialTokens ? tokenizer.singleSpecialTokens : ([], [])
    var pieces: [Piece] = []
    var scratch = TokenizerScratch()
    var minimum = before.count + after.count
    let empty = Texts(query: [], document: [], instruction: template.instruction ?? [])
    do throws(EngineError) {
      for parts in template.pieces {
        let text = Rendered(parts, empty).bytes
        let ids = try Self.ids(text, self.tokenizer, &scratch)
        minimum += ids.count
        let isFixed = parts.allSatisfy { part in
          if case .text = part { return true }
          return false
        }
        pieces.append(isFixed ? .fixed(ids) : .filled(parts))
      }
    } catch {
      throw EngineError(.startUp, "the score template cannot be tokenised: \(error.message)")
    }
    self.pieces = pieces
    self.minimum = max(1, minimum)
  }

  /// The ids of the prompt for a pair, of which a limit cuts the document alone.
  ///
  /// Throws `.invalidArgument` for a text that is not UTF-8 or spells a special token, a prompt
  /// over the limit where nothing may be cut, and a limit that leaves the document no token.
  func encode(
    _ texts: Texts, limit: TokenLimit, scratch: inout TokenizerScratch
  ) throws(EngineError) -> PreparedUnit {
    var texts = texts
    texts.instruction = texts.instruction ?? instruction
    try check(texts)
    var parts: [[Int32]] = [before]
    var documentPiece: (index: Int, parts: [ScoreTemplate.Part])?
    for piece in pieces {
      switch piece {
      case .fixed(let ids): parts.append(ids)
      case .filled(let filled):
        if filled.contains(.document) { documentPiece = (parts.count, filled) }
        parts.append(try Self.ids(Rendered(filled, texts).bytes, tokenizer, &scratch))
      }
    }
    parts.append(after)
    let count = parts.reduce(0) { $0 + $1.count }
    guard count > limit.maxTokens else {
      return Self.unit(parts, truncated: false)
    }
    guard limit.truncation != .off else {
      throw EngineError(
        .invalidArgument, reason: .tooLong,
        "the input has \(count) tokens, the limit is \(limit.maxTokens) and truncation is off")
    }
    if let (index, filled) = documentPiece {
      parts[index] = try cut(
        parts[index], filled, texts, others: count - parts[index].count, limit, &scratch)
    }
    return Self.unit(parts, truncated: true)
  }

  /// Takes tokens of the document from the ids of its piece, so that it fits beside `others`.
  ///
  /// What the piece has before the document is told by its tokens without it, as far as both agree,
  /// and so is what it has behind: a token over the border counts as the document's.
  private func cut(
    _ ids: [Int32], _ parts: [ScoreTemplate.Part], _ texts: Texts, others: Int,
    _ limit: TokenLimit, _ scratch: inout TokenizerScratch
  ) throws(EngineError) -> [Int32] {
    let place = parts.firstIndex(of: .document) ?? parts.endIndex
    let head = try Self.ids(Rendered(Array(parts[..<place]), texts).bytes, tokenizer, &scratch)
    let tail = try Self.ids(
      Rendered(Array(parts[place...].dropFirst()), texts).bytes, tokenizer, &scratch)
    let start = zip(ids, head).prefix { $0 == $1 }.count
    let end = min(
      zip(ids.reversed(), tail.reversed()).prefix { $0 == $1 }.count, ids.count - start)
    let room = limit.maxTokens - others - start - end
    guard room >= 1 else {
      throw EngineError(
        .invalidArgument, reason: .tooLong,
        "a limit of \(limit.maxTokens) tokens leaves the document no room: the rest of the prompt "
          + "has \(others + start + end)")
    }
    let document = ids[start..<ids.count - end]
    let kept = limit.truncation == .left ? document.suffix(room) : document.prefix(room)
    return Array([ids[..<start], kept, ids[(ids.count - end)...]].joined())
  }

  private func check(_ texts: Texts) throws(EngineError) {
    let named = [
      ("the instruction", texts.instruction ?? []), ("the query", texts.query),
      ("the document", texts.document),
    ]
    for (name, text) in named {
      if let offset = Self.invalidOffset(text) {
        throw EngineError(
          .invalidArgument, reason: .invalidUTF8, "\(name) is not valid UTF-8 at byte \(offset)")
      }
      if let found = scan?.first(in: text) {
        throw EngineError(
          .invalidArgument,
          "\(name) spells the special token \(String(decoding: found.spelling, as: UTF8.self)) at "
            + "byte \(found.offset), by which it would change the prompt around it")
      }
    }
  }

  /// The first byte that is not UTF-8.
  private static func invalidOffset(_ text: [UInt8]) -> Int? {
    do {
      _ = try UTF8Span(validating: text.span)
      return nil
    } catch {
      return error.byteOffsets.lowerBound
    }
  }

  private static func ids(
    _ text: [UInt8], _ tokenizer: Tokenizer, _ scratch: inout TokenizerScratch
  ) throws(EngineError) -> [Int32] {
    guard !text.isEmpty else { return [] }
    do {
      return try tokenizer.encode(text.span, limit: .none, scratch: &scratch).ids
    } catch {
      // Spaces alone may be no token, beside others.
      if error.code == .noTokens { return [] }
      throw EngineError(error)
    }
  }

  private static func unit(_ parts: [[Int32]], truncated: Bool) -> PreparedUnit {
    let ids = Array(parts.joined())
    return PreparedUnit(ids: ids, segmentStart: ids.count, truncated: truncated)
  }
}

/// A piece of a template with its markers filled.
private struct Rendered {
  var bytes: [UInt8] = []

  init(_ parts: [ScoreTemplate.Part], _ texts: ScorePrompt.Texts) {
    for part in parts {
      switch part {
      case .text(let text): bytes += text
      case .query: bytes += texts.query
      case .document: bytes += texts.document
      case .instruction: bytes += texts.instruction ?? []
      case .optionalInstruction(let before, let after):
        if let instruction = texts.instruction, !instruction.isEmpty {
          bytes += before + instruction + after
        }
      }
    }
  }
}
