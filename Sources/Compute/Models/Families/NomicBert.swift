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
    var rotary = try reader.rotary(
      headSize: settings.headSize, bases: ["rotary_emb_base"], fallback: 1_000)
    let share = try reader.number("rotary_emb_fraction", fallback: 1)
    rotary.width = (0...1).contains(share) ? Int(Double(rotary.width) * share) : 0
    guard rotary.width > 0, rotary.width % 2 == 0, rotary.width <= settings.headSize else {
      throw ModelError(
        config.error(.unsupported, "rotary_emb_fraction", "is \(share), which is not supported"))
    }
    for index in settings.layers.indices { settings.layers[index].rotary = rotary }
    return settings
  }
}
