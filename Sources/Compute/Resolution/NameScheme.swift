internal import ModelFiles

/// How a family names its tensors: what `StackTensors` is filled from. One value for each family.
struct NameScheme: Sendable {
  /// Whether a map or norm has a bias.
  enum Bias: Sendable {
    case always
    case never
    /// As this key of the configuration says, with the value for its absence.
    case key(String, fallback: Bool)
  }

  /// A map or a norm: its name without `.weight`.
  struct Part: Sendable {
    var name: String
    var bias: Bias

    init(_ name: String, _ bias: Bias = .always) {
      self.name = name
      self.bias = bias
    }
  }

  /// The parts of a layer, named behind the layer's prefix.
  struct Layer: Sendable {
    var attentionNorm: Part?
    /// Whether the first layer has `attentionNorm`.
    var startsWithNorm = true
    var projections: [Part]
    var queryNorm: Part?
    var keyNorm: Part?
    /// Maps of distance vectors, which only files without `share_att_key` have, each for one of
    /// `pos_att_type`.
    var distanceKey: Part?
    var distanceQuery: Part?
    var attentionOutput: Part
    var attentionOutputNorm: Part?
    var feedForwardNorm: Part?
    var feedForward: [Part]
    var feedForwardOutput: Part
    var feedForwardOutputNorm: Part?
  }

  /// What stands in the place of a feed-forward part of several maps (NomicBERT).
  struct Variants: Sendable {
    /// The key with the activation, and the value of it that has a gate; with any other one
    /// `ungated` stands in the place of the maps.
    var activationKey: String
    var gatedActivation: String
    var ungated: Part
    /// The key with a number n: layers 1, n + 1, 2n + 1 … have experts. Absent or 0: none has.
    var expertsKey: String
    var router: Part
    /// Whole names of the tensors of all experts.
    var experts: String
    var expertsOutput: String
    var expertsBias: String
  }

  /// What may stand before all names of the backbone; the first under which there are words.
  var prefixes: [String]
  /// Word table, without `.weight`.
  var words: String
  var positions: String?
  var types: String?
  /// The key with the number of rows of `types`, without which or at 0 there are none; nil: they
  /// are always there.
  var typesKey: String?
  var embeddingNorm: Part?
  /// Only where `embedding_size` differs from the hidden size.
  var embeddingProjection: Part?
  var distances: String?
  var distanceNorm: Part?
  /// A convolution beside the first layer and the norm after both, where `conv_kernel_size` is
  /// above 0.
  var convolution: (map: Part, norm: Part)?
  /// What stands before the names of a layer, `#` for its number.
  var layerPrefix: String
  var layer: Layer
  /// Other feed-forward parts that a file may have.
  var variants: Variants?
  var finalNorm: Part?
  /// Maps of the classification head, without the backbone's prefix unless they begin with `#`,
  /// which stands for it; the classifier last.
  var head: [Part]
  var headNorm: Part?
  /// Beginnings of the names of tensors that checkpoints have and a backbone does not use, `#`
  /// for the prefix.
  var extras: [String]
  /// Endings of such names.
  var extraEndings: [String] = []

  /// The prefix under which `table` has words.
  func prefix(in table: TensorTable) -> String {
    prefixes.first { table.contains($0 + words + ".weight") } ?? prefixes.first ?? ""
  }

  /// Whether a tensor is one that checkpoints of this family have beside the model.
  func isKnownExtra(_ name: String, in table: TensorTable) -> Bool {
    let prefix = prefix(in: table)
    // A head that the task leaves off counts among them.
    let heads = (head + [headNorm].compactMap(\.self)).map(\.name)
    return (extras + heads).contains { name.hasPrefix($0.replacing("#", with: prefix)) }
      || extraEndings.contains { name.hasSuffix($0) }
      || name.hasSuffix(".rotary_emb.inv_freq") || name.hasSuffix("position_ids")
  }

  /// The same with Qwen's reward head.
  var withRewardHead: NameScheme {
    var copy = self
    copy.head = [Part("score.0"), Part("score.2")]
    return copy
  }

