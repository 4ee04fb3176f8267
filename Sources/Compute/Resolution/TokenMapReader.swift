internal import ModelFiles

/// Takes the maps of heads that answer for tokens from the weights.
struct TokenMapReader {
  let family: ModelFamily
  let metadata: ModelMetadata
  var table: TensorTable
  /// The word table, for heads that are tied to it.
  let words: String

  /// The maps that a plan with these facts needs.
  mutating func read(
    task: Task, head: Registry.Head, conversion: Conversion, sparse: SparseHead?,
    labelCount: Int, hasTokenHead: Bool
  ) throws(ResolutionError) -> TokenTensors {
    var result = TokenTensors()
    switch task {
    case .embed:
      if let map = try fileMap("colbert_linear.pt") { result.maps = [map] }
    case .classify: break
    case .tokenEmbed:
      if head == .tokenEmbedding, metadata.modules == nil {
        result.maps = [try map("linear", bias: false)]
      }
    // Its map is made of rows of the language model's head.
    case .tokenClassify where hasTokenHead: break
    case .tokenClassify:
      result.maps =
        head == .processReward
        ? try rewardMaps() : try labelMaps()
      try check(result.maps, labelCount)
    }
    switch sparse {
    case nil: break
    case .languageModel: result.sparse = try vocabularyMaps()
    case .tokenWeights:
      guard var map = try fileMap("sparse_linear.pt"), map.outFeatures == 1 else {
        throw ResolutionError(
          .malformed,
          "\(metadata.path)/sparse_linear.pt: its map does not give one weight for a token")
      }
      map.function = .relu
      result.sparse = [map]
    }
    return result
  }

  /// A map of bge-m3 from its own file, nil without it.
  private func fileMap(_ file: String) throws(ResolutionError) -> TokenMap? {
    guard let shapes = metadata.heads[file] else { return nil }
    guard let shape = shapes["weight"], shape.count == 2, shapes["bias"] == [shape[0]],
      shapes.count == 2
    else {
      throw ResolutionError(
        .malformed,
        "\(metadata.path)/\(file): it has the tensors \(shapes.keys.sorted().joined(separator: ", "))"
          + ", not weight and bias of a linear map")
    }
    var map = TokenMap(
      weight: "weight", bias: "bias", inFeatures: shape[1], outFeatures: shape[0])
    map.file = file
    return map
  }

  // MARK: - Heads

  /// `XForTokenClassification` of transformers: a classifier, after ModernBERT's own head.
  private mutating func labelMaps() throws(ResolutionError) -> [TokenMap] {
    switch family {
    case .modernBert:
      return [try modernBertHead(), try map("classifier", bias: true)]
    case .gpt2: return [try map("classifier", bias: true)]
    case _ where FamilyFacts.of(family).isDecoder:
      return [try map("score", bias: table.contains("score.bias"))]
    default: return [try map("classifier", bias: true)]
    }
  }

  /// Qwen's reward head: two maps with ReLU between them.
  private mutating func rewardMaps() throws(ResolutionError) -> [TokenMap] {
    var first = try map("score.0", bias: true)
    first.function = .relu
    return [first, try map("score.2", bias: true)]
  }

  /// The head of a masked language model. Its last map is tied to the words unless the
  /// configuration says otherwise.
  private mutating func vocabularyMaps() throws(ResolutionError) -> [TokenMap] {
    switch family {
    case .bert:
      let prefix = "cls.predictions."
      var first = try map(prefix + "transform.dense", bias: true)
      first.function = try function("hidden_act")
      first.norm = try norm(prefix + "transform.LayerNorm", try epsilon("layer_norm_eps", 1e-12))
      return [
        first, try decoder(prefix + "decoder", biases: [prefix + "bias", prefix + "decoder.bias"]),
      ]
    case .roberta:
      var first = try map("lm_head.dense", bias: true)
      first.function = .gelu
      first.norm = try norm("lm_head.layer_norm", try epsilon("layer_norm_eps", 1e-12))
      return [
        first, try decoder("lm_head.decoder", biases: ["lm_head.bias", "lm_head.decoder.bias"]),
      ]
    case .distilBert:
      var first = try map("vocab_transform", bias: true)
      first.function = try function("activation")
      first.norm = try norm("vocab_layer_norm", 1e-12)
      return [first, try decoder("vocab_projector", biases: ["vocab_projector.bias"])]
    case .modernBert:
      let hasBias = try reading { () throws(ModelFilesError) in
        try metadata.config.bool("decoder_bias")
      }
      return [
        try modernBertHead(),
        try decoder("decoder", biases: hasBias ?? true ? ["decoder.bias"] : []),
      ]
    default:
      throw ResolutionError(
        .unsupported,
        "\(metadata.path): sparse weights from the language model's head are computed for bert, "
          + "roberta, distilbert and modernbert, and this is a \(family.rawValue)")
    }
  }

