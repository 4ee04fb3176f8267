internal import Kernels
internal import ModelFiles

extension StackSettings {
  /// What encoders after BERT's pattern have in common: norms with mean and shift, full attention,
  /// one activated map. `keys` are other spellings of the usual keys.
  init(
    encoder reader: ConfigReader, epsilon: Float, activation: ElementFunction,
    hidden: [String] = ["hidden_size"], heads: [String] = ["num_attention_heads"],
    layers: [String] = ["num_hidden_layers"], intermediate: [String] = ["intermediate_size"],
    positions: [String] = ["max_position_embeddings"]
  ) throws(ModelError) {
    hiddenSize = try reader.size(hidden)
    headCount = try reader.size(heads)
    keyHeadCount = headCount
    headSize = try reader.headSize(hidden: hiddenSize, heads: headCount, key: heads[0])
    intermediateSize = try reader.size(intermediate)
    vocabularySize = try reader.count(["vocab_size"])
    positionCount = try reader.size(positions)
    embeddingSize = hiddenSize
    self.epsilon = epsilon
    self.activation = activation
    scale = 1 / Float(headSize).squareRoot()
    let kind = LayerKind(window: .all, rotary: nil)
    self.layers = Array(repeating: kind, count: try reader.size(layers))
  }
}
