internal import Kernels
internal import ModelFiles

extension StackSettings {
  /// Llama, with the rotary scaling of its third version.
  ///
  /// Source: transformers' `modeling_llama.py`.
  static func llama(_ config: ConfigFile) throws(ModelError) -> StackSettings {
    let reader = ConfigReader(config: config)
    var settings = try StackSettings(
      decoder: reader, activation: reader.activation("hidden_act", fallback: "silu"))
    // NVIDIA's `LlamaBidirectionalModel` attends to both sides unless the file says otherwise.
    let type = try reading { () throws(ModelFilesError) in try config.string("model_type") }
    if type == "llama_bidirec", !config.contains("is_causal") {
      for index in settings.layers.indices { settings.layers[index].window = .all }
    }
    return settings
  }
}
