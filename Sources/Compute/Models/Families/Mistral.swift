internal import Kernels
internal import ModelFiles

extension StackSettings {
  /// Mistral: Llama whose layers look back over a window.
  ///
  /// Source: transformers' `modeling_mistral.py`.
  static func mistral(_ config: ConfigFile) throws(ModelError) -> StackSettings {
    let reader = ConfigReader(config: config)
    var settings = try StackSettings(
      decoder: reader, activation: reader.activation("hidden_act", fallback: "silu"),
      keyHeadFallback: 8)
    // null, unlike absence, is no window.
    let hasNoWindow = config.isNull("sliding_window")
    if !hasNoWindow {
      settings.narrow(to: try reader.size(["sliding_window"], fallback: 4096)) { _ in true }
    }
    return settings
  }
}
