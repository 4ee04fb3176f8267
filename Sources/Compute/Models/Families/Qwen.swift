internal import Kernels
internal import ModelFiles

extension StackSettings {
  /// Qwen2 and Qwen3; the norms of Qwen3's heads are there if the file has them.
  ///
  /// Source: transformers' `modeling_qwen2.py` and `modeling_qwen3.py`.
  static func qwen(_ config: ConfigFile, headSize: Int?) throws(ModelError) -> StackSettings {
    let reader = ConfigReader(config: config)
    var settings = try StackSettings(
      decoder: reader, activation: reader.activation("hidden_act", fallback: "silu"),
      headSize: headSize, keyHeadFallback: 32)
    if try reader.flag("use_sliding_window", fallback: false), config["sliding_window"] != nil {
      let width = try reader.size(["sliding_window"])
      let first = try reader.count(["max_window_layers"], fallback: 28)
      let types = try reader.layerTypes(count: settings.layers.count)
      settings.narrow(to: width) { index in
        types.map { $0[index] == "sliding_attention" } ?? (index >= first)
      }
    }
    return settings
  }
}
