internal import Kernels
internal import ModelFiles

extension StackSettings {
  /// ELECTRA: BERT with embeddings of another width that are projected.
  ///
  /// Source: transformers' `modeling_electra.py`.
  static func electra(_ config: ConfigFile) throws(ModelError) -> StackSettings {
    let reader = ConfigReader(config: config)
    try reader.refuse("is_decoder", "add_cross_attention")
    try reader.requireAbsolutePositions()
    var settings = try StackSettings(
      encoder: reader, epsilon: reader.epsilon("layer_norm_eps", fallback: 1e-12),
      activation: reader.activation("hidden_act", fallback: "gelu"))
    settings.segmentCount = try reader.size(["type_vocab_size"], fallback: 2)
    settings.embeddingSize = try reader.size(["embedding_size"], fallback: 128)
    settings.headActivation = .gelu
    return settings
  }
}
