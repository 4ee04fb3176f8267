internal import Kernels
internal import ModelFiles

/// Reads what families have in common from `config.json`, checking each value. Every method
/// throws `.missing`, `.malformed` and `.unsupported` naming the file and the key.
struct ConfigReader {
  let config: ConfigFile

  private static let sizes = 1...1 << 20

  /// A size under the first of `keys` that is there.
  func size(_ keys: [String], fallback: Int? = nil) throws(ModelError) -> Int {
    try reading { () throws(ModelFilesError) in
      for key in keys where config[key] != nil {
        return try config.requireInt(key, in: Self.sizes)
      }
      if let fallback { return fallback }
      return try config.requireInt(keys[0], in: Self.sizes)
    }
  }

  /// A count of rows or positions under the first of `keys` that is there.
  func count(_ keys: [String], fallback: Int? = nil) throws(ModelError) -> Int {
    try reading { () throws(ModelFilesError) in
      for key in keys where config[key] != nil {
        return try config.requireInt(key, in: 0...Int(Int32.max))
      }
      if let fallback { return fallback }
      return try config.requireInt(keys[0], in: 0...Int(Int32.max))
    }
  }

  /// A number under the first of `keys` that is there.
  func number(_ keys: String..., fallback: Double) throws(ModelError) -> Double {
    try reading { () throws(ModelFilesError) in
      for key in keys { if let value = try config.double(key) { return value } }
      return fallback
    }
  }

  /// The number that norms add, in 0..<1.
  func epsilon(_ keys: String..., fallback: Double) throws(ModelError) -> Float {
    try reading { () throws(ModelFilesError) in
      for key in keys {
        guard let value = try config.double(key) else { continue }
        guard value >= 0, value < 1 else {
          throw config.error(.malformed, key, "is \(value), not in 0..<1")
        }
        return Float(value)
      }
      return Float(fallback)
    }
  }

  func flag(_ key: String, fallback: Bool) throws(ModelError) -> Bool {
    try reading { () throws(ModelFilesError) in try config.bool(key) } ?? fallback
  }

  /// Refuses a flag that asks for what is not computed.
  func refuse(_ keys: String..., unless value: Bool = false) throws(ModelError) {
    for key in keys where try flag(key, fallback: value) != value {
      throw ModelError(
        config.error(.unsupported, key, "is \(!value); only \(value) is supported"))
    }
  }

  /// The activation under the first of `keys` that is there.
  func activation(_ keys: String..., fallback: String) throws(ModelError) -> ElementFunction {
    try reading { () throws(ModelFilesError) in
      for key in keys {
        guard let name = try config.string(key) else { continue }
        guard let function = Self.functions[name] else {
          throw config.error(
            .unsupported, key,
            "is \(name.quotedForMessage); \(Self.functions.keys.sorted().joined(separator: ", ")) "
              + "are supported")
        }
        return function
      }
      return Self.functions[fallback] ?? .gelu
    }
  }

  // The names of transformers' ACT2FN; "gelu" is the exact form, with erf.
  private static let functions: [String: ElementFunction] = [
    "gelu": .gelu, "gelu_new": .geluTanh, "gelu_pytorch_tanh": .geluTanh, "gelu_fast": .geluTanh,
    "relu": .relu, "silu": .silu, "swish": .silu, "swiglu": .silu, "tanh": .tanh,
  ]

  /// Refuses positions that are not learned for each place.
  func requireAbsolutePositions() throws(ModelError) {
    try reading { () throws(ModelFilesError) in
      let positions = try config.string("position_embedding_type") ?? "absolute"
      guard positions == "absolute" else {
        throw config.error(
          .unsupported, "position_embedding_type",
          "is \(positions.quotedForMessage); only 'absolute' is supported")
      }
    }
  }

  /// Refuses a table of positions that ends before the first one used.
  func requirePositions(_ settings: StackSettings) throws(ModelError) {
    guard settings.positionCount > 0 else {
      throw ModelError(
        config.error(
          .malformed, "max_position_embeddings",
          "is \(settings.positionCount + settings.firstPosition), but positions begin at "
            + "\(settings.firstPosition)"))
    }
  }

