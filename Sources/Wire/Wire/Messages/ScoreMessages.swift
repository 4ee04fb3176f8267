internal import CWireMessages

/// The body of a Score call: one query against N documents, or N pairs.
package struct ScoreRequest: Sendable, Equatable {
  package var queries: [[UInt8]]
  package var documents: [[UInt8]]
  package var length: LengthOptions
  /// The value before the last activation; a cosine stays as it is.
  package var isRaw: Bool
  /// Prompt of queries and documents on an embedding model; nil is none.
  package var promptName: String?
  /// What the model's score template is told, as bytes that should be UTF-8; nil leaves its own.
  package var instruction: [UInt8]?

  package init(
    queries: [[UInt8]], documents: [[UInt8]], length: LengthOptions = LengthOptions(),
    isRaw: Bool = false, promptName: String? = nil, instruction: [UInt8]? = nil
  ) {
    self.queries = queries
    self.documents = documents
    self.length = length
    self.isRaw = isRaw
    self.promptName = promptName
    self.instruction = instruction
  }

  /// - Throws: `.malformed`, `.tooLarge`.
  package init(decoding bytes: RawSpan) throws(WireError) { self = try Protobuf.decode(bytes) }

  package func encoded() -> [UInt8] { Protobuf.encode(self) }
}

extension ScoreRequest: ProtobufConvertible {
  typealias Raw = Millpond__V1__ScoreRequest
  static let messageName: StaticString = "ScoreRequest"
  static var initializeRaw: Initialize<Raw> { millpond__v1__score_request__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__score_request__unpack }

  init(raw: borrowing Raw) throws(WireError) {
    queries = byteStrings(raw.queries, raw.n_queries)
    documents = byteStrings(raw.documents, raw.n_documents)
    length = try value(raw.length) ?? LengthOptions()
    isRaw = raw.raw != 0
    promptName = try value(raw.prompt, as: PromptName.self)?.name
    instruction = try value(raw.instruction, as: Instruction.self)?.text
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    raw.n_queries = queries.count
    raw.queries = builder.byteStrings(queries)
    raw.n_documents = documents.count
    raw.documents = builder.byteStrings(documents)
    raw.length = builder.message(length == LengthOptions() ? nil : length)
    raw.raw = isRaw ? 1 : 0
    raw.prompt = builder.message(promptName.map(PromptName.init))
    raw.instruction = builder.message(instruction.map(Instruction.init))
  }
}

/// An instruction: a message, so that none differs from an empty one.
private struct Instruction {
  var text: [UInt8]
}

extension Instruction: ProtobufConvertible {
  typealias Raw = Millpond__V1__Instruction
  static let messageName: StaticString = "Instruction"
  static var initializeRaw: Initialize<Raw> { millpond__v1__instruction__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__instruction__unpack }

  init(raw: borrowing Raw) {
    text = raw.text.array
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    raw.text = builder.bytes(text)
  }
}

/// One document's score, or its error.
package struct ScoreResult: Sendable, Equatable {
  package var outcome: Outcome<Float>
  /// Special tokens included; of query and document together.
  package var tokenCount: Int
  package var isTruncated: Bool

  package init(outcome: Outcome<Float>, tokenCount: Int = 0, isTruncated: Bool = false) {
    self.outcome = outcome
    self.tokenCount = tokenCount
    self.isTruncated = isTruncated
  }
}

extension ScoreResult: ProtobufConvertible {
  typealias Raw = Millpond__V1__ScoreResult
  static let messageName: StaticString = "ScoreResult"
  static var initializeRaw: Initialize<Raw> { millpond__v1__score_result__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__score_result__unpack }

  init(raw: borrowing Raw) throws(WireError) {
    switch raw.outcome_case {
    case MILLPOND__V1__SCORE_RESULT__OUTCOME_SCORE:
      outcome = .value(try value(raw.score, as: ScoreValue.self)?.value ?? 0)
    case MILLPOND__V1__SCORE_RESULT__OUTCOME_ERROR: outcome = .error(try value(raw.error) ?? .ok)
    default: throw WireError(.malformed, "ScoreResult has neither value nor error")
    }
    tokenCount = Int(raw.tokens)
    isTruncated = raw.truncated != 0
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    switch outcome {
    case .value(let value):
      raw.outcome_case = MILLPOND__V1__SCORE_RESULT__OUTCOME_SCORE
      raw.score = builder.message(ScoreValue(value: value))
    case .error(let status):
      raw.outcome_case = MILLPOND__V1__SCORE_RESULT__OUTCOME_ERROR
      raw.error = builder.message(status)
    }
    raw.tokens = UInt32(clamping: tokenCount)
    raw.truncated = isTruncated ? 1 : 0
  }
}

/// A score: a message, so that 0 differs from none.
private struct ScoreValue {
  var value: Float
}

extension ScoreValue: ProtobufConvertible {
  typealias Raw = Millpond__V1__Score
  static let messageName: StaticString = "Score"
  static var initializeRaw: Initialize<Raw> { millpond__v1__score__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__score__unpack }

  init(raw: borrowing Raw) {
    value = raw.value
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    raw.value = value
  }
}

/// The body of a Score answer's frame.
package struct ScoreResponse: Sendable, Equatable {
  package var results: [ScoreResult]

  package init(results: [ScoreResult]) {
    self.results = results
  }

  /// - Throws: `.malformed`, `.tooLarge`.
  package init(decoding bytes: RawSpan) throws(WireError) { self = try Protobuf.decode(bytes) }

  package func encoded() -> [UInt8] { Protobuf.encode(self) }
}

extension ScoreResponse: ProtobufConvertible {
  typealias Raw = Millpond__V1__ScoreResponse
  static let messageName: StaticString = "ScoreResponse"
  static var initializeRaw: Initialize<Raw> { millpond__v1__score_response__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__score_response__unpack }

  init(raw: borrowing Raw) throws(WireError) {
    results = try values(raw.results, raw.n_results)
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    raw.n_results = results.count
    raw.results = builder.messages(results)
  }
}
