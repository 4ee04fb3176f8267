internal import Kernels
internal import ModelFiles

extension StackSettings {
  /// What decoders after Llama's pattern have in common: root-mean-square norms before each part,
  /// rotary positions, fewer heads of keys, a gated feed-forward part, attention to what is before.
  ///
  /// `headSize` and `base` are the family's where the file does not say, `rotaryKeys` where it
  /// says. Layers attend to all that is before, with rotary positions of `base`, until the family
  /// says otherwise.
  init(
    decoder reader: ConfigReader, activation: ElementFunction, headSize fallback: Int? = nil,
    keyHeadFallback: Int? = nil, base: Double = 10_000,
    rotaryKeys: ConfigReader.RotaryKeys = .init()
  ) throws(ModelError) {
    hiddenSize = try reader.size(["hidden_size"])
    headCount = try reader.size(["num_attention_heads"])
    let heads = headCount
    keyHeadCount = try reader.size(["num_key_value_heads"], fallback: keyHeadFallback ?? heads)
    guard headCount % keyHeadCount == 0 else {
      throw ModelError(
        reader.config.error(
          .malformed, "num_key_value_heads",
          "is \(keyHeadCount), which does not divide num_attention_heads \(headCount)"))
    }
    if reader.config["head_dim"] != nil || fallback != nil {
      headSize = try reader.size(["head_dim"], fallback: fallback)
    } else {
      headSize = try reader.headSize(
        hidden: hiddenSize, heads: headCount, key: "num_attention_heads")
    }
    intermediateSize = try reader.size(["intermediate_size"])
    vocabularySize = try reader.count(["vocab_size"])
    positionCount = try reader.size(["max_position_embeddings"])
    embeddingSize = hiddenSize
    norm = .rootMeanSquare
    epsilon = try reader.epsilon("rms_norm_eps", fallback: 1e-6)
    self.activation = activation
    gate = .first
    scale = 1 / Float(headSize).squareRoot()
    let isCausal = try reader.flag("is_causal", fallback: true)
    let kind = LayerKind(
      window: isCausal ? .causal : .all,
      rotary: try reader.rotary(headSize: headSize, rotaryKeys, fallback: base))
    layers = Array(repeating: kind, count: try reader.size(["num_hidden_layers"]))
  }

  /// Narrows the layers that `isLocal` gives to the last `width` tokens, the own one included; to
  /// `width` on each side where attention is not causal.
  mutating func narrow(to width: Int, where isLocal: (Int) -> Bool) {
    for index in layers.indices where isLocal(index) {
      layers[index].window =
        layers[index].window.right == 0
        ? .init(left: width - 1, right: 0) : .init(left: width, right: width)
    }
  }
}