  /// Columns of a head that the heads share equally.
  func headSize(hidden: Int, heads: Int, key: String) throws(ModelError) -> Int {
    guard hidden % heads == 0 else {
      throw ModelError(
        config.error(
          .malformed, key, "is \(heads), which does not divide the hidden size \(hidden)"))
    }
    return hidden / heads
  }

  /// A list with a kind for each layer, nil where there is none.
  func layerTypes(count: Int) throws(ModelError) -> [String]? {
    let list = try reading { () throws(ModelFilesError) in try config.strings("layer_types") }
    guard let names = list else { return nil }
    guard names.count == count,
      names.allSatisfy({ $0 == "full_attention" || $0 == "sliding_attention" })
    else {
      throw ModelError(
        config.error(
          .malformed, "layer_types",
          "is not a list of full_attention or sliding_attention for \(count) layers"))
    }
    return names
  }

  /// Rotary positions: `rope_parameters` (for each kind of layer, or for all), or `rope_theta`
  /// and `rope_scaling`, as versions of transformers before 5 wrote them.
  ///
  /// `bases` are other keys for the base, tried first where there are no `rope_parameters`, and
  /// `rope_theta` only then if `usesTheta`.
  func rotary(
    headSize: Int, layerType: String? = nil, bases: [String] = [], fallback: Double,
    isScaled: Bool = true, usesTheta: Bool = true
  ) throws(ModelError) -> StackSettings.RotaryKind {
    try reading { () throws(ModelFilesError) in
      var base: Double?
      var share = try config.double("partial_rotary_factor") ?? 1
      var scaling = Rotary.Scaling.none
      if var parameters = try config.object("rope_parameters") {
        if let layerType, let own = try parameters.object(layerType) { parameters = own }
        base = try parameters.double("rope_theta")
        share = try parameters.double("partial_rotary_factor") ?? share
        scaling = try Self.scaling(parameters)
      } else {
        for key in bases + (usesTheta ? ["rope_theta"] : []) where base == nil {
          base = try config.double(key)
        }
        if isScaled, let parameters = try config.object("rope_scaling") {
          scaling = try Self.scaling(parameters)
        }
      }
      let width = (0...1).contains(share) ? Int(Double(headSize) * share) : 0
      guard width > 0, width % 2 == 0, width <= headSize else {
        throw config.error(
          .unsupported, "partial_rotary_factor",
          "turns \(width) of \(headSize) columns, which is no even number up to that")
      }
      let theta = base ?? fallback
      guard theta >= 1, theta < 1e30 else {
        throw config.error(.malformed, "rope_theta", "is \(theta), not in 1..<1e30")
      }
      return StackSettings.RotaryKind(width: width, base: Float(theta), scaling: scaling)
    }
  }

  private static func scaling(
    _ parameters: ConfigFile
  ) throws(ModelFilesError) -> Rotary.Scaling {
    let key = parameters["rope_type"] == nil ? "type" : "rope_type"
    let name = try parameters.string(key) ?? "default"
    func factor(_ key: String, from least: Double) throws(ModelFilesError) -> Float {
      let value = try parameters.requireDouble(key)
      guard value >= least, value < 1e6 else {
        throw parameters.error(.malformed, key, "is \(value), not in \(least)..<1e6")
      }
      return Float(value)
    }
    switch name {
    case "default": return .none
    case "linear": return .linear(factor: try factor("factor", from: 1))
    case "llama3":
      let low = try factor("low_freq_factor", from: 1e-3)
      let high = try factor("high_freq_factor", from: 1e-3)
      guard low < high else {
        throw parameters.error(
          .malformed, "low_freq_factor", "is \(low), not below high_freq_factor \(high)")
      }
      return .llama3(
        factor: try factor("factor", from: 1), low: low, high: high,
        originalPositions: try parameters.requireInt(
          "original_max_position_embeddings", in: 1...1 << 24))
    default:
      throw parameters.error(
        .unsupported, key,
        "is \(name.quotedForMessage); default, linear and llama3 are supported")
    }
  }
}
