internal import Kernels
internal import ModelFiles

extension StackSettings {
  /// Phi-3: Llama with its maps joined, perhaps with a window.
  ///
  /// Source: transformers' `modeling_phi3.py`.
  static func phi3(_ config: ConfigFile) throws(ModelError) -> StackSettings {
    let reader = ConfigReader(config: config)
    var settings = try StackSettings(
      decoder: reader, activation: reader.activation("hidden_act", fallback: "silu"))
    settings.epsilon = try reader.epsilon("rms_norm_eps", fallback: 1e-5)
    if config["sliding_window"] != nil {
      settings.narrow(to: try reader.size(["sliding_window"])) { _ in true }
    }
    return settings
  }
}
