internal import Kernels
internal import ModelFiles

extension StackSettings {
  /// MPNet: RoBERTa with a number for the distance of two tokens, by buckets that grow with it.
  ///
  /// Source: transformers' `modeling_mpnet.py`, in which the padding id is always 1.
  static func mpnet(_ config: ConfigFile) throws(ModelError) -> StackSettings {
    let reader = ConfigReader(config: config)
    var settings = try StackSettings(
      encoder: reader, epsilon: reader.epsilon("layer_norm_eps", fallback: 1e-12),
      activation: reader.activation("hidden_act", fallback: "gelu"))
    settings.firstPosition = 2
    settings.positionCount -= 2
    try reader.requirePositions(settings)
    let count = try reader.size(["relative_attention_num_buckets"], fallback: 32)
    // The model's code cuts distances into 32 buckets whatever the table has.
    guard count == 32 else {
      throw ModelError(
        config.error(
          .unsupported, "relative_attention_num_buckets", "is \(count); only 32 is supported"))
    }
    settings.distances = .buckets(count: count) { mpnetBucket($0) }
    return settings
  }

  /// The bucket of key − query.
  private static func mpnetBucket(_ distance: Int) -> Int {
    let side = distance > 0 ? 16 : 0
    let length = abs(distance)
    guard length >= 8 else { return side + length }
    // In f32, as transformers computes it: at powers of two the rounding decides.
    let share =
      Float(DeterministicMath.log(Double(Float(length) / 8)))
      / Float(DeterministicMath.log(16)) * 8
    return side + min(8 + Int(share), 15)
  }
}
