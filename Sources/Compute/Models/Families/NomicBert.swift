internal import Kernels
internal import ModelFiles

extension StackSettings {
  /// NomicBERT: BERT with rotary positions and a gated feed-forward part.
  ///
  /// Source: transformers' `modeling_nomic_bert.py`; names and keys of nomic-ai's own code.
  static func nomicBert(_ config: ConfigFile) throws(ModelError) -> StackSettings {
    let reader = ConfigReader(config: config)
    try reader.refuse("prenorm", "rotary_emb_interleaved", "use_rms_norm", "parallel_block")
    for key in ["rotary_emb_scale_base", "rotary_scaling_factor", "moe_every_n_layers"] {
      let value = try reader.number(key, fallback: 0)
      guard value == 0 else {
        throw ModelError(config.error(.unsupported, key, "is \(value), which is not supported"))
      }
    }
    // "gelu" would be a feed-forward part without a gate, with other tensors.
    let key = config["activation_function"] == nil ? "hidden_act" : "activation_function"
    let activation = try reader.activation(key, fallback: "silu")
    guard activation == .silu else {
      throw ModelError(config.error(.unsupported, key, "is not swiglu, which is supported"))
    }
    var settings = try StackSettings(
      encoder: reader,
      epsilon: reader.epsilon("layer_norm_epsilon", "layer_norm_eps", fallback: 1e-12),
      activation: activation, hidden: ["n_embd", "hidden_size"],
      heads: ["n_head", "num_attention_heads"], layers: ["n_layer", "num_hidden_layers"],
      intermediate: ["n_inner", "intermediate_size"],
      positions: ["n_positions", "max_position_embeddings"])
    settings.gate = .first
    settings.segmentCount = max(1, try reader.count(["type_vocab_size"], fallback: 0))
    let rotary = try reader.rotary(
      headSize: settings.headSize,
      .init(bases: ["rotary_emb_base"], shares: ["rotary_emb_fraction"]), fallback: 1_000)
    for index in settings.layers.indices { settings.layers[index].rotary = rotary }
    return settings
  }
}
