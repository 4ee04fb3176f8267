/// The names under which a file stores the tensors of a transformer, by what they do; which of
/// them exist, and what they are joined to, is up to the family.
///
/// Shapes are `[out, in]` for linear maps and `[columns]` for norms and biases.
package struct StackTensors: Sendable, Equatable {
  /// A linear map or a norm: a weight, and a bias where the model has one.
  package struct Affine: Sendable, Equatable {
    /// Weight of a map, or scale of a norm.
    package var weight: String
    /// Bias, nil where there is none.
    package var bias: String?

    package init(weight: String, bias: String?) {
      self.weight = weight
      self.bias = bias
    }
  }

  /// One layer.
  package struct Layer: Sendable, Equatable {
    /// Before attention.
    package var attentionNorm: Affine?
    /// Query, key and value, or one map with all three in this order.
    package var projections: [Affine]
    /// Of each head's query.
    package var queryNorm: Affine?
    /// Of each head's key.
    package var keyNorm: Affine?
    /// Of the distance vectors, for queries to meet; nil where that of keys does it.
    package var distanceKey: Affine?
    /// Of the distance vectors, for keys to meet; nil where that of queries does it.
    package var distanceQuery: Affine?
    /// After the heads are joined.
    package var attentionOutput: Affine
    /// After that, with the residual or before it.
    package var attentionOutputNorm: Affine?
    /// Before the feed-forward part.
    package var feedForwardNorm: Affine?
    /// Chooses experts; nil for a layer without. `feedForward` is then one tensor with the maps of
    /// all experts one below another, and so is `feedForwardOutput`, stored `[in, out]`, whose bias
    /// is added once.
    package var router: Affine? = nil
    /// One map, or gate and up, or one map with both.
    package var feedForward: [Affine]
    /// Back to the hidden size.
    package var feedForwardOutput: Affine
    /// After that, with the residual or before it.
    package var feedForwardOutputNorm: Affine?
  }

  /// `[vocabulary, columns]`.
  package var words: String
  /// `[positions, columns]`.
  package var positions: String?
  /// `[types, columns]`.
  package var types: String?
  /// After the sum.
  package var embeddingNorm: Affine?
  /// From the columns of the embeddings to the hidden size.
  package var embeddingProjection: Affine?
  /// Numbers or vectors for the distance of two tokens.
  package var distances: String?
  /// Of the distance vectors.
  package var distanceNorm: Affine?
  /// Convolution beside the first layer.
  package var convolution: Affine? = nil
  /// After the sum of both.
  package var convolutionNorm: Affine? = nil
  /// In order; a layer whose weights are shared stands here several times.
  package var layers: [Layer]
  /// After the last layer.
  package var finalNorm: Affine?
  /// The maps of a classification head in order, the classifier last; empty for an embedding.
  package var head: [Affine]
  /// Before the classifier.
  package var headNorm: Affine?
  /// `[vocabulary, hidden]`, where a head is made of its rows.
  package var languageHead: String? = nil
}
