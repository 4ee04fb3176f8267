internal import ModelFiles

extension StackSettings {
  /// RoBERTa, XLM-RoBERTa and CamemBERT: BERT whose positions begin behind the padding token's id.
  ///
  /// Source: transformers' `modeling_roberta.py`, without padding in the input.
  static func roberta(_ config: ConfigFile) throws(ModelError) -> StackSettings {
    let reader = ConfigReader(config: config)
    try reader.refuse("is_decoder", "add_cross_attention")
    try reader.requireAbsolutePositions()
    var settings = try StackSettings(
      encoder: reader, epsilon: reader.epsilon("layer_norm_eps", fallback: 1e-12),
      activation: reader.activation("hidden_act", fallback: "gelu"))
    settings.segmentCount = try reader.size(["type_vocab_size"], fallback: 2)
    settings.firstPosition = try reader.count(["pad_token_id"], fallback: 1) + 1
    settings.positionCount -= settings.firstPosition
    try reader.requirePositions(settings)
    return settings
  }
}
