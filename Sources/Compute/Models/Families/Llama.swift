internal import Kernels
internal import ModelFiles

extension StackSettings {
  /// Llama, with the rotary scaling of its third version. NVIDIA's `LlamaBidirectionalModel` is the
  /// same with attention in both directions, whatever the file says.
  ///
  /// Source: transformers' `modeling_llama.py`.
  static func llama(
    _ config: ConfigFile, isBidirectional: Bool
  ) throws(ModelError) -> StackSettings {
    let reader = ConfigReader(config: config)
    var settings = try StackSettings(
      decoder: reader, activation: reader.activation("hidden_act", fallback: "silu"))
    if isBidirectional {
      for index in settings.layers.indices { settings.layers[index].window = .all }
    }
    return settings
  }
}
