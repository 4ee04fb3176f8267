internal import Kernels
internal import ModelFiles

extension StackSettings {
  /// GTE-new, Alibaba-NLP's `NewModel`: BERT with rotary positions and a gated feed-forward part
  /// whose one map has up before gate.
  ///
  /// Source: transformers' `modeling_gte.py`; names and keys of Alibaba-NLP's own code.
  static func gte(_ config: ConfigFile) throws(ModelError) -> StackSettings {
    let reader = ConfigReader(config: config)
    try reader.refuse("logn_attention_scale", "logn_attention_clip1")
    try reader.refuse("pack_qkv", unless: true)
    let type = try reading { () throws(ModelFilesError) in
      try config.string("layer_norm_type") ?? "layer_norm"
    }
    guard type == "layer_norm" else {
      throw ModelError(
        config.error(
          .unsupported, "layer_norm_type",
          "is \(type.quotedForMessage); only 'layer_norm' is supported"))
    }
    let positions = try reading { () throws(ModelFilesError) in
      try config.string("position_embedding_type") ?? "rope"
    }
    guard positions == "rope" else {
      throw ModelError(
        config.error(
          .unsupported, "position_embedding_type",
          "is \(positions.quotedForMessage); only 'rope' is supported"))
    }
    var settings = try StackSettings(
      encoder: reader, epsilon: reader.epsilon("layer_norm_eps", fallback: 1e-12),
      activation: reader.activation("hidden_act", fallback: "gelu"))
    settings.gate = .second
    settings.segmentCount = max(1, try reader.count(["type_vocab_size"], fallback: 0))
    let rotary = try reader.rotary(
      headSize: settings.headSize, .init(knowsNTK: true), fallback: 160_000)
    for index in settings.layers.indices { settings.layers[index].rotary = rotary }
    return settings
  }
}
