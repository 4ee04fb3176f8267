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

  /// In the order in which sentence-transformers joins several.
  private static let flags: [(key: String, pooling: Pooling)] = [
    ("pooling_mode_cls_token", .cls), ("pooling_mode_max_tokens", .max),
    ("pooling_mode_mean_tokens", .mean), ("pooling_mode_mean_sqrt_len_tokens", .meanSqrt),
    ("pooling_mode_weightedmean_tokens", .weightedMean), ("pooling_mode_lasttoken", .last),
  ]

  /// The poolings in the order in which their results are joined. Throws `.unsupported` for modes
  /// that cannot be run, `.malformed` for none.
  static func poolings(_ config: ConfigFile) throws(ResolutionError) -> Poolings {
    guard let mode = config["pooling_mode"] else { return try poolingsByFlags(config) }
    var list: [Pooling] = []
    for element in mode.kind == .array ? Array(mode.elements) : [mode] {
      guard let name = element.string else {
        throw ResolutionError(
          config.error(.malformed, "pooling_mode", "is neither a mode nor a list of modes"))
      }
      guard let pooling = modes[name] else {
        throw ResolutionError(
          config.error(
            .unsupported, "pooling_mode",
            "is \(name.quotedForMessage), which cannot be run; "
              + "\(modes.keys.sorted().joined(separator: ", ")) can"))
      }
      list.append(pooling)
    }
    // A mode more than once is joined as often; a list without end is none.
    guard !list.isEmpty, list.count <= 16 else {
      throw ResolutionError(
        config.error(.malformed, "pooling_mode", "has \(list.count) modes, not 1 to 16"))
    }
    return Poolings(joined: list)
  }

  private static func poolingsByFlags(_ config: ConfigFile) throws(ResolutionError) -> Poolings {
    var chosen: [String] = []
    for member in config.json.members {
      let key = String(decoding: member.key, as: UTF8.self)
      guard key.hasPrefix(oldKeyPrefix), !chosen.contains(key) else { continue }
      let isChosen = try reading { () throws(ModelFilesError) in try config.bool(key) }
      if isChosen == true { chosen.append(key) }
    }
    if let key = chosen.first(where: { key in !flags.contains { $0.key == key } }) {
      throw ResolutionError(
        config.error(
          .unsupported, key,
          "is true, which cannot be run; \(flags.map(\.key).sorted().joined(separator: ", ")) can"))
    }
    guard !chosen.isEmpty else {
      throw ResolutionError(
        config.error(.malformed, "pooling_mode", "and all pooling_mode_… are absent or false"))
    }
    return Poolings(joined: flags.filter { chosen.contains($0.key) }.map(\.pooling))
  }
}
