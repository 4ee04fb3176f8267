internal import JSON

extension PostProcessor {
  init(_ field: Field) throws(TokenizationError) {
    guard !field.isNull else {
      self = .none
      return
    }
    switch try field.type() {
    case "TemplateProcessing":
      self = try Self.template(field)
    case "BertProcessing":
      self = .bert(
        classification: try Self.tokenID(field["cls"]), separator: try Self.tokenID(field["sep"]))
    case "RobertaProcessing":
      self = .roberta(
        classification: try Self.tokenID(field["cls"]), separator: try Self.tokenID(field["sep"]))
    case "ByteLevel":
      // It moves offsets only.
      self = .none
    case "Sequence":
      self = try Self.sequence(field["processors"])
    case let other:
      throw field.unsupported(other)
    }
  }

  /// One processor that adds tokens, and any number of `ByteLevel`.
  private static func sequence(_ field: Field) throws(TokenizationError) -> PostProcessor {
    var found: PostProcessor?
    for element in try field.elements() {
      if try element.type() == "ByteLevel" { continue }
      guard found == nil else {
        throw element.unsupported("a second post-processor that adds tokens")
      }
      found = try PostProcessor(element)
    }
    return found ?? .none
  }

  /// Throws `.malformed` if a special token's id is not in the vocabulary.
  func checkSpecialTokens(
    _ field: Field, isKnown: (Int32) -> Bool
  ) throws(TokenizationError) {
    let pairPieces = (try? pair.get().pieces) ?? []
    for case .special(let ids) in single.pieces + pairPieces {
      for id in ids where !isKnown(id) {
        throw field.malformed("adds the token \(id), which is not in the vocabulary")
      }
    }
  }

  /// `["[SEP]", 102]`
  private static func tokenID(_ field: Field) throws(TokenizationError) -> Int32 {
    let parts = try field.elements()
    guard parts.count == 2 else { throw field.malformed("must be a token and its id") }
    return try parts[1].natural()
  }

  private static func template(_ field: Field) throws(TokenizationError) -> PostProcessor {
    let single = try pieces(field["single"], field["special_tokens"])
    let pair = try pieces(field["pair"], field["special_tokens"])
    return PostProcessor(
      single: try compile(single, of: field["single"], texts: (1, 0)),
      pair: Result { () throws(TokenizationError) in
        try compile(pair, of: field["pair"], texts: (1, 1))
      })
  }

  /// A piece with its type id.
  private typealias TypedPiece = (piece: Piece, type: Int32)

  private static func pieces(
    _ field: Field, _ specialTokens: Field
  ) throws(TokenizationError) -> [TypedPiece] {
    var pieces: [TypedPiece] = []
    for element in try field.elements() {
      let special = element["SpecialToken"]
      let sequence = element["Sequence"]
      if special.value != nil {
        let piece = try specialPiece(special["id"], specialTokens)
        pieces.append((piece, try special["type_id"].natural()))
      } else if sequence.value != nil {
        let type = try sequence["type_id"].natural()
        switch try sequence["id"].string() {
        case "A": pieces.append((.first, type))
        case "B": pieces.append((.second, type))
        default: throw sequence["id"].malformed("must be \"A\" or \"B\"")
        }
      } else {
        throw element.malformed("must have a \"SpecialToken\" or a \"Sequence\"")
      }
    }
    return pieces
  }

  private static func specialPiece(
    _ name: Field, _ specialTokens: Field
  ) throws(TokenizationError) -> Piece {
    // Duplicate keys: the last one counts.
    let wanted = try name.bytes()
    var found: JSON?
    for (key, value) in try specialTokens.members() where key == wanted { found = value }
    guard let found else {
      throw name.malformed("names a token that is not in \"\(specialTokens.path)\"")
    }
    var ids: [Int32] = []
    for id in try specialTokens.at(name: wanted, found)["ids"].elements() {
      ids.append(try id.natural())
    }
    return .special(ids)
  }

  /// `texts` tells how often each text must be in the template.
  private static func compile(
    _ pieces: [TypedPiece], of field: Field, texts: (first: Int, second: Int)
  ) throws(TokenizationError) -> Template {
    var count = (first: 0, second: 0)
    var specialCount = 0
    for (piece, _) in pieces {
      switch piece {
      case .special(let ids): specialCount += ids.count
      case .first: count.first += 1
      case .second: count.second += 1
      }
    }
    guard count == texts else {
      throw field.unsupported(
        "TemplateProcessing", "text A stands there \(count.first) times, B \(count.second)")
    }
    let firstSegmentCount = pieces.prefix { $0.type == 0 }.count
    guard pieces.dropFirst(firstSegmentCount).allSatisfy({ $0.type == 1 }) else {
      throw field.unsupported("TemplateProcessing", "type ids must be 0 and then 1")
    }
    return Template(
      pieces: pieces.map(\.piece), firstSegmentCount: firstSegmentCount,
      specialCount: specialCount)
  }
}
