/// The answer of a call: a value or an error for each input, in input order.
public struct Answer<Value: Sendable>: Sendable {
  /// One for each input, in input order.
  public var results: [Result<Value, MillpondError>]
  /// `<model>-<numerics>`: changes exactly when results may change.
  public var fingerprint: String
  /// Where the time went.
  public var timings: ServerTimings

  /// The values, or the first input's error.
  public func values() throws(MillpondError) -> [Value] {
    var values: [Value] = []
    values.reserveCapacity(results.count)
    for result in results { values.append(try result.get()) }
    return values
  }
}

/// Where a call's time went, as the server saw it.
public struct ServerTimings: Sendable, Hashable {
  /// Until a thread took the first input.
  public var queue: Duration
  /// Thread time on tokenising.
  public var tokenize: Duration
  /// Thread time on computing.
  public var compute: Duration
  /// From the call's arrival to its answer.
  public var total: Duration
}

/// A text as a vector.
public struct Embedding: Sendable, Hashable {
  /// As many components as the model or the call says.
  public var vector: [Float]
  /// Special tokens included.
  public var tokenCount: Int
  /// Whether tokens were dropped to meet the limit.
  public var isTruncated: Bool
}

/// A text as a value for each label.
public struct Classification: Sendable, Hashable {
  /// In label-id order.
  public var labels: [String]
  /// Probabilities, or logits if raw values were asked for, in label-id order.
  public var values: [Float]
  /// Special tokens included.
  public var tokenCount: Int
  /// Whether tokens were dropped to meet the limit.
  public var isTruncated: Bool

  /// The label with the largest value; the first of equals.
  public var label: String {
    var best = 0
    for index in values.indices where values[index] > values[best] { best = index }
    return labels.indices.contains(best) ? labels[best] : ""
  }
}

/// How well a document answers a query.
public struct Score: Sendable, Hashable {
  /// Higher is better; the range is the model's.
  public var value: Float
  /// Special tokens included; on an embedding model of query and document together.
  public var tokenCount: Int
  /// Whether tokens were dropped to meet the limit.
  public var isTruncated: Bool
}

/// A text as token ids, special ones included.
public struct Tokenization: Sendable, Hashable {
  /// In the order of the text.
  public var ids: [UInt32]
  /// As spelled in the vocabulary.
  public var spellings: [[UInt8]]
  /// Whether tokens were dropped to meet the limit.
  public var isTruncated: Bool
}
