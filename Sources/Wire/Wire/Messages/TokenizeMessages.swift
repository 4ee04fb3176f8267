internal import CWireMessages

/// The body of a Tokenize call.
package struct TokenizeRequest: Sendable, Equatable {
  package var inputs: [Input]
  package var length: LengthOptions
  /// Nil is none.
  package var promptName: String?

  package init(
    inputs: [Input], length: LengthOptions = LengthOptions(), promptName: String? = nil
  ) {
    self.inputs = inputs
    self.length = length
    self.promptName = promptName
  }

  /// - Throws: `.malformed`, `.tooLarge`.
  package init(decoding bytes: RawSpan) throws(WireError) { self = try Protobuf.decode(bytes) }

  package func encoded() -> [UInt8] { Protobuf.encode(self) }
}

extension TokenizeRequest: ProtobufConvertible {
  typealias Raw = Millpond__V1__TokenizeRequest
  static let messageName: StaticString = "TokenizeRequest"
  static var initializeRaw: Initialize<Raw> { millpond__v1__tokenize_request__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__tokenize_request__unpack }

  init(raw: borrowing Raw) throws(WireError) {
    inputs = try values(raw.inputs, raw.n_inputs)
    length = try value(raw.length) ?? LengthOptions()
    promptName = try value(raw.prompt, as: PromptName.self)?.name
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    raw.n_inputs = inputs.count
    raw.inputs = builder.messages(inputs)
    raw.length = builder.message(length == LengthOptions() ? nil : length)
    raw.prompt = builder.message(promptName.map(PromptName.init))
  }
}

/// Token ids with their spellings in the vocabulary, which may be bytes that are no UTF-8.
package struct Tokens: Sendable, Equatable {
  package var ids: [UInt32]
  package var spellings: [[UInt8]]

  package init(ids: [UInt32], spellings: [[UInt8]]) {
    self.ids = ids
    self.spellings = spellings
  }
}

extension Tokens: ProtobufConvertible {
  typealias Raw = Millpond__V1__Tokens
  static let messageName: StaticString = "Tokens"
  static var initializeRaw: Initialize<Raw> { millpond__v1__tokens__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__tokens__unpack }

  init(raw: borrowing Raw) {
    ids = Array(UnsafeBufferPointer(start: raw.ids, count: raw.ids == nil ? 0 : raw.n_ids))
    spellings = byteStrings(raw.spellings, raw.n_spellings)
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    raw.n_ids = ids.count
    raw.ids = builder.numbers(ids)
    raw.n_spellings = spellings.count
    raw.spellings = builder.byteStrings(spellings)
  }
}

/// One input's tokens, special ones included, or its error.
package struct TokenizeResult: Sendable, Equatable {
  package var outcome: Outcome<Tokens>
  package var isTruncated: Bool

  package init(outcome: Outcome<Tokens>, isTruncated: Bool = false) {
    self.outcome = outcome
    self.isTruncated = isTruncated
  }
}

extension TokenizeResult: ProtobufConvertible {
  typealias Raw = Millpond__V1__TokenizeResult
  static let messageName: StaticString = "TokenizeResult"
  static var initializeRaw: Initialize<Raw> { millpond__v1__tokenize_result__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__tokenize_result__unpack }

  init(raw: borrowing Raw) throws(WireError) {
    switch raw.outcome_case {
    case MILLPOND__V1__TOKENIZE_RESULT__OUTCOME_TOKENS:
      outcome = .value(try value(raw.tokens) ?? Tokens(ids: [], spellings: []))
    case MILLPOND__V1__TOKENIZE_RESULT__OUTCOME_ERROR: outcome = .error(try value(raw.error) ?? .ok)
    default: throw WireError(.malformed, "TokenizeResult has neither value nor error")
    }
    isTruncated = raw.truncated != 0
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    switch outcome {
    case .value(let value):
      raw.outcome_case = MILLPOND__V1__TOKENIZE_RESULT__OUTCOME_TOKENS
      raw.tokens = builder.message(value)
    case .error(let status):
      raw.outcome_case = MILLPOND__V1__TOKENIZE_RESULT__OUTCOME_ERROR
      raw.error = builder.message(status)
    }
    raw.truncated = isTruncated ? 1 : 0
  }
}

/// The body of a Tokenize answer's frame.
package struct TokenizeResponse: Sendable, Equatable {
  package var results: [TokenizeResult]

  package init(results: [TokenizeResult]) {
    self.results = results
  }

  /// - Throws: `.malformed`, `.tooLarge`.
  package init(decoding bytes: RawSpan) throws(WireError) { self = try Protobuf.decode(bytes) }

  package func encoded() -> [UInt8] { Protobuf.encode(self) }
}

extension TokenizeResponse: ProtobufConvertible {
  typealias Raw = Millpond__V1__TokenizeResponse
  static let messageName: StaticString = "TokenizeResponse"
  static var initializeRaw: Initialize<Raw> { millpond__v1__tokenize_response__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__tokenize_response__unpack }

  init(raw: borrowing Raw) throws(WireError) {
    results = try values(raw.results, raw.n_results)
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    raw.n_results = results.count
    raw.results = builder.messages(results)
  }
}
