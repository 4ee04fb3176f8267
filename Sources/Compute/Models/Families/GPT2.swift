internal import Kernels
internal import ModelFiles

extension StackSettings {
  /// GPT-2: BERT's parts with the norms before them, learned positions and attention to what is
  /// before.
  ///
  /// Source: transformers' `modeling_gpt2.py`.
  static func gpt2(_ config: ConfigFile) throws(ModelError) -> StackSettings {
    let reader = ConfigReader(config: config)
    try reader.refuse("add_cross_attention", "scale_attn_by_inverse_layer_idx")
    let hidden = try reader.size(["n_embd", "hidden_size"])
    let heads = try reader.size(["n_head", "num_attention_heads"])
    let headSize = try reader.headSize(hidden: hidden, heads: heads, key: "n_head")
    let isScaled = try reader.flag("scale_attn_weights", fallback: true)
    let isCausal = try reader.flag("is_causal", fallback: true)
    let kind = LayerKind(window: isCausal ? .causal : .all, rotary: nil)
    return StackSettings(
      hiddenSize: hidden, headCount: heads, keyHeadCount: heads, headSize: headSize,
      intermediateSize: try reader.size(["n_inner"], fallback: 4 * hidden),
      vocabularySize: try reader.count(["vocab_size"]),
      positionCount: try reader.size(["n_positions", "max_position_embeddings"]),
      embeddingSize: hidden,
      epsilon: try reader.epsilon("layer_norm_epsilon", fallback: 1e-5),
      activation: try reader.activation("activation_function", fallback: "gelu_new"),
      isTransposed: true, scale: isScaled ? 1 / Float(headSize).squareRoot() : 1,
      layers: Array(
        repeating: kind, count: try reader.size(["n_layer", "num_hidden_layers"])))
  }
}
