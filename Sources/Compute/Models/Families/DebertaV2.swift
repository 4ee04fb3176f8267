internal import Kernels
internal import ModelFiles

extension StackSettings {
  /// DeBERTa, versions 2 and 3: BERT with disentangled attention, whose scores have terms for the
  /// distance of two tokens by buckets that grow with it.
  ///
  /// Source: transformers' `modeling_deberta_v2.py`.
  static func debertaV2(_ config: ConfigFile) throws(ModelError) -> StackSettings {
    let reader = ConfigReader(config: config)
    try reader.refuse("position_biased_input", unless: false)
    guard try reader.flag("relative_attention", fallback: false) else {
      throw ModelError(
        config.error(
          .unsupported, "relative_attention", "is not true, which only is supported"))
    }
    let norm = try reading { () throws(ModelFilesError) in
      try config.string("norm_rel_ebd") ?? "none"
    }
    guard norm.contains("layer_norm") else {
      throw ModelError(
        config.error(
          .unsupported, "norm_rel_ebd",
          "is \(norm.quotedForMessage); only 'layer_norm' is supported"))
    }
    var settings = try StackSettings(
      encoder: reader, epsilon: reader.epsilon("layer_norm_eps", fallback: 1e-7),
      activation: reader.activation("hidden_act", fallback: "gelu"))
    let width = try reader.size(["embedding_size"], fallback: settings.hiddenSize)
    guard width == settings.hiddenSize else {
      throw ModelError(
        config.error(
          .unsupported, "embedding_size",
          "is \(width); only hidden_size, \(settings.hiddenSize), is supported"))
    }
    settings.segmentCount = max(1, try reader.count(["type_vocab_size"], fallback: 0))
    settings.headActivation = try reader.activation("pooler_hidden_act", fallback: "gelu")
    try settings.setDistances(reader)
    settings.convolution = try convolution(reader, columns: settings.hiddenSize)
    return settings
  }

  private static func convolution(
    _ reader: ConfigReader, columns: Int
  ) throws(ModelError) -> Convolution? {
    let size = try reader.count(["conv_kernel_size"], fallback: 0)
    guard size > 0 else { return nil }
    guard size % 2 == 1, size < 64 else {
      throw ModelError(
        reader.config.error(
          .unsupported, "conv_kernel_size",
          "is \(size); only 0 and odd numbers below 64 are supported"))
    }
    let groups = try reader.size(["conv_groups"], fallback: 1)
    guard columns % groups == 0 else {
      throw ModelError(
        reader.config.error(
          .malformed, "conv_groups",
          "is \(groups), which does not divide the hidden size \(columns)"))
    }
    return Convolution(
      size: size, groupCount: groups,
      activation: try reader.activation("conv_act", fallback: "tanh"))
  }

  private mutating func setDistances(_ reader: ConfigReader) throws(ModelError) {
    let kinds = try positionKinds(reader.config)
    guard !kinds.isEmpty, kinds.isSubset(of: ["c2p", "p2c"]) else {
      throw ModelError(
        reader.config.error(
          .unsupported, "pos_att_type", "is not made of c2p and p2c, which are supported"))
    }
    scale = 1 / Float(headSize * (1 + kinds.count)).squareRoot()
    let longest = try reading { () throws(ModelFilesError) in
      try reader.config.int("max_relative_positions") ?? -1
    }
    let reach = longest < 1 ? positionCount : longest
    let buckets = try reading { () throws(ModelFilesError) in
      try reader.config.int("position_buckets") ?? -1
    }
    guard reach < 1 << 20, buckets < 1 << 20, buckets <= 0 || (buckets >= 4 && reach > buckets)
    else {
      throw ModelError(
        reader.config.error(
          .unsupported, "position_buckets",
          "is \(buckets), which is not between 4 and max_relative_positions \(reach)"))
    }
    let span = buckets > 0 ? buckets : reach
    distances = .vectors(
      count: 2 * span, toPositions: kinds.contains("c2p"), fromPositions: kinds.contains("p2c")
    ) { distance in
      // Distances here are key − query, there query − key.
      let bucket = Self.debertaBucket(-distance, buckets: buckets, reach: reach)
      return min(max(bucket + span, 0), 2 * span - 1)
    }
  }

  /// A list, or in old files names with | between them.
  private func positionKinds(_ config: ConfigFile) throws(ModelError) -> Set<String> {
    try reading { () throws(ModelFilesError) in
      if let text = try? config.string("pos_att_type") {
        return Set(text.split(separator: "|").map(String.init))
      }
      return Set(try config.strings("pos_att_type") ?? [])
    }
  }

  private static func debertaBucket(_ distance: Int, buckets: Int, reach: Int) -> Int {
    let middle = buckets / 2
    guard buckets > 0, abs(distance) > middle else { return distance }
    // In f32, as transformers computes it: the rounding decides at the edges of buckets.
    let length = Float(DeterministicMath.log(Double(Float(abs(distance)) / Float(middle))))
    let longest = Float(DeterministicMath.log(Double(Float(Double(reach - 1) / Double(middle)))))
    let bucket = Int((length / longest * Float(middle - 1)).rounded(.up)) + middle
    return distance < 0 ? -bucket : bucket
  }
}
