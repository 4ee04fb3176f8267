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
}
