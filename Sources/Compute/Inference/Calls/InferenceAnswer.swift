/// What the engine answers to a call.
package struct InferenceAnswer: Sendable {
  /// A slot for each input in input order, or the error of the whole call.
  package var outcome: Result<[InputResult], EngineError>
  /// Where the time went.
  package var timings: CallTimings

  /// An answer.
  package init(outcome: Result<[InputResult], EngineError>, timings: CallTimings) {
    self.outcome = outcome
    self.timings = timings
  }
}

/// Where a call's time went, in nanoseconds.
package struct CallTimings: Sendable, Equatable {
  /// From the call's arrival until a thread took its first input.
  package var queue: UInt64 = 0
  /// Thread time spent on tokenising its inputs, summed over threads.
  package var tokenize: UInt64 = 0
  /// Thread time spent on computing its inputs and comparing them, summed over threads; of a batch
  /// shared with other calls its share by predicted cost.
  package var compute: UInt64 = 0
  /// From the call's arrival until its answer.
  package var total: UInt64 = 0

  /// All zero.
  package init() {}
}

/// What one input came to.
package struct InputResult: Sendable {
  /// A value, or why there is none.
  package enum Value: Sendable, Equatable {
    /// An embedding `[dimensions]` f32. The slice shares the memory of its batch: copy it to keep
    /// it for long.
    case vector(ArraySlice<Float>)
    /// A probability for each label in label-id order `[labels]` f32, and the index of the largest.
    case probabilities(ArraySlice<Float>, label: Int)
    /// The same before the last activation.
    case logits(ArraySlice<Float>, label: Int)
    /// A vector for each token that the model keeps, in token order, `[rows, dimensions]` f32
    /// row-major. Shares memory as `vector` does.
    case tokenVectors(ArraySlice<Float>, rows: Int)
    /// A weight for each id of the vocabulary that has one: ids ascending, weights above 0.
    case sparse(ids: [Int32], weights: [Float])
    /// A probability for each label, for each token or for each step token, in token order,
    /// `[rows, labels]` f32 row-major.
    case tokenProbabilities(ArraySlice<Float>, rows: Int)
    /// The same before the last activation.
    case tokenLogits(ArraySlice<Float>, rows: Int)
    /// A score.
    case score(Float)
    /// Token ids, special tokens included, and their spellings in the vocabulary.
    case tokens(ids: [Int32], spellings: [[UInt8]])
    /// The error of this input; the others go on.
    case failure(EngineError)
  }

  /// A value, or why there is none. Every number in it is finite.
  package var value: Value
  /// Tokens that were computed, special tokens included; of query and document together where a
  /// score is a cosine; 0 on a failure.
  package var tokens: Int
  /// Whether the input was cut to the limit.
  package var truncated: Bool

  /// A result.
  package init(value: Value, tokens: Int, truncated: Bool) {
    self.value = value
    self.tokens = tokens
    self.truncated = truncated
  }

  /// A failed input.
  static func failed(_ error: EngineError) -> InputResult {
    InputResult(value: .failure(error), tokens: 0, truncated: false)
  }
}
