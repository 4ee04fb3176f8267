internal import Kernels
internal import ModelFiles

extension StackSettings {
  /// NomicBERT: BERT with rotary positions and a gated feed-forward part; its second version has a
  /// plain one and, in every other layer, experts.
  ///
  /// Source: transformers' `modeling_nomic_bert.py`; names and keys of nomic-ai's own code,
  /// `modeling_hf_nomic_bert.py` of nomic-bert-2048. Of the experts transformers knows nothing: as
  /// vLLM's `NomicMoE` (`bert_with_rope.py`) and llama.cpp's `nomic-bert-moe` compute them.
  static func nomicBert(_ config: ConfigFile) throws(ModelError) -> StackSettings {
    let reader = ConfigReader(config: config)
    try reader.refuse("prenorm", "rotary_emb_interleaved", "use_rms_norm", "parallel_block")
    for key in ["rotary_emb_scale_base", "rotary_scaling_factor"] {
      let value = try reader.number(key, fallback: 0)
      guard value == 0 else {
        throw ModelError(config.error(.unsupported, key, "is \(value), which is not supported"))
      }
    }
    let key = config["activation_function"] == nil ? "hidden_act" : "activation_function"
    let activation = try reader.activation(key, fallback: "silu")
    // What has no gate says so by nomic-ai's own key.
    let isGated = try isGated(config, activation, key)
    var settings = try StackSettings(
      encoder: reader,
      epsilon: reader.epsilon("layer_norm_epsilon", "layer_norm_eps", fallback: 1e-12),
      activation: activation, hidden: ["n_embd", "hidden_size"],
      heads: ["n_head", "num_attention_heads"], layers: ["n_layer", "num_hidden_layers"],
      intermediate: ["n_inner", "intermediate_size"],
      positions: ["n_positions", "max_position_embeddings"])
    settings.gate = isGated ? .first : .none
    settings.experts = try experts(reader, isGated: isGated)
    settings.segmentCount = max(1, try reader.count(["type_vocab_size"], fallback: 0))
    let rotary = try reader.rotary(
      headSize: settings.headSize,
      .init(bases: ["rotary_emb_base"], shares: ["rotary_emb_fraction"]), fallback: 1_000)
    for index in settings.layers.indices { settings.layers[index].rotary = rotary }
    return settings
  }

  private static func isGated(
    _ config: ConfigFile, _ activation: ElementFunction, _ key: String
  ) throws(ModelError) -> Bool {
    let name = try reading { () throws(ModelFilesError) in try config.string(key) }
    if key == "activation_function", name != "swiglu" {
      guard [.gelu, .geluTanh].contains(activation) else {
        throw ModelError(
          config.error(
            .unsupported, key, "is \((name ?? "").quotedForMessage); swiglu and gelu are supported")
        )
      }
      return false
    }
    guard activation == .silu else {
      throw ModelError(config.error(.unsupported, key, "is not silu, which is supported"))
    }
    return true
  }

  private static func experts(
    _ reader: ConfigReader, isGated: Bool
  ) throws(ModelError) -> Experts? {
    let config = reader.config
    guard try reader.count(["moe_every_n_layers"], fallback: 0) > 0 else { return nil }
    guard !isGated else {
      throw ModelError(
        config.error(
          .unsupported, "moe_every_n_layers", "is not 0, but experts with a gate are not supported")
      )
    }
    try reader.refuse("expert_choice_router")
    guard try reader.count(["num_shared_experts"], fallback: 0) == 0 else {
      throw ModelError(
        config.error(.unsupported, "num_shared_experts", "is not 0, which only is supported"))
    }
    try reader.refuse("moe_normalize_expert_weights")
    let count = try reader.size(["num_experts"])
    let chosen = try reader.size(["moe_top_k"])
    guard count <= 1024, chosen <= count else {
      throw ModelError(
        config.error(
          .malformed, "moe_top_k", "is \(chosen) of \(count) experts (num_experts, at most 1024)"))
    }
    return Experts(count: count, chosenCount: chosen)
  }
}
