internal import CWireMessages

/// One input of a call.
package enum Input: Sendable, Equatable {
  /// Bytes that should be UTF-8; NUL is a character like any other.
  case text([UInt8])
  /// Token ids, used as they are.
  case ids([UInt32])
  case pair(query: [UInt8], document: [UInt8])

  /// UTF-8 bytes of the text, or four for each id: what the cost is predicted from.
  package var byteCount: Int {
    switch self {
    case .text(let text): text.count
    case .ids(let ids): ids.count * 4
    case .pair(let query, let document): query.count + document.count
    }
  }
}

extension Input: ProtobufConvertible {
  typealias Raw = Millpond__V1__Input
  static let messageName: StaticString = "Input"
  static var initializeRaw: Initialize<Raw> { millpond__v1__input__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__input__unpack }

  init(raw: borrowing Raw) throws(WireError) {
    switch raw.kind_case {
    case MILLPOND__V1__INPUT__KIND_TEXT: self = .text(raw.text.array)
    case MILLPOND__V1__INPUT__KIND_IDS:
      self = .ids(try value(raw.ids, as: TokenIDs.self)?.ids ?? [])
    case MILLPOND__V1__INPUT__KIND_PAIR:
      let pair = try value(raw.pair, as: Pair.self)
      self = .pair(query: pair?.query ?? [], document: pair?.document ?? [])
    default: throw WireError(.malformed, "Input has none of text, ids and pair")
    }
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    switch self {
    case .text(let text):
      raw.kind_case = MILLPOND__V1__INPUT__KIND_TEXT
      raw.text = builder.bytes(text)
    case .ids(let ids):
      raw.kind_case = MILLPOND__V1__INPUT__KIND_IDS
      raw.ids = builder.message(TokenIDs(ids: ids))
    case .pair(let query, let document):
      raw.kind_case = MILLPOND__V1__INPUT__KIND_PAIR
      raw.pair = builder.message(Pair(query: query, document: document))
    }
  }
}

private struct TokenIDs {
  var ids: [UInt32]
}

extension TokenIDs: ProtobufConvertible {
  typealias Raw = Millpond__V1__TokenIds
  static let messageName: StaticString = "TokenIds"
  static var initializeRaw: Initialize<Raw> { millpond__v1__token_ids__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__token_ids__unpack }

  init(raw: borrowing Raw) {
    ids = Array(UnsafeBufferPointer(start: raw.ids, count: raw.ids == nil ? 0 : raw.n_ids))
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    raw.n_ids = ids.count
    raw.ids = builder.numbers(ids)
  }
}

private struct Pair {
  var query: [UInt8]
  var document: [UInt8]
}

extension Pair: ProtobufConvertible {
  typealias Raw = Millpond__V1__Pair
  static let messageName: StaticString = "Pair"
  static var initializeRaw: Initialize<Raw> { millpond__v1__pair__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__pair__unpack }

  init(raw: borrowing Raw) {
    query = raw.query.array
    document = raw.document.array
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    raw.query = builder.bytes(query)
    raw.document = builder.bytes(document)
  }
}
