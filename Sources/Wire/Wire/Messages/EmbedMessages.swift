internal import CWireMessages

/// Whether vectors are divided by their length. The raw values are the wire's.
package enum Normalization: UInt32, Sendable {
  /// As the model directory says.
  case modelDefault = 0
  case on = 1
  case off = 2
}

/// Element type of vectors on the wire. The raw values are the wire's.
package enum ElementType: UInt32, Sendable {
  case f32 = 0
  case f16 = 1
  case bf16 = 2
}

/// The body of an Embed call.
package struct EmbedRequest: Sendable, Equatable {
  package var inputs: [Input]
  package var length: LengthOptions
  /// Nil is the model's default prompt, empty is none.
  package var promptName: String?
  /// Components to keep, cut before normalising; nil is all.
  package var dimensions: Int?
  package var normalization: Normalization
  package var elementType: ElementType

  package init(
    inputs: [Input], length: LengthOptions = LengthOptions(), promptName: String? = nil,
    dimensions: Int? = nil, normalization: Normalization = .modelDefault,
    elementType: ElementType = .f32
  ) {
    self.inputs = inputs
    self.length = length
    self.promptName = promptName
    self.dimensions = dimensions
    self.normalization = normalization
    self.elementType = elementType
  }

  /// - Throws: `.malformed`, `.tooLarge`.
  package init(decoding bytes: RawSpan) throws(WireError) { self = try Protobuf.decode(bytes) }

  package func encoded() -> [UInt8] { Protobuf.encode(self) }
}

extension EmbedRequest: ProtobufConvertible {
  typealias Raw = Millpond__V1__EmbedRequest
  static let messageName: StaticString = "EmbedRequest"
  static var initializeRaw: Initialize<Raw> { millpond__v1__embed_request__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__embed_request__unpack }

  init(raw: borrowing Raw) throws(WireError) {
    inputs = try values(raw.inputs, raw.n_inputs)
    length = try value(raw.length) ?? LengthOptions()
    promptName = try value(raw.prompt, as: PromptName.self)?.name
    dimensions = try value(raw.dimensions, as: Count.self)?.value
    guard
      let normalization = Normalization(
        rawValue: UInt32(truncatingIfNeeded: raw.normalization.rawValue)),
      let elementType = ElementType(rawValue: UInt32(truncatingIfNeeded: raw.element_type.rawValue))
    else {
      throw WireError(.malformed, "EmbedRequest has an unknown normalization or element_type")
    }
    self.normalization = normalization
    self.elementType = elementType
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    raw.n_inputs = inputs.count
    raw.inputs = builder.messages(inputs)
    raw.length = builder.message(length == LengthOptions() ? nil : length)
    raw.prompt = builder.message(promptName.map(PromptName.init))
    raw.dimensions = builder.message(dimensions.map(Count.init))
    raw.normalization = Millpond__V1__Normalization(rawValue: .init(normalization.rawValue))
    raw.element_type = Millpond__V1__ElementType(rawValue: .init(elementType.rawValue))
  }
}

/// One input's vector, as little-endian bytes of the response's element type, or its error.
package struct EmbedResult: Sendable, Equatable {
  package var outcome: Outcome<[UInt8]>
  /// Special tokens included.
  package var tokenCount: Int
  package var isTruncated: Bool

  package init(outcome: Outcome<[UInt8]>, tokenCount: Int = 0, isTruncated: Bool = false) {
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
    case MILLPOND__V1__EMBED_RESULT__OUTCOME_EMBEDDING: outcome = .value(raw.embedding.array)
    case MILLPOND__V1__EMBED_RESULT__OUTCOME_ERROR: outcome = .error(try value(raw.error) ?? .ok)
    default: throw WireError(.malformed, "EmbedResult has neither value nor error")
    }
    tokenCount = Int(raw.tokens)
    isTruncated = raw.truncated != 0
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    switch outcome {
    case .value(let value):
      raw.outcome_case = MILLPOND__V1__EMBED_RESULT__OUTCOME_EMBEDDING
      raw.embedding = builder.bytes(value)
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
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    raw.n_results = results.count
    raw.results = builder.messages(results)
    raw.dimensions = UInt32(clamping: dimensions)
    raw.element_type = Millpond__V1__ElementType(rawValue: .init(elementType.rawValue))
  }
}
