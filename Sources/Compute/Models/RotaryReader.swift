internal import Kernels
internal import ModelFiles

extension ConfigReader {
  /// Where a family keeps its rotary positions, beside the keys that all share.
  struct RotaryKeys {
    /// The kind of layer whose parameters are meant, where kinds have their own.
    var layerType: String?
    /// Other keys for the base, tried before `rope_theta` where there are no `rope_parameters`.
    var bases: [String] = []
    /// Other keys for the share of a head that is turned.
    var shares: [String] = []
    /// Whether `rope_scaling` counts.
    var isScaled = true
    /// Whether `rope_theta` counts.
    var usesTheta = true
    /// Whether there is the type `ntk`, of Alibaba-NLP's own code.
    var knowsNTK = false
  }

  /// Rotary positions: `rope_parameters` (for each kind of layer, or for all), or `rope_theta` and
  /// `rope_scaling`, as versions of transformers before 5 wrote them. `fallback` is the family's
  /// base.
  func rotary(
    headSize: Int, _ keys: RotaryKeys = RotaryKeys(), fallback: Double
  ) throws(ModelError) -> Rotary {
    try reading { () throws(ModelFilesError) in
      let own = try parameters(keys)
      let theta = try base(keys, own) ?? fallback
      guard theta >= 1, theta < 1e30 else {
        throw config.error(.malformed, "rope_theta", "is \(theta), not in 1..<1e30")
      }
      let width = try width(headSize, keys, own)
      guard let own else { return Rotary(width: width, base: Float(theta), scaling: .none) }
      let reader = ScalingReader(
        config: config, parameters: own, theta: theta, width: width, knowsNTK: keys.knowsNTK)
      let (scaling, magnitude) = try reader.read()
      return Rotary(width: width, base: Float(theta), scaling: scaling, magnitude: magnitude)
    }
  }

  /// The object with the parameters of this kind of layer, nil where there is none.
  private func parameters(_ keys: RotaryKeys) throws(ModelFilesError) -> ConfigFile? {
    let kinds = ["full_attention", "sliding_attention"]
    // transformers prefers the old key where both are there.
    for key in (keys.isScaled ? ["rope_scaling"] : []) + ["rope_parameters"] {
      guard let all = try config.object(key) else { continue }
      guard let layerType = keys.layerType else {
        if let kind = kinds.first(where: { all.contains($0) }) {
          throw all.error(
            .unsupported, kind, "has positions of its own, which this family does not have")
        }
        return all
      }
      if let own = try all.object(layerType) { return own }
      if kinds.contains(where: { all.contains($0) }) {
        throw all.error(
          .unsupported, layerType, "is absent or null: layers without positions are not supported")
      }
      return all
    }
    return nil
  }

  private func base(_ keys: RotaryKeys, _ own: ConfigFile?) throws(ModelFilesError) -> Double? {
    if let theta = try own?.double("rope_theta") { return theta }
    for key in keys.bases + (keys.usesTheta ? ["rope_theta"] : []) {
      if let theta = try config.double(key) { return theta }
    }
    return nil
  }

  /// Columns of a head that are turned.
  private func width(
    _ headSize: Int, _ keys: RotaryKeys, _ own: ConfigFile?
  ) throws(ModelFilesError) -> Int {
    var key = "partial_rotary_factor"
    var share = try own?.double(key)
    for other in keys.shares + [key] where share == nil {
      share = try config.double(other)
      if share != nil { key = other }
    }
    let value = share ?? 1
    let width = (0...1).contains(value) ? Int(Double(headSize) * value) : 0
    guard width > 0, width % 2 == 0, width <= headSize else {
      throw config.error(
        .unsupported, key,
        "turns \(width) of \(headSize) columns, which is no even number up to that")
    }
    return width
  }
}

/// Reads how frequencies are scaled.
private struct ScalingReader {
  let config: ConfigFile
  let parameters: ConfigFile
  let theta: Double
  let width: Int
  let knowsNTK: Bool

  func read() throws(ModelFilesError) -> (scaling: Rotary.Scaling, magnitude: Float) {
    let key = parameters["rope_type"] == nil ? "type" : "rope_type"
    let name = try parameters.string(key) ?? "default"
    switch name {
    case "default": return (.none, 1)
    case "linear": return (.linear(factor: try number("factor", from: 1)), 1)
    case "llama3": return (try llama3(), 1)
    case "yarn": return try yarn()
    case "dynamic": return (try dynamic(), 1)
    // "su" is the old name.
    case "longrope", "su": return try longrope()
    case "ntk" where knowsNTK:
      let mixing = try parameters.double("mixed_b") == nil ? nil : number("mixed_b", from: 0)
      return (.ntk(factor: try number("factor", from: 1), mixing: mixing.map(Double.init)), 1)
    default:
      let known = ["default", "linear", "llama3", "yarn", "dynamic", "longrope"]
      throw parameters.error(
        .unsupported, key,
        "is \(name.quotedForMessage); \((known + (knowsNTK ? ["ntk"] : [])).joined(separator: ", "))"
          + " are supported")
    }
  }

