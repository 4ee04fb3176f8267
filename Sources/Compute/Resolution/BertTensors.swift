/// The names under which a file stores the tensors of a BERT, in either spelling of either age:
/// with or without `bert.` in front, norms as `weight` and `bias` or as `gamma` and `beta`.
///
/// Shapes are as transformers' `modeling_bert.py` makes them, `[out, in]` for linear weights.
package struct BertTensors: Sendable, Equatable {
  /// A linear map or a layer norm: two tensors.
  package struct Affine: Sendable, Equatable {
    /// Weight of a map, `[out, in]`; scale of a norm, `[hidden]`.
    package var weight: String
    /// Bias, `[out]`.
    package var bias: String
  }

  /// One encoder layer.
  package struct Layer: Sendable, Equatable {
    /// `[hidden, hidden]`.
    package var query: Affine
    /// `[hidden, hidden]`.
    package var key: Affine
    /// `[hidden, hidden]`.
    package var value: Affine
    /// `[hidden, hidden]`.
    package var attentionOutput: Affine
    /// After attention.
    package var attentionNorm: Affine
    /// `[intermediate, hidden]`.
    package var intermediate: Affine
    /// `[hidden, intermediate]`.
    package var output: Affine
    /// After the feed-forward part.
    package var outputNorm: Affine
  }

  /// `[vocabulary, hidden]`.
  package var wordEmbeddings: String
  /// `[positions, hidden]`.
  package var positionEmbeddings: String
  /// `[types, hidden]`.
  package var tokenTypeEmbeddings: String
  /// After the sum of the three.
  package var embeddingNorm: Affine
  /// The encoder, in order.
  package var layers: [Layer]
  /// `[hidden, hidden]`, before tanh; nil where the task does not use it.
  package var pooler: Affine?
  /// `[labels, hidden]`; nil where the task does not use it.
  package var classifier: Affine?

  /// Finds the names of all tensors that the task uses, taking them from `table`.
  ///
  /// Throws `.missing` naming the first that is not there.
  init(_ table: inout TensorTable, layerCount: Int, task: Task) throws(ResolutionError) {
    let prefix = Self.prefix(table)
    wordEmbeddings = try table.take(prefix + "embeddings.word_embeddings.weight")
    positionEmbeddings = try table.take(prefix + "embeddings.position_embeddings.weight")
    tokenTypeEmbeddings = try table.take(prefix + "embeddings.token_type_embeddings.weight")
    embeddingNorm = try Self.norm(&table, prefix + "embeddings.LayerNorm")
    layers = []
    for index in 0..<layerCount {
      layers.append(try Layer(&table, prefix + "encoder.layer.\(index)."))
    }
    if task == .classify {
      pooler = try Self.affine(&table, prefix + "pooler.dense")
      classifier = try Self.affine(&table, "classifier")
    }
  }

  fileprivate static func affine(
    _ table: inout TensorTable, _ name: String
  ) throws(ResolutionError) -> Affine {
    Affine(weight: try table.take(name + ".weight"), bias: try table.take(name + ".bias"))
  }

  fileprivate static func norm(
    _ table: inout TensorTable, _ name: String
  ) throws(ResolutionError) -> Affine {
    Affine(
      weight: try table.take(name + ".weight", or: name + ".gamma"),
      bias: try table.take(name + ".bias", or: name + ".beta"))
  }

  private static func prefix(_ table: TensorTable) -> String {
    table.contains("bert.embeddings.word_embeddings.weight") ? "bert." : ""
  }

  /// Whether a tensor that the task does not use is one that checkpoints of this family have: the
  /// position buffers that old versions stored, and the heads of other tasks.
  static func isKnownExtra(_ name: String, in table: TensorTable) -> Bool {
    let prefix = prefix(table)
    let inBackbone = [
      "embeddings.position_ids", "embeddings.token_type_ids", "pooler.dense.weight",
      "pooler.dense.bias",
    ]
    let heads = [
      "classifier.weight", "classifier.bias", "cls.predictions.bias",
      "cls.predictions.decoder.weight", "cls.predictions.decoder.bias",
      "cls.predictions.transform.dense.weight", "cls.predictions.transform.dense.bias",
      "cls.predictions.transform.LayerNorm.weight", "cls.predictions.transform.LayerNorm.bias",
      "cls.predictions.transform.LayerNorm.gamma", "cls.predictions.transform.LayerNorm.beta",
      "cls.seq_relationship.weight", "cls.seq_relationship.bias",
    ]
    return heads.contains(name) || inBackbone.contains { prefix + $0 == name }
  }
}

extension BertTensors.Layer {
  fileprivate init(_ table: inout TensorTable, _ prefix: String) throws(ResolutionError) {
    query = try BertTensors.affine(&table, prefix + "attention.self.query")
    key = try BertTensors.affine(&table, prefix + "attention.self.key")
    value = try BertTensors.affine(&table, prefix + "attention.self.value")
    attentionOutput = try BertTensors.affine(&table, prefix + "attention.output.dense")
    attentionNorm = try BertTensors.norm(&table, prefix + "attention.output.LayerNorm")
    intermediate = try BertTensors.affine(&table, prefix + "intermediate.dense")
    output = try BertTensors.affine(&table, prefix + "output.dense")
    outputNorm = try BertTensors.norm(&table, prefix + "output.LayerNorm")
  }
}
