internal import ModelFiles

/// What a model gives for an input of Embed.
package enum EmbeddingOutput: String, Sendable, CaseIterable {
  /// One vector.
  case vector
  /// A vector for each token.
  case tokens
  /// A weight for each id of the vocabulary that has one.
  case sparse
}

/// How ColBERT treats texts: what it puts into queries and documents, and which of their tokens
/// count. Follows PyLate, which agrees with Stanford's ColBERT.
package struct LateInteraction: Sendable, Equatable {
  /// A text as a query, or as a document.
  package struct Role: Sendable, Equatable {
    /// The token that marks the role, put behind the first token; nil for none.
    package var markerID: Int32?
    /// The marker as it is spelled, for display.
    package var marker: [UInt8]
    /// Put before the text, UTF-8.
    package var prompt: [UInt8]
    /// Most tokens, the marker and special tokens included.
    package var lengthMax: Int
  }

  /// How queries are filled up to their length.
  package struct Expansion: Sendable, Equatable {
    /// The token to fill up with: that of a mask.
    package var id: Int32
    /// Whether other tokens see it; by default it only sees them.
    package var isSeen: Bool
  }

  /// A text that is searched for.
  package var query: Role
  /// A text that is found.
  package var document: Role
  /// nil: queries keep their length.
  package var expansion: Expansion?
  /// Tokens of documents whose vectors are left out (punctuation), ascending.
  package var skippedIDs: [Int32]
}

/// How sparse weights come about.
package enum SparseHead: Sendable, Equatable {
  /// SPLADE: of the language model's logits the greatest over the tokens, log(1 + max(x, 0)), the
  /// logarithm as often as this.
  case languageModel(logarithms: Int)
  /// bge-m3: a weight max(x, 0) for each token, of which an id gets the greatest. Special tokens,
  /// ascending, have none.
  case tokenWeights(specialIDs: [Int32])
}

/// For which tokens a token classifier answers.
package enum TokenRows: Sendable, Equatable {
  /// Every token.
  case all
  /// Those with this id: the ends of the steps that a process reward model judges.
  case step(id: Int32, spelling: String)
}

/// A linear map of token vectors, and what follows it.
package struct TokenMap: Sendable, Equatable {
  /// A layer norm.
  package struct Norm: Sendable, Equatable {
    /// Scale and shift, `[out]`; nil: no shift.
    package var weight: String
    package var bias: String?
    /// Added to the variance.
    package var epsilon: Double
  }

  /// `[outFeatures, inFeatures]`.
  package var weight: String
  /// `[outFeatures]`, nil for none.
  package var bias: String?
  /// Width of the vectors that it takes.
  package var inFeatures: Int
  /// Width of the vectors that it gives.
  package var outFeatures: Int
  /// What is done to its sums.
  package var function: DenseModule.Function = .identity
  /// After that; nil for none.
  package var norm: Norm? = nil
  /// The PyTorch file with both tensors; nil: they lie among the model's weights.
  package var file: String? = nil

  /// A map with these tensors, without a norm.
  package init(
    weight: String, bias: String?, inFeatures: Int, outFeatures: Int,
    function: DenseModule.Function = .identity
  ) {
    self.weight = weight
    self.bias = bias
    self.inFeatures = inFeatures
    self.outFeatures = outFeatures
    self.function = function
  }
}

/// Maps of token vectors whose weights lie among the model's.
package struct TokenTensors: Sendable, Equatable {
  /// From hidden states to token vectors or to logits of labels; empty: the hidden states.
  package var maps: [TokenMap] = []
  /// From hidden states to the weights of a sparse output; empty for none.
  package var sparse: [TokenMap] = []
}

/// What Embed can be asked for; the first is the default. Empty for a classifier.
struct OutputList: FactValue {
  var list: [EmbeddingOutput]

  var factText: String {
    list.isEmpty ? "none" : list.map(\.rawValue).joined(separator: ", ")
  }
}

/// How ColBERT treats texts, or nothing.
struct InteractionChoice: FactValue {
  var settings: LateInteraction? = nil

  var factText: String {
    guard let settings else { return "none" }
    func text(_ role: LateInteraction.Role) -> String {
      "\(String(decoding: role.marker, as: UTF8.self).quotedForMessage) up to \(role.lengthMax)"
    }
    var parts = ["queries \(text(settings.query))"]
    if let expansion = settings.expansion {
      parts[0] += ", filled up with \(expansion.id)\(expansion.isSeen ? ", seen" : "")"
    }
    parts.append("documents \(text(settings.document))")
    parts.append("\(settings.skippedIDs.count) tokens left out")
    return parts.joined(separator: "; ")
  }
}

/// How sparse weights come about, or nothing.
struct SparseChoice: FactValue {
  var head: SparseHead? = nil

  var factText: String {
    switch head {
    case nil: "none"
    case .languageModel(let logarithms):
      "greatest logit of each id, \(logarithms == 1 ? "" : "twice ")log(1 + x)"
    case .tokenWeights: "greatest weight of each id's tokens"
    }
  }
}

extension TokenRows: FactValue {
  var factText: String {
    switch self {
    case .all: "every token"
    case .step(let id, let spelling): "tokens \(spelling.quotedForMessage) (\(id))"
    }
  }
}

extension FactKey where Value == OutputList {
  static var outputs: Self { Self(fact: .outputs) }
}

extension FactKey where Value == InteractionChoice {
  static var interaction: Self { Self(fact: .interaction) }
}

extension FactKey where Value == SparseChoice {
  static var sparse: Self { Self(fact: .sparse) }
}

extension FactKey where Value == TokenRows {
  static var tokenRows: Self { Self(fact: .tokenRows) }
}
