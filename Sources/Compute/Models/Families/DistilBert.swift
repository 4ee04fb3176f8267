internal import Kernels
internal import ModelFiles

extension StackSettings {
  /// DistilBERT: BERT without segments.
  ///
  /// Source: transformers' `modeling_distilbert.py`.
  static func distilBert(_ config: ConfigFile) throws(ModelError) -> StackSettings {
    let reader = ConfigReader(config: config)
    // Sinusoidal positions are stored in the file as well.
    var settings = try StackSettings(
      encoder: reader, epsilon: 1e-12,
      activation: reader.activation("activation", "hidden_act", fallback: "gelu"),
      hidden: ["dim", "hidden_size"], heads: ["n_heads", "num_attention_heads"],
      layers: ["n_layers", "num_hidden_layers"], intermediate: ["hidden_dim"])
    settings.headActivation = .relu
    return settings
  }
}
