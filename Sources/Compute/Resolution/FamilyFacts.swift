internal import ModelFiles

/// What resolution needs to know of a family: names of tensors, and of keys in `config.json` where
/// they differ from the usual ones.
struct FamilyFacts: Sendable {
  /// nil for BERT, which has code of its own.
  var names: NameScheme?
  /// Spellings of the key with the number of layers.
  var layerCountKeys = ["num_hidden_layers", "n_layer"]
  /// Spellings of the key with the hidden size.
  var hiddenSizeKeys = ["hidden_size", "n_embd"]
  /// Spellings of the key with the number of positions.
  var positionKeys = ["max_position_embeddings", "n_positions"]
  /// Position ids begin behind the padding token's id, for which this is the default.
  var paddingID: Int?
  /// `paddingID` is fixed, whatever the configuration says.
  var hasFixedPadding = false
  /// Positions are angles that may be scaled to reach further than `positionKeys` says.
  var hasRotary = false
  /// Every input sees only what is before it, unless the configuration says otherwise.
  var isDecoder = false

  /// The pad token where the configuration names none: transformers' default.
  var padID: Int32?

  /// The usual facts of a decoder.
  private static func decoder(_ names: NameScheme, padID: Int32? = nil) -> FamilyFacts {
    FamilyFacts(names: names, hasRotary: true, isDecoder: true, padID: padID)
  }

  static func of(_ family: ModelFamily) -> FamilyFacts {
    switch family {
    case .bert: FamilyFacts()
    case .roberta: FamilyFacts(names: .roberta, paddingID: 1)
    case .distilBert:
      FamilyFacts(
        names: .distilBert, layerCountKeys: ["n_layers", "num_hidden_layers"],
        hiddenSizeKeys: ["dim", "hidden_size"])
    case .mpnet: FamilyFacts(names: .mpnet, paddingID: 1, hasFixedPadding: true)
    case .electra: FamilyFacts(names: .electra)
    case .albert: FamilyFacts(names: .albert)
    case .modernBert: FamilyFacts(names: .modernBert, hasRotary: true)
    case .nomicBert: FamilyFacts(names: .nomicBert, hasRotary: true)
    case .gte: FamilyFacts(names: .gte, hasRotary: true)
    case .debertaV2: FamilyFacts(names: .debertaV2)
    case .qwen2: decoder(.qwen2)
    case .qwen3: decoder(.qwen3)
    case .llama: decoder(.llama)
    case .mistral: decoder(.mistral)
    case .gemma: decoder(.gemma, padID: 0)
    case .gemma2: decoder(.gemma2, padID: 0)
    case .gemma3: decoder(.gemma3, padID: 0)
    case .phi3: decoder(.phi3, padID: 32_000)
    case .gpt2: FamilyFacts(names: .gpt2, isDecoder: true)
    }
  }

  /// A whole number under the first of several keys that is there. Throws `.missing` naming the
  /// first key.
  static func int(
    _ keys: [String], in range: ClosedRange<Int>, _ config: ConfigFile
  ) throws(ModelFilesError) -> Int {
    for key in keys where config[key] != nil { return try config.requireInt(key, in: range) }
    return try config.requireInt(keys[0], in: range)
  }

  /// How many tokens an input can have where yarn or dynamic scaling, in the file, lets positions
  /// reach further than those the model was trained with; nil elsewhere. The other types come with
  /// the extended number under `positionKeys`.
  func scaledPositions(_ config: ConfigFile) throws(ModelFilesError) -> Int? {
    guard hasRotary else { return nil }
    let count = try Self.int(positionKeys, in: 1...1 << 24, config)
    for key in ["rope_scaling", "rope_parameters"] {
      guard let all = try config.object(key) else { continue }
      let own = try all.object("full_attention") ?? all
      let type = try own.string(own["rope_type"] == nil ? "type" : "rope_type")
      guard type == "yarn" || type == "dynamic" else { return nil }
      guard let factor = try own.double("factor"), factor > 1, factor < 1e6 else { return nil }
      let original =
        type == "yarn"
        ? try own.int("original_max_position_embeddings", in: 1...1 << 24) : nil
      // Some files have the extended number under `positionKeys` as well.
      let reach = min((Double(original ?? count) * factor).rounded(.down), 0x1p24)
      return reach > Double(count) ? Int(reach) : nil
    }
    return nil
  }

  /// How many tokens an input can have.
  func usablePositions(_ config: ConfigFile) throws(ModelFilesError) -> Int {
    let count = try Self.int(positionKeys, in: 1...1 << 24, config)
    guard let paddingID else { return try scaledPositions(config) ?? count }
    var id = paddingID
    if !hasFixedPadding { id = try config.int("pad_token_id", in: 0...1 << 20) ?? paddingID }
    guard count > id + 1 else {
      throw config.error(
        .malformed, positionKeys[0],
        "is \(count), but positions begin at \(id + 1), behind pad_token_id")
    }
    return count - id - 1
  }
}
