internal import Kernels
internal import ModelFiles

extension StackSettings {
  /// Llama, with the rotary scaling of its third version.
  ///
  /// Source: transformers' `modeling_llama.py`.
  static func llama(_ config: ConfigFile) throws(ModelError) -> StackSettings {
    let reader = ConfigReader(config: config)
    return try StackSettings(
      decoder: reader, activation: reader.activation("hidden_act", fallback: "silu"))
  }
}
