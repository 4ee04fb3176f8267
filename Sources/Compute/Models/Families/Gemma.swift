internal import Kernels
internal import ModelFiles

extension StackSettings {
  /// Gemma: Llama with norms by 1 + weight and embeddings times the root of their width.
  ///
  /// Source: transformers' `modeling_gemma.py`.
  static func gemma(_ config: ConfigFile) throws(ModelError) -> StackSettings {
    let reader = ConfigReader(config: config)
    // Old files say "gelu" where the model was trained with the form by tanh.
    let name = try reading { () throws(ModelFilesError) in try config.string("hidden_act") }
    let activation =
      name == "gelu" ? .geluTanh : try reader.activation("hidden_act", fallback: "gelu_new")
    return try StackSettings(gemma: reader, activation: activation, keyHeadFallback: 16)
  }

  /// What all versions of Gemma share.
  private init(
    gemma reader: ConfigReader, activation: ElementFunction, keyHeadFallback: Int,
    rotaryKeys: ConfigReader.RotaryKeys = .init()
  ) throws(ModelError) {
    self = try StackSettings(
      decoder: reader, activation: activation, headSize: 256, keyHeadFallback: keyHeadFallback,
      rotaryKeys: rotaryKeys)
    norm = .rootMeanSquarePlusOne
    embeddingFactor = Float(hiddenSize).squareRoot()
    if try reader.flag("use_bidirectional_attention", fallback: false) {
      for index in layers.indices { layers[index].window = .all }
    }
  }

  /// Gemma 2: norms after each part too, capped scores, a window in every other layer.
  ///
  /// Source: transformers' `modeling_gemma2.py`.
  static func gemma2(_ config: ConfigFile) throws(ModelError) -> StackSettings {
    let reader = ConfigReader(config: config)
    // Defined, but transformers' own implementations of attention disagree on it: eager, the
    // default here, masks all the same; flash attention does not.
    try reader.refuse("use_bidirectional_attention")
    var settings = try sandwich(reader, keyHeadFallback: 4)
    // null, unlike absence, is no cap.
    if !config.isNull("attn_logit_softcapping") {
      let cap = try reader.number("attn_logit_softcapping", fallback: 50)
      guard cap >= 1e-3, cap < 1e6 else {
        throw ModelError(
          config.error(.malformed, "attn_logit_softcapping", "is \(cap), not in 0.001..<1e6"))
      }
      settings.softCap = Float(cap)
    }
    let types = try reader.layerTypes(count: settings.layers.count)
    let width = try reader.size(["sliding_window"], fallback: 4096)
    settings.narrow(to: width) { index in
      types.map { $0[index] == "sliding_attention" } ?? (index % 2 == 0)
    }
    return settings
  }

  /// The text model of Gemma 3, and EmbeddingGemma, which attends in both directions.
  ///
  /// Source: transformers' `modeling_gemma3.py`.
  static func gemma3(_ config: ConfigFile) throws(ModelError) -> StackSettings {
    let reader = ConfigReader(config: config)
    guard config["attn_logit_softcapping"] == nil else {
      throw ModelError(
        config.error(.unsupported, "attn_logit_softcapping", "is not null, which is supported"))
    }
    let globalKeys = ConfigReader.RotaryKeys(layerType: "full_attention")
    var settings = try sandwich(reader, keyHeadFallback: 4, globalKeys)
    let types = try reader.layerTypes(count: settings.layers.count)
    let every = try reader.size(
      ["sliding_window_pattern", "_sliding_window_pattern"], fallback: 6)
    let width = try reader.size(["sliding_window"], fallback: 4096)
    let isBidirectional = try reader.flag("use_bidirectional_attention", fallback: false)
    let global = try reader.rotary(
      headSize: settings.headSize, globalKeys, fallback: 1_000_000)
    let local = try reader.rotary(
      headSize: settings.headSize,
      .init(
        layerType: "sliding_attention", bases: ["rope_local_base_freq"], isScaled: false,
        usesTheta: false), fallback: 10_000)
    func isLocal(_ index: Int) -> Bool {
      types.map { $0[index] == "sliding_attention" } ?? ((index + 1) % every != 0)
    }
    // In both directions half the window, as transformers narrows it.
    settings.narrow(to: isBidirectional ? width / 2 : width, where: isLocal)
    for index in settings.layers.indices {
      settings.layers[index].rotary = isLocal(index) ? local : global
    }
    return settings
  }

  private static func sandwich(
    _ reader: ConfigReader, keyHeadFallback: Int, _ rotaryKeys: ConfigReader.RotaryKeys = .init()
  ) throws(ModelError) -> StackSettings {
    var settings = try StackSettings(
      gemma: reader, activation: reader.activation("hidden_activation", fallback: "gelu_new"),
      keyHeadFallback: keyHeadFallback, rotaryKeys: rotaryKeys)
    settings.placement = .beforeResidual
    let scalar = try reader.number("query_pre_attn_scalar", fallback: 256)
    guard scalar >= 1e-3, scalar < 1e9 else {
      throw ModelError(
        reader.config.error(.malformed, "query_pre_attn_scalar", "is \(scalar), not in 0.001..<1e9")
      )
    }
    settings.scale = 1 / Float(scalar).squareRoot()
    return settings
  }
}
