/// The names of the families that are decoders.
extension NameScheme {
  private static func decoder(
    projections: [Part], attentionOutput: Bias = .never, headNorms: Bool = false,
    feedForward: [Part] = [Part("mlp.gate_proj", .never), Part("mlp.up_proj", .never)],
    feedForwardOutput: Bias = .never, isSandwich: Bool = false
  ) -> NameScheme {
    var layer = Layer(
      attentionNorm: Part("input_layernorm", .never), projections: projections,
      attentionOutput: Part("self_attn.o_proj", attentionOutput),
      feedForwardNorm: Part("post_attention_layernorm", .never), feedForward: feedForward,
      feedForwardOutput: Part("mlp.down_proj", feedForwardOutput))
    if headNorms {
      layer.queryNorm = Part("self_attn.q_norm", .never)
      layer.keyNorm = Part("self_attn.k_norm", .never)
    }
    if isSandwich {
      layer.attentionOutputNorm = Part("post_attention_layernorm", .never)
      layer.feedForwardNorm = Part("pre_feedforward_layernorm", .never)
      layer.feedForwardOutputNorm = Part("post_feedforward_layernorm", .never)
    }
    return NameScheme(
      prefixes: ["", "model."], words: "embed_tokens", layerPrefix: "layers.#.", layer: layer,
      finalNorm: Part("norm", .never), head: [Part("score", .never)], extras: ["lm_head."])
  }

  private static func separate(_ bias: Bias) -> [Part] {
    [
      Part("self_attn.q_proj", bias), Part("self_attn.k_proj", bias),
      Part("self_attn.v_proj", bias),
    ]
  }

  private static let attentionBias = Bias.key("attention_bias", fallback: false)

  /// `modeling_qwen2.py`.
  static let qwen2 = decoder(projections: separate(.always))
  /// `modeling_qwen3.py`.
  static let qwen3 = decoder(
    projections: separate(attentionBias), attentionOutput: attentionBias, headNorms: true)
  /// `modeling_llama.py`.
  static let llama = decoder(
    projections: separate(attentionBias), attentionOutput: attentionBias,
    feedForward: [
      Part("mlp.gate_proj", .key("mlp_bias", fallback: false)),
      Part("mlp.up_proj", .key("mlp_bias", fallback: false)),
    ],
    feedForwardOutput: .key("mlp_bias", fallback: false))
  /// `modeling_mistral.py`.
  static let mistral = decoder(projections: separate(.never))
  /// `modeling_gemma.py`.
  static let gemma = decoder(
    projections: separate(attentionBias), attentionOutput: attentionBias)
  /// `modeling_gemma2.py`.
  static let gemma2 = decoder(
    projections: separate(attentionBias), attentionOutput: attentionBias, isSandwich: true)
  /// `modeling_gemma3.py`, the text model.
  static let gemma3 = decoder(
    projections: separate(attentionBias), attentionOutput: attentionBias, headNorms: true,
    isSandwich: true)
  /// `modeling_phi3.py`.
  static let phi3 = decoder(
    projections: [Part("self_attn.qkv_proj", .never)],
    feedForward: [Part("mlp.gate_up_proj", .never)])

  /// `modeling_gpt2.py`, whose maps are stored `[in, out]`.
  static let gpt2 = NameScheme(
    prefixes: ["", "transformer."], words: "wte", positions: "wpe", layerPrefix: "h.#.",
    layer: Layer(
      attentionNorm: Part("ln_1"), projections: [Part("attn.c_attn")],
      attentionOutput: Part("attn.c_proj"), feedForwardNorm: Part("ln_2"),
      feedForward: [Part("mlp.c_fc")], feedForwardOutput: Part("mlp.c_proj")),
    finalNorm: Part("ln_f"), head: [Part("score", .never)], extras: ["lm_head."],
    // Masks that old versions stored.
    extraEndings: [".attn.bias", ".attn.masked_bias"])
}
