/// The code and tensor names that serve a group of architectures.
package enum ModelFamily: String, Sendable, CaseIterable {
  /// BERT with absolute positions, `modeling_bert.py` of transformers.
  case bert
  /// RoBERTa, XLM-RoBERTa and CamemBERT.
  case roberta
  case distilBert = "distilbert"
  case mpnet
  case electra
  case albert
  case modernBert = "modernbert"
  case nomicBert = "nomic-bert"
  /// Alibaba-NLP's `NewModel`.
  case gte
  /// DeBERTa, versions 2 and 3.
  case debertaV2 = "deberta-v2"
  case qwen2
  case qwen3
  case llama
  case mistral
  case gemma
  case gemma2
  /// The text model of Gemma 3, and EmbeddingGemma.
  case gemma3
  case phi3
  case gpt2
}

/// What a loaded model answers.
package enum Task: String, Sendable, CaseIterable {
  /// One vector for each input.
  case embed
  /// One row of logits for each input.
  case classify
  /// A vector for each token.
  case tokenEmbed = "token-embed"
  /// A row of logits for each token, or for some of them.
  case tokenClassify = "token-classify"
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
  /// The greatest value of each column.
  case max
  /// The sum of all, divided by the root of their number.
  case meanSqrt = "mean-sqrt"
  /// The mean in which the n-th token counts n times.
  case weightedMean = "weighted-mean"
  /// That of the last token.
  case last
}

/// A classification head made of rows of the language model's head.
package struct TokenHead: Sendable, Equatable {
  /// What is made of the rows.
  package enum Method: String, Sendable, CaseIterable {
    /// One label: the row of the second token (yes) less that of the first (no), so that the
    /// sigmoid of the logit is the softmax over both.
    case fromTwoWaySoftmax = "from_2_way_softmax"
    /// A label for each token.
    case noPostProcessing = "no_post_processing"
  }

  /// The tokens as they are spelled in the vocabulary.
  package var tokens: [String]
  /// Their ids, rows of the language model's head.
  package var ids: [Int]
  /// What is made of the rows.
  package var method: Method

  /// A head from its parts; `ids[i]` is that of `tokens[i]`.
  package init(tokens: [String], ids: [Int], method: Method) {
    self.tokens = tokens
    self.ids = ids
    self.method = method
  }
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
  /// The product of two sparse outputs.
  case sparse
  /// Score is refused.
  case none
}

/// The prompts of sentence-transformers, put before a text word for word.
package struct Prompts: Sendable, Equatable {
  /// The texts by name, UTF-8.
  package var texts: [String: [UInt8]] = [:]
  /// The name of the prompt that is used unless a call says otherwise; always one of `texts`.
  package var defaultName: String?
  /// Whether a prompt's tokens take part in the pooling.
  package var arePooled = true
}

/// What the tokenizer's files do to a text beside what the tokenizer itself reads of them.
package struct TokenizerOptions: Sendable, Equatable {
  /// Whether the tokenizer lower-cases; for display.
  package var lowercases: Bool
  /// Whether the second text of a pair is told from the first by its token types.
  package var givesTypes = true
}

/// A Dense module of sentence-transformers: a linear map after the pooling.
package struct DenseModule: Sendable, Equatable {
  /// What is done to its sums.
  package enum Function: String, Sendable, CaseIterable {
    case identity = "Identity"
    case tanh = "Tanh"
    case relu = "ReLU"
    case gelu = "GELU"
    case silu = "SiLU"
    case leakyReLU = "LeakyReLU"
    case sigmoid = "Sigmoid"
  }

  /// The folder with its files, in the model directory.
  package var path: String
  /// Width of the vectors that it takes.
  package var inFeatures: Int
  /// Width of the vectors that it gives.
  package var outFeatures: Int
  /// Whether it has a bias.
  package var hasBias: Bool
  /// What is done to its sums.
  package var function: Function
}

/// A LayerNorm module of sentence-transformers: PyTorch's, with its own scale and shift.
package struct VectorNorm: Sendable, Equatable {
  /// The folder with its file, in the model directory.
  package var path: String
  /// Width of the vectors.
  package var width: Int
  /// How many of the Dense modules stand before it.
  package var mapsBefore: Int
}