  private mutating func modernBertHead() throws(ResolutionError) -> TokenMap {
    func flag(_ key: String) throws(ResolutionError) -> Bool {
      try reading { () throws(ModelFilesError) in try metadata.config.bool(key) } ?? false
    }
    let hasBias = try flag("classifier_bias")
    let hasShift = try flag("norm_bias")
    var first = try map("head.dense", bias: hasBias)
    first.function = try function("classifier_activation")
    first.norm = TokenMap.Norm(
      weight: try table.take("head.norm.weight"),
      bias: hasShift ? try table.take("head.norm.bias") : nil,
      epsilon: try epsilon("norm_eps", 1e-5))
    return first
  }

  // MARK: - Parts

  private mutating func map(_ name: String, bias: Bool) throws(ResolutionError) -> TokenMap {
    let weight = try table.take(name + ".weight")
    return try map(weight: weight, bias: bias ? try table.take(name + ".bias") : nil)
  }

  private func map(weight: String, bias: String?) throws(ResolutionError) -> TokenMap {
    let shape = table.summaries[weight]?.shape ?? []
    guard shape.count == 2, shape[0] > 0, shape[1] > 0 else {
      throw ResolutionError(
        .malformed,
        "\(table.source): tensor \(weight.quotedForMessage) has the shape \(shape), which is no "
          + "linear map")
    }
    return TokenMap(weight: weight, bias: bias, inFeatures: shape[1], outFeatures: shape[0])
  }

  private mutating func decoder(
    _ name: String, biases: [String]
  ) throws(ResolutionError) -> TokenMap {
    let isTied = try reading { () throws(ModelFilesError) in
      try metadata.config.bool("tie_word_embeddings")
    }
    let weight = isTied ?? true ? words : try table.take(name + ".weight")
    var bias: String?
    if let first = biases.first { bias = try table.take(first, or: biases.last) }
    return try map(weight: weight, bias: bias)
  }

  private mutating func norm(
    _ name: String, _ epsilon: Double
  ) throws(ResolutionError) -> TokenMap.Norm {
    TokenMap.Norm(
      weight: try table.take(name + ".weight", or: name + ".gamma"),
      bias: try table.take(name + ".bias", or: name + ".beta"), epsilon: epsilon)
  }

  private func epsilon(_ key: String, _ fallback: Double) throws(ResolutionError) -> Double {
    let value = try reading { () throws(ModelFilesError) in try metadata.config.double(key) }
    guard let value else { return fallback }
    guard value >= 0, value < 1 else {
      throw ResolutionError(metadata.config.error(.malformed, key, "is \(value), not in 0..<1"))
    }
    return value
  }

  private func function(_ key: String) throws(ResolutionError) -> DenseModule.Function {
    let known: [String: DenseModule.Function] = [
      "gelu": .gelu, "relu": .relu, "silu": .silu, "swish": .silu, "tanh": .tanh,
    ]
    let name = try reading { () throws(ModelFilesError) in try metadata.config.string(key) }
    guard let function = known[name ?? "gelu"] else {
      throw ResolutionError(
        metadata.config.error(
          .unsupported, key,
          "is \((name ?? "").quotedForMessage), which a head for tokens cannot be run with; "
            + "\(known.keys.sorted().joined(separator: ", ")) can"))
    }
    return function
  }

  private func check(_ maps: [TokenMap], _ labelCount: Int) throws(ResolutionError) {
    guard let last = maps.last, last.outFeatures != labelCount else { return }
    throw ResolutionError(
      .malformed,
      "\(table.source): tensor \(last.weight.quotedForMessage) has \(last.outFeatures) rows, but "
        + "\(metadata.config.name) gives \(labelCount) labels (id2label or num_labels)")
  }
}
