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

/// A text as a vector, or in another form that the call asked for.
public struct Embedding: Sendable, Hashable {
  /// The forms.
  public enum Value: Sendable, Hashable {
    /// As many components as the model or the call says.
    case vector([Float])
    /// A vector for each token that the model keeps.
    case tokens(TokenRows)
    /// A weight for each id of the vocabulary that has one.
    case sparse(SparseVector)
  }

  /// In the form of ``EmbedOptions/output``.
  public var value: Value
  /// Special tokens included.
  public var tokenCount: Int
  /// Whether tokens were dropped to meet the limit.
  public var isTruncated: Bool

  /// The vector. Empty where the call asked for another form.
  public var vector: [Float] {
    if case .vector(let vector) = value { vector } else { [] }
  }
}

/// Numbers for each token of a text, or for each step of it, in the order of the text.
public struct TokenRows: Sendable, Hashable {
  /// Row after row.
  public var values: [Float]
  /// Rows. A text may have none.
  public var rowCount: Int

  /// Numbers in a row; 0 where there is none.
  public var columnCount: Int { rowCount == 0 ? 0 : values.count / rowCount }

  /// The numbers of one token or step; `row` is in `0..<rowCount`.
  public subscript(row: Int) -> ArraySlice<Float> {
    values[row * columnCount..<(row + 1) * columnCount]
  }
}

/// What of the vocabulary a text is about.
public struct SparseVector: Sendable, Hashable {
  /// Ids of the vocabulary, ascending.
  public var ids: [UInt32]
  /// One above 0 for each id.
  public var weights: [Float]
}

/// A text, or each token or step of it, as a value for each label.
public struct Classification: Sendable, Hashable {
  /// Of what there are values.
  public enum Value: Sendable, Hashable {
    /// Of the whole text: one for each label.
    case text([Float])
    /// Of each token or step, as the model says: a row of one for each label.
    case tokens(TokenRows)
  }

  /// In label-id order.
  public var labels: [String]
  /// Probabilities, or logits if raw values were asked for, in label-id order.
  public var value: Value
  /// Special tokens included.
  public var tokenCount: Int
  /// Whether tokens were dropped to meet the limit.
  public var isTruncated: Bool

  /// The values of the whole text. Empty for a model that classifies tokens or steps.
  public var values: [Float] {
    if case .text(let values) = value { values } else { [] }
  }

  /// The label with the largest value; the first of equals. Empty for a model that classifies
  /// tokens or steps.
  public var label: String { label(of: values[...]) }

  /// The label with the largest value for each token or step. Empty for a model that classifies
  /// whole texts.
  public var tokenLabels: [String] {
    guard case .tokens(let rows) = value else { return [] }
    return (0..<rows.rowCount).map { label(of: rows[$0]) }
  }

  private func label(of values: ArraySlice<Float>) -> String {
    guard var best = values.indices.first else { return "" }
    for index in values.indices where values[index] > values[best] { best = index }
    let label = best - values.startIndex
    return labels.indices.contains(label) ? labels[label] : ""
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
