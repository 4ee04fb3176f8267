internal import ModelFiles

extension StackSettings {
  /// ALBERT: ELECTRA's embeddings, and one layer's weights for all layers.
  ///
  /// Source: transformers' `modeling_albert.py`.
  static func albert(_ config: ConfigFile) throws(ModelError) -> StackSettings {
    let reader = ConfigReader(config: config)
    try reader.requireAbsolutePositions()
    for key in ["num_hidden_groups", "inner_group_num"] {
      let count = try reader.size([key], fallback: 1)
      guard count == 1 else {
        throw ModelError(config.error(.unsupported, key, "is \(count); only 1 is supported"))
      }
    }
    var settings = try StackSettings(
      encoder: reader, epsilon: reader.epsilon("layer_norm_eps", fallback: 1e-12),
      activation: reader.activation("hidden_act", fallback: "gelu_new"))
    settings.segmentCount = try reader.size(["type_vocab_size"], fallback: 2)
    settings.embeddingSize = try reader.size(["embedding_size"], fallback: 128)
    return settings
  }
}