  /// Takes the names of all tensors that the task uses from `table`. Throws `.missing` naming the
  /// first that is not there.
  func take(
    from table: inout TensorTable, layerCount: Int, config: ConfigFile, withHead: Bool
  ) throws(ResolutionError) -> StackTensors {
    var reader = NameReader(table: table, config: config, prefix: prefix(in: table))
    var layers: [StackTensors.Layer] = []
    let words = try reader.weight(self.words)
    let positions = try positions.map { (name) throws(ResolutionError) in try reader.weight(name) }
    var hasTypes = types != nil
    if let typesKey {
      let count = try reading { () throws(ModelFilesError) in try config.int(typesKey) }
      hasTypes = hasTypes && (count ?? 0) > 0
    }
    let types = hasTypes ? try reader.weight(types ?? "") : nil
    let embeddingNorm = try reader.part(embeddingNorm)
    let projection = try hasProjection(config) ? reader.part(embeddingProjection) : nil
    let distances = try distances.map { (name) throws(ResolutionError) in try reader.weight(name) }
    let distanceNorm = try reader.part(distanceNorm)
    var convolution: StackTensors.Affine?
    var convolutionNorm: StackTensors.Affine?
    if let own = self.convolution {
      let size = try reading { () throws(ModelFilesError) in try config.int("conv_kernel_size") }
      if size ?? 0 > 0 {
        convolution = try reader.affine(own.map)
        convolutionNorm = try reader.affine(own.norm)
      }
    }
    for index in 0..<layerCount {
      let prefix = layerPrefix.replacing("#", with: "\(index)")
      layers.append(
        try layer.take(&reader, prefix, index: index, variants: variants))
    }
    let finalNorm = try reader.part(finalNorm)
    var head: [StackTensors.Affine] = []
    var norm: StackTensors.Affine?
    if withHead {
      for part in self.head { head.append(try reader.headPart(part)) }
      if let headNorm { norm = try reader.headPart(headNorm) }
    }
    table = reader.table
    return StackTensors(
      words: words, positions: positions, types: types, embeddingNorm: embeddingNorm,
      embeddingProjection: projection, distances: distances, distanceNorm: distanceNorm,
      convolution: convolution, convolutionNorm: convolutionNorm, layers: layers,
      finalNorm: finalNorm, head: head, headNorm: norm)
  }

  private func hasProjection(_ config: ConfigFile) throws(ResolutionError) -> Bool {
    guard embeddingProjection != nil else { return false }
    return try reading { () throws(ModelFilesError) in
      let hidden = try config.int("hidden_size")
      return try config.int("embedding_size") ?? 128 != hidden
    }
  }
}

extension NameScheme.Layer {
  fileprivate func take(
    _ reader: inout NameReader, _ prefix: String, index: Int, variants: NameScheme.Variants?
  ) throws(ResolutionError) -> StackTensors.Layer {
    var projections: [StackTensors.Affine] = []
    var maps: [StackTensors.Affine] = []
    let norm = index == 0 && !startsWithNorm ? nil : try reader.part(attentionNorm, prefix)
    for part in self.projections { projections.append(try reader.affine(part, prefix)) }
    var router: StackTensors.Affine?
    let output: StackTensors.Affine
    if let variants, try reader.hasExperts(variants, index) {
      router = try reader.affine(variants.router, prefix)
      maps = [try reader.expert(variants.experts, bias: nil, prefix)]
      output = try reader.expert(variants.expertsOutput, bias: variants.expertsBias, prefix)
    } else {
      let ungated = try variants.map { (own) throws(ResolutionError) in
        try reader.isGated(own) ? nil : own.ungated
      }
      for part in (ungated ?? nil).map({ [$0] }) ?? feedForward {
        maps.append(try reader.affine(part, prefix))
      }
      output = try reader.affine(feedForwardOutput, prefix)
    }
    return StackTensors.Layer(
      attentionNorm: norm, projections: projections,
      queryNorm: try reader.part(queryNorm, prefix), keyNorm: try reader.part(keyNorm, prefix),
      distanceKey: try reader.distancePart(distanceKey, prefix, kind: "c2p"),
      distanceQuery: try reader.distancePart(distanceQuery, prefix, kind: "p2c"),
      attentionOutput: try reader.affine(attentionOutput, prefix),
      attentionOutputNorm: try reader.part(attentionOutputNorm, prefix),
      feedForwardNorm: try reader.part(feedForwardNorm, prefix), router: router,
      feedForward: maps, feedForwardOutput: output,
      feedForwardOutputNorm: try reader.part(feedForwardOutputNorm, prefix))
  }
}

