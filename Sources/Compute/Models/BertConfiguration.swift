internal import ModelFiles

/// The sizes of a BERT in `config.json`, with the defaults of transformers' `BertConfig` where a
/// key may be absent.
struct BertConfiguration: Sendable, Equatable {
  var hiddenSize: Int
  var headCount: Int
  var intermediateSize: Int
  var vocabularySize: Int
  var positionCount: Int
  var segmentCount: Int
  var epsilon: Float

  var headSize: Int { hiddenSize / headCount }

  /// Reads and checks the keys. Throws `.missing`, `.malformed` and `.unsupported` naming the key.
  init(_ config: ConfigFile) throws(ModelError) {
    self = try reading { () throws(ModelFilesError) in try Self.read(config) }
  }

  private init(sizes config: ConfigFile) throws(ModelFilesError) {
    let sizes = 1...1 << 20
    hiddenSize = try config.requireInt("hidden_size", in: sizes)
    headCount = try config.requireInt("num_attention_heads", in: sizes)
    intermediateSize = try config.requireInt("intermediate_size", in: sizes)
    vocabularySize = try config.requireInt("vocab_size", in: 1...Int(Int32.max))
    positionCount = try config.requireInt("max_position_embeddings", in: 1...1 << 24)
    segmentCount = try config.int("type_vocab_size", in: sizes) ?? 2
    epsilon = Float(try config.double("layer_norm_eps") ?? 1e-12)
  }

  private static func read(_ config: ConfigFile) throws(ModelFilesError) -> BertConfiguration {
    let result = try BertConfiguration(sizes: config)
    guard result.hiddenSize % result.headCount == 0 else {
      throw config.error(
        .malformed, "num_attention_heads",
        "is \(result.headCount), which does not divide hidden_size \(result.hiddenSize)")
    }
    guard result.epsilon >= 0, result.epsilon < 1 else {
      throw config.error(.malformed, "layer_norm_eps", "is \(result.epsilon), not in 0..<1")
    }
    // transformers' "gelu" is the exact form, with erf.
    let activation = try config.string("hidden_act") ?? "gelu"
    guard activation == "gelu" else {
      throw config.error(
        .unsupported, "hidden_act", "is \(activation.quotedForMessage); only 'gelu' is supported")
    }
    let positions = try config.string("position_embedding_type") ?? "absolute"
    guard positions == "absolute" else {
      throw config.error(
        .unsupported, "position_embedding_type",
        "is \(positions.quotedForMessage); only 'absolute' is supported")
    }
    for key in ["is_decoder", "add_cross_attention"] where try config.bool(key) ?? false {
      throw config.error(.unsupported, key, "is true; only encoders are supported")
    }
    return result
  }
}
