internal import CWireMessages

/// One input's vector, token vectors or weights, of the response's element type, or its error.
package struct EmbedResult: Sendable, Equatable {
  package var outcome: Outcome<EmbedValue>
  /// Special tokens included.
  package var tokenCount: Int
  package var isTruncated: Bool

  package init(outcome: Outcome<EmbedValue>, tokenCount: Int = 0, isTruncated: Bool = false) {
    self.outcome = outcome
    self.tokenCount = tokenCount
    self.isTruncated = isTruncated
  }
}

extension EmbedResult: ProtobufConvertible {
  typealias Raw = Millpond__V1__EmbedResult
  static let messageName: StaticString = "EmbedResult"
  static var initializeRaw: Initialize<Raw> { millpond__v1__embed_result__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__embed_result__unpack }

  init(raw: borrowing Raw) throws(WireError) {
    switch raw.outcome_case {
    case MILLPOND__V1__EMBED_RESULT__OUTCOME_EMBEDDING:
      outcome = .value(.vector(raw.embedding.array))
    case MILLPOND__V1__EMBED_RESULT__OUTCOME_TOKEN_VECTORS:
      outcome = .value(
        .tokens(try value(raw.token_vectors) ?? TokenRows(values: [], rows: 0)))
    case MILLPOND__V1__EMBED_RESULT__OUTCOME_SPARSE:
      outcome = .value(.sparse(try value(raw.sparse) ?? SparseVector(ids: [], weights: [])))
    case MILLPOND__V1__EMBED_RESULT__OUTCOME_ERROR: outcome = .error(try value(raw.error) ?? .ok)
    default: throw WireError(.malformed, "EmbedResult has neither value nor error")
    }
    tokenCount = Int(raw.tokens)
    isTruncated = raw.truncated != 0
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    switch outcome {
    case .value(.vector(let bytes)):
      raw.outcome_case = MILLPOND__V1__EMBED_RESULT__OUTCOME_EMBEDDING
      raw.embedding = builder.bytes(bytes)
    case .value(.tokens(let rows)):
      raw.outcome_case = MILLPOND__V1__EMBED_RESULT__OUTCOME_TOKEN_VECTORS
      raw.token_vectors = builder.message(rows)
    case .value(.sparse(let sparse)):
      raw.outcome_case = MILLPOND__V1__EMBED_RESULT__OUTCOME_SPARSE
      raw.sparse = builder.message(sparse)
    case .error(let status):
      raw.outcome_case = MILLPOND__V1__EMBED_RESULT__OUTCOME_ERROR
      raw.error = builder.message(status)
    }
    raw.tokens = UInt32(clamping: tokenCount)
    raw.truncated = isTruncated ? 1 : 0
  }
}

/// The body of an Embed answer's frame.
package struct EmbedResponse: Sendable, Equatable {
  package var results: [EmbedResult]
  /// Of a vector, or of each token's; 0 where there is none.
  package var dimensions: Int
  package var elementType: ElementType

  package init(results: [EmbedResult], dimensions: Int, elementType: ElementType = .f32) {
    self.results = results
    self.dimensions = dimensions
    self.elementType = elementType
  }

  /// - Throws: `.malformed`, `.tooLarge`.
  package init(decoding bytes: RawSpan) throws(WireError) { self = try Protobuf.decode(bytes) }

  package func encoded() -> [UInt8] { Protobuf.encode(self) }
}

extension EmbedResponse: ProtobufConvertible {
  typealias Raw = Millpond__V1__EmbedResponse
  static let messageName: StaticString = "EmbedResponse"
  static var initializeRaw: Initialize<Raw> { millpond__v1__embed_response__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__embed_response__unpack }

  init(raw: borrowing Raw) throws(WireError) {
    results = try values(raw.results, raw.n_results)
    dimensions = Int(raw.dimensions)
    guard
      let elementType = ElementType(rawValue: UInt32(truncatingIfNeeded: raw.element_type.rawValue))
    else { throw WireError(.malformed, "EmbedResponse has an unknown element_type") }
    self.elementType = elementType
    for case .value(let value) in results.lazy.map(\.outcome) {
      try value.check(dimensions: dimensions, elementType)
    }
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    raw.n_results = results.count
    raw.results = builder.messages(results)
    raw.dimensions = UInt32(clamping: dimensions)
    raw.element_type = Millpond__V1__ElementType(rawValue: .init(elementType.rawValue))
  }
}