  private func check(
    _ key: String, _ value: Double, from least: Double
  ) throws(ModelFilesError) -> Float {
    guard value >= least, value < 1e6 else {
      throw parameters.error(.malformed, key, "is \(value), not in \(least)..<1e6")
    }
    return Float(value)
  }

  private func number(_ key: String, from least: Double) throws(ModelFilesError) -> Float {
    try check(key, try parameters.requireDouble(key), from: least)
  }

  private func number(
    _ key: String, from least: Double, fallback: Double
  ) throws(ModelFilesError) -> Double {
    // 0 is "not set" in transformers, too.
    guard let value = try parameters.double(key), value != 0 else { return fallback }
    return Double(try check(key, value, from: least))
  }

  private func positions() throws(ModelFilesError) -> Int {
    let key = config["max_position_embeddings"] == nil ? "n_positions" : "max_position_embeddings"
    return try config.requireInt(key, in: 1...1 << 24)
  }

  /// Tokens that the model was trained with; one key of the file itself goes first.
  private func originalPositions() throws(ModelFilesError) -> Int {
    let key = "original_max_position_embeddings"
    if let count = try config.int(key, in: 2...1 << 24) { return count }
    if let count = try parameters.int(key, in: 2...1 << 24) { return count }
    return try positions()
  }

  private func llama3() throws(ModelFilesError) -> Rotary.Scaling {
    let low = try number("low_freq_factor", from: 1e-3)
    let high = try number("high_freq_factor", from: 1e-3)
    guard low < high else {
      throw parameters.error(
        .malformed, "low_freq_factor", "is \(low), not below high_freq_factor \(high)")
    }
    return .llama3(
      factor: try number("factor", from: 1), low: low, high: high,
      originalPositions: try originalPositions())
  }

  private func dynamic() throws(ModelFilesError) -> Rotary.Scaling {
    guard width > 2 else {
      throw parameters.error(.unsupported, "rope_type", "is dynamic with heads of two columns")
    }
    return .dynamic(factor: try number("factor", from: 1), originalPositions: try positions())
  }

  private func yarn() throws(ModelFilesError) -> (Rotary.Scaling, Float) {
    let original = try originalPositions()
    let factor = try number(
      "factor", from: 1, fallback: Double(try positions()) / Double(original))
    func scale(_ weight: Double) -> Double {
      factor <= 1 ? 1 : 0.1 * weight * DeterministicMath.log(factor) + 1
    }
    var magnitude = scale(1)
    let above = try number("mscale", from: 0, fallback: 0)
    let below = try number("mscale_all_dim", from: 0, fallback: 0)
    if above > 0, below > 0 { magnitude = scale(above) / scale(below) }
    magnitude = try number("attention_factor", from: 0, fallback: magnitude)
    guard theta > 1 else {
      throw config.error(.malformed, "rope_theta", "is \(theta), and yarn needs more than 1")
    }
    // The pair that turns so many times within the original length.
    func pair(_ turns: Double) -> Double {
      let share = Double(original) / (turns * 2 * Double.pi)
      return Double(width) * DeterministicMath.log(share) / (2 * DeterministicMath.log(theta))
    }
    var low = pair(try number("beta_fast", from: 1e-3, fallback: 32))
    var high = pair(try number("beta_slow", from: 1e-3, fallback: 1))
    if try parameters.bool("truncate") ?? true {
      (low, high) = (low.rounded(.down), high.rounded(.up))
    }
    let scaling = Rotary.Scaling.yarn(
      factor: Float(factor), low: max(low, 0), high: min(high, Double(width - 1)))
    return (scaling, Float(magnitude))
  }

  private func longrope() throws(ModelFilesError) -> (Rotary.Scaling, Float) {
    let original = try originalPositions()
    let short = try factors("short_factor")
    let long = try factors("long_factor")
    let extent = Double(try positions()) / Double(original)
    let ratio = try parameters.double("factor") ?? extent
    var magnitude = 1.0
    if ratio > 1 {
      let share = DeterministicMath.log(ratio) / DeterministicMath.log(Double(original))
      magnitude = (1 + share).squareRoot()
    }
    magnitude = try number("attention_factor", from: 0, fallback: magnitude)
    return (
      .longrope(short: short, long: long, originalPositions: original), Float(magnitude)
    )
  }

  private func factors(_ key: String) throws(ModelFilesError) -> [Float] {
    guard let list = try parameters.doubles(key) else {
      throw parameters.error(.missing, key, "is missing")
    }
    guard list.count == width / 2, list.allSatisfy({ $0 >= 0.01 && $0 < 1e6 }) else {
      throw parameters.error(
        .malformed, key, "is not a list of \(width / 2) numbers in 0.01..<1e6")
    }
    return list.map { Float($0) }
  }
}
