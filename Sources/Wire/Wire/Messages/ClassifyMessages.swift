internal import CWireMessages

/// The body of a Classify call.
package struct ClassifyRequest: Sendable, Equatable {
  package var inputs: [Input]
  package var length: LengthOptions
  /// Logits in place of probabilities.
  package var isRaw: Bool

  package init(inputs: [Input], length: LengthOptions = LengthOptions(), isRaw: Bool = false) {
    self.inputs = inputs
    self.length = length
    self.isRaw = isRaw
  }

  /// - Throws: `.malformed`, `.tooLarge`.
  package init(decoding bytes: RawSpan) throws(WireError) { self = try Protobuf.decode(bytes) }

  package func encoded() -> [UInt8] { Protobuf.encode(self) }
}

extension ClassifyRequest: ProtobufConvertible {
  typealias Raw = Millpond__V1__ClassifyRequest
  static let messageName: StaticString = "ClassifyRequest"
  static var initializeRaw: Initialize<Raw> { millpond__v1__classify_request__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__classify_request__unpack }

  init(raw: borrowing Raw) throws(WireError) {
    inputs = try values(raw.inputs, raw.n_inputs)
    length = try value(raw.length) ?? LengthOptions()
    isRaw = raw.raw != 0
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    raw.n_inputs = inputs.count
    raw.inputs = builder.messages(inputs)
    raw.length = builder.message(length == LengthOptions() ? nil : length)
    raw.raw = isRaw ? 1 : 0
  }
}

/// One input's value for each label, of the whole or of each token, or its error.
package struct ClassifyResult: Sendable, Equatable {
  package var outcome: Outcome<ClassifyValue>
  /// Special tokens included.
  package var tokenCount: Int
  package var isTruncated: Bool

  package init(outcome: Outcome<ClassifyValue>, tokenCount: Int = 0, isTruncated: Bool = false) {
    self.outcome = outcome
    self.tokenCount = tokenCount
    self.isTruncated = isTruncated
  }
}

extension ClassifyResult: ProtobufConvertible {
  typealias Raw = Millpond__V1__ClassifyResult
  static let messageName: StaticString = "ClassifyResult"
  static var initializeRaw: Initialize<Raw> { millpond__v1__classify_result__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__classify_result__unpack }

  init(raw: borrowing Raw) throws(WireError) {
    switch raw.outcome_case {
    case MILLPOND__V1__CLASSIFY_RESULT__OUTCOME_VALUES:
      outcome = .value(.labels(raw.values.array))
    case MILLPOND__V1__CLASSIFY_RESULT__OUTCOME_TOKEN_VALUES:
      outcome = .value(.tokens(try value(raw.token_values) ?? TokenRows(values: [], rows: 0)))
    case MILLPOND__V1__CLASSIFY_RESULT__OUTCOME_ERROR: outcome = .error(try value(raw.error) ?? .ok)
    default: throw WireError(.malformed, "ClassifyResult has neither value nor error")
    }
    tokenCount = Int(raw.tokens)
    isTruncated = raw.truncated != 0
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    switch outcome {
    case .value(.labels(let bytes)):
      raw.outcome_case = MILLPOND__V1__CLASSIFY_RESULT__OUTCOME_VALUES
      raw.values = builder.bytes(bytes)
    case .value(.tokens(let rows)):
      raw.outcome_case = MILLPOND__V1__CLASSIFY_RESULT__OUTCOME_TOKEN_VALUES
      raw.token_values = builder.message(rows)
    case .error(let status):
      raw.outcome_case = MILLPOND__V1__CLASSIFY_RESULT__OUTCOME_ERROR
      raw.error = builder.message(status)
    }
    raw.tokens = UInt32(clamping: tokenCount)
    raw.truncated = isTruncated ? 1 : 0
  }
}

/// The body of a Classify answer's frame.
package struct ClassifyResponse: Sendable, Equatable {
  package var results: [ClassifyResult]
  /// In label-id order.
  package var labels: [String]

  package init(results: [ClassifyResult], labels: [String]) {
    self.results = results
    self.labels = labels
  }

  /// - Throws: `.malformed`, `.tooLarge`.
  package init(decoding bytes: RawSpan) throws(WireError) { self = try Protobuf.decode(bytes) }

  package func encoded() -> [UInt8] { Protobuf.encode(self) }
}

extension ClassifyResponse: ProtobufConvertible {
  typealias Raw = Millpond__V1__ClassifyResponse
  static let messageName: StaticString = "ClassifyResponse"
  static var initializeRaw: Initialize<Raw> { millpond__v1__classify_response__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__classify_response__unpack }

  init(raw: borrowing Raw) throws(WireError) {
    results = try values(raw.results, raw.n_results)
    labels = try strings(raw.labels, raw.n_labels, "ClassifyResponse.labels")
    for case .value(let value) in results.lazy.map(\.outcome) {
      try value.check(labelCount: labels.count)
    }
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    raw.n_results = results.count
    raw.results = builder.messages(results)
    raw.n_labels = labels.count
    raw.labels = builder.strings(labels)
  }
}