/// Takes tensors by the names of a scheme.
private struct NameReader {
  var table: TensorTable
  let config: ConfigFile
  let prefix: String

  mutating func weight(_ name: String) throws(ResolutionError) -> String {
    try table.take(prefix + name + ".weight")
  }

  mutating func part(
    _ part: NameScheme.Part?, _ layer: String = ""
  ) throws(ResolutionError) -> StackTensors.Affine? {
    guard let part else { return nil }
    return try affine(part, layer)
  }

  /// A map of distance vectors, nil where the file shares those of queries and keys, or scores have
  /// no term of this kind.
  mutating func distancePart(
    _ part: NameScheme.Part?, _ layer: String, kind: String
  ) throws(ResolutionError) -> StackTensors.Affine? {
    guard let part else { return nil }
    let config = config
    let isThere = try reading { () throws(ModelFilesError) in
      if try config.bool("share_att_key") ?? false { return false }
      // A list, or in old files names with | between them.
      let text = try? config.string("pos_att_type")
      if let text { return text.split(separator: "|").contains { $0 == kind } }
      return try config.strings("pos_att_type")?.contains(kind) ?? false
    }
    return isThere ? try affine(part, layer) : nil
  }

  mutating func affine(
    _ part: NameScheme.Part, _ layer: String = ""
  ) throws(ResolutionError) -> StackTensors.Affine {
    try take(prefix + layer + part.name, part.bias)
  }

  /// Whether a layer has experts.
  func hasExperts(
    _ variants: NameScheme.Variants, _ index: Int
  ) throws(ResolutionError) -> Bool {
    let every = try reading { () throws(ModelFilesError) in
      try config.int(variants.expertsKey, in: 0...1024)
    }
    guard let every, every > 0 else { return false }
    return index % every == 1
  }

  /// Whether the file's activation has a gate.
  func isGated(_ variants: NameScheme.Variants) throws(ResolutionError) -> Bool {
    let name = try reading { () throws(ModelFilesError) in
      try config.string(variants.activationKey)
    }
    return name == nil || name == variants.gatedActivation
  }

  /// The tensors of all experts of a layer, which are named without `.weight`.
  mutating func expert(
    _ name: String, bias: String?, _ layer: String
  ) throws(ResolutionError) -> StackTensors.Affine {
    StackTensors.Affine(
      weight: try table.take(prefix + layer + name),
      bias: try bias.map { (bias) throws(ResolutionError) in
        try table.take(prefix + layer + bias)
      })
  }

  mutating func headPart(
    _ part: NameScheme.Part
  ) throws(ResolutionError) -> StackTensors.Affine {
    try take(part.name.replacing("#", with: prefix), part.bias)
  }

  private mutating func take(
    _ name: String, _ bias: NameScheme.Bias
  ) throws(ResolutionError) -> StackTensors.Affine {
    let hasBias: Bool
    switch bias {
    case .always: hasBias = true
    case .never: hasBias = false
    case .key(let key, let fallback):
      hasBias = try reading { () throws(ModelFilesError) in try config.bool(key) } ?? fallback
    }
    // Very old files name the tensors of norms gamma and beta.
    return StackTensors.Affine(
      weight: try table.take(name + ".weight", or: name + ".gamma"),
      bias: hasBias ? try table.take(name + ".bias", or: name + ".beta") : nil)
  }
}
