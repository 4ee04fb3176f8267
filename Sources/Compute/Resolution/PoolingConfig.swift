internal import JSON
internal import ModelFiles

/// The settings of a Pooling module, in the layout before sentence-transformers 5.4 (one boolean
/// for each mode) and since (one string, or a list of them).
enum PoolingConfig {
  private static let oldKeyPrefix = "pooling_mode_"

  private static let modes: [String: Pooling] = [
    "cls": .cls, "mean": .mean, "max": .max, "mean_sqrt_len_tokens": .meanSqrt,
    "weightedmean": .weightedMean, "lasttoken": .last,
  ]

  private static let flags: [String: Pooling] = [
    "pooling_mode_cls_token": .cls, "pooling_mode_mean_tokens": .mean,
    "pooling_mode_max_tokens": .max, "pooling_mode_mean_sqrt_len_tokens": .meanSqrt,
    "pooling_mode_weightedmean_tokens": .weightedMean, "pooling_mode_lasttoken": .last,
  ]

  /// Throws `.unsupported` for modes that cannot be run and for several at once, `.malformed` for
  /// none.
  static func pooling(_ config: ConfigFile) throws(ResolutionError) -> Pooling {
    if let mode = config["pooling_mode"] {
      let chosen = mode.kind == .array ? Array(mode.elements) : [mode]
      guard chosen.count == 1, let name = chosen[0].string else {
        throw ResolutionError(
          config.error(
            .unsupported, "pooling_mode", "is not one mode; joined poolings cannot be run"))
      }
      guard let pooling = modes[name] else {
        throw ResolutionError(
          config.error(
            .unsupported, "pooling_mode",
            "is \(name.quotedForMessage), which cannot be run; "
              + "\(modes.keys.sorted().joined(separator: ", ")) can"))
      }
      return pooling
    }
    return try poolingByFlags(config)
  }

  private static func poolingByFlags(_ config: ConfigFile) throws(ResolutionError) -> Pooling {
    var chosen: [String] = []
    for member in config.json.members {
      let key = String(decoding: member.key, as: UTF8.self)
      guard key.hasPrefix(oldKeyPrefix), !chosen.contains(key) else { continue }
      let isChosen = try reading { () throws(ModelFilesError) in try config.bool(key) }
      if isChosen == true { chosen.append(key) }
    }
    guard let key = chosen.first else {
      throw ResolutionError(
        config.error(.malformed, "pooling_mode", "and all pooling_mode_… are absent or false"))
    }
    guard chosen.count == 1 else {
      throw ResolutionError(
        config.error(
          .unsupported, chosen.joined(separator: " and "),
          "are true at once; joined poolings cannot be run"))
    }
    guard let pooling = flags[key] else {
      throw ResolutionError(
        config.error(
          .unsupported, key,
          "is true, which cannot be run; \(flags.keys.sorted().joined(separator: ", ")) can"))
    }
    return pooling
  }
}
