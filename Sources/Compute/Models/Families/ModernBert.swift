internal import Kernels
internal import ModelFiles

extension StackSettings {
  /// ModernBERT: norms before each part, rotary positions, a gated feed-forward part, and
  /// attention to neighbours only in most layers.
  ///
  /// Source: transformers' `modeling_modernbert.py`.
  static func modernBert(_ config: ConfigFile) throws(ModelError) -> StackSettings {
    let reader = ConfigReader(config: config)
    var settings = try StackSettings(
      encoder: reader, epsilon: reader.epsilon("norm_eps", fallback: 1e-5),
      activation: reader.activation("hidden_activation", fallback: "gelu"))
    settings.gate = .first
    settings.headActivation = try reader.activation("classifier_activation", fallback: "gelu")
    let every = try reader.size(["global_attn_every_n_layers"], fallback: 3)
    let width = try reader.count(["local_attention"], fallback: 128) / 2
    let types = try reader.layerTypes(count: settings.layers.count)
    let global = try reader.rotary(
      headSize: settings.headSize,
      .init(layerType: "full_attention", bases: ["global_rope_theta"]), fallback: 160_000)
    let local = try reader.rotary(
      headSize: settings.headSize,
      .init(layerType: "sliding_attention", bases: ["local_rope_theta"]), fallback: 10_000)
    for index in settings.layers.indices {
      let isLocal = types.map { $0[index] == "sliding_attention" } ?? (index % every != 0)
      settings.layers[index] =
        isLocal
        ? LayerKind(window: .init(left: width, right: width), rotary: local)
        : LayerKind(window: .all, rotary: global)
    }
    return settings
  }
}
