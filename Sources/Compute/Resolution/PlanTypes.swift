/// The code and tensor names that serve a group of architectures.
package enum ModelFamily: String, Sendable, CaseIterable {
  /// BERT with absolute positions, `modeling_bert.py` of transformers.
  case bert
}

/// What a loaded model answers.
package enum Task: String, Sendable, CaseIterable {
  /// One vector for each input.
  case embed
  /// One row of logits for each input.
  case classify
}

/// What is done to the class that the configuration names, so that it does the task.
package enum Conversion: String, Sendable, CaseIterable {
  /// The class does the task itself.
  case none
  /// The head is left off and the pooled hidden state given out.
  case embedding
  /// A classification head is put on.
  case sequenceClassification = "sequence-classification"
  /// The head gives a reward.
  case reward
}

/// How the hidden states of an input's tokens become one.
package enum Pooling: String, Sendable, CaseIterable {
  /// That of the first token.
  case cls
  /// The mean of all, special tokens included.
  case mean
}

/// The function from logits to what Classify and Score answer.
package enum Activation: String, Sendable, CaseIterable {
  /// The logits themselves.
  case identity
  /// Each on its own, 1 / (1 + e⁻ˣ).
  case sigmoid
  /// Over all labels of an input; the sum is 1.
  case softmax
}

/// What Score means for a model.
package enum ScoreType: String, Sendable, CaseIterable {
  /// The cosine of two embeddings.
  case cosine
  /// The one activated output for the pair.
  case crossEncoder = "cross-encoder"
  /// The sum of each query token's best cosine over the document's tokens.
  case lateInteraction = "late-interaction"
  /// Score is refused.
  case none
}

/// What the operator asks for instead of what the directory says. nil leaves it to the directory.
package struct Overrides: Sendable, Equatable {
  /// The task.
  package var task: Task?
  /// The pooling of an embedding.
  package var pooling: Pooling?
  /// A token limit below that of the directory; special tokens included.
  package var maxTokens: Int?

  /// Makes overrides; without arguments there are none.
  package init(task: Task? = nil, pooling: Pooling? = nil, maxTokens: Int? = nil) {
    self.task = task
    self.pooling = pooling
    self.maxTokens = maxTokens
  }
}

/// The prompts of sentence-transformers, put before a text word for word.
package struct Prompts: Sendable, Equatable {
  /// The texts by name, UTF-8.
  package var texts: [String: [UInt8]] = [:]
  /// The name of the prompt that is used unless a call says otherwise; always one of `texts`.
  package var defaultName: String?
}

/// What the tokenizer file does to a text before it is cut into words; for display.
package struct TokenizerOptions: Sendable, Equatable {
  /// Whether the tokenizer lower-cases.
  package var lowercases: Bool
}
