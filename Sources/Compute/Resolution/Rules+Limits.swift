internal import JSON
internal import ModelFiles

/// The token limit and the width of embeddings.
extension Rule {
  static let limits: [Rule] = [
    // Queries and documents have lengths of their own, each within this.
    Rule("token-limit.late-interaction", sets: .tokenLimit, reads: [.family, .interaction]) {
      (facts, metadata) throws(ResolutionError) in
      guard let settings = facts[.interaction].settings else { return nil }
      let limit = max(settings.query.lengthMax, settings.document.lengthMax)
      let usable = try usablePositions(metadata, family: facts[.family])
      guard limit <= usable else {
        throw ResolutionError(
          .malformed,
          "\(metadata.path): queries or documents of \(limit) tokens are asked for, but the model "
            + "has only \(usable) positions (max_position_embeddings of config.json)")
      }
      return limit
    },
    // Alone it is enough; vLLM takes it only with `do_lower_case` beside it.
    Rule("token-limit.sentence-config", sets: .tokenLimit, reads: [.family]) {
      (facts, metadata) throws(ResolutionError) in
      guard let config = metadata.sentenceConfig else { return nil }
      let limit = try reading { () throws(ModelFilesError) in
        try config.int("max_seq_length", in: 1...Int.max)
      }
      guard let limit else { return nil }
      let usable = try usablePositions(metadata, family: facts[.family])
      guard limit <= usable else {
        throw ResolutionError(
          config.error(
            .malformed, "max_seq_length",
            "is \(limit), but the model has only \(usable) positions (max_position_embeddings of "
              + "config.json)"))
      }
      return limit
    },
    Rule("token-limit.tokenizer-config", sets: .tokenLimit, reads: [.family]) {
      (facts, metadata) throws(ResolutionError) in
      guard let config = metadata.tokenizerConfig else { return nil }
      let length = try reading { () throws(ModelFilesError) in
        try config.double("model_max_length")
      }
      // transformers writes 10³⁰ for "unknown".
      guard let length, length < 1e6 else { return nil }
      guard let limit = Int(exactly: length), limit > 0 else {
        throw ResolutionError(
          config.error(.malformed, "model_max_length", "is \(length), which is no token count"))
      }
      return limit < (try usablePositions(metadata, family: facts[.family])) ? limit : nil
    },
    Rule("token-limit.scaled-positions", sets: .tokenLimit, reads: [.family]) {
      (facts, metadata) throws(ResolutionError) in
      try reading { () throws(ModelFilesError) in
        try FamilyFacts.of(facts[.family]).scaledPositions(metadata.config)
      }
    },
    Rule("token-limit.positions", sets: .tokenLimit, reads: [.family]) {
      (facts, metadata) throws(ResolutionError) in
      try usablePositions(metadata, family: facts[.family])
    },
    Rule("max-tokens.override", sets: .maxTokens, reads: [.tokenLimit]) {
      (facts, metadata) throws(ResolutionError) in
      guard let maxTokens = metadata.overrides.maxTokens else { return nil }
      guard maxTokens >= 1, maxTokens <= facts[.tokenLimit] else {
        throw ResolutionError(
          .invalidOverride,
          "max tokens \(maxTokens): must be 1 to \(facts[.tokenLimit]), the model's limit")
      }
      return maxTokens
    },
    Rule("max-tokens.token-limit", sets: .maxTokens, reads: [.tokenLimit]) {
      (facts, _) throws(ResolutionError) in
      facts[.tokenLimit]
    },
    Rule("dimensions.not-embedding", sets: .dimensions, reads: [.task]) {
      (facts, _) throws(ResolutionError) in
      [.embed, .tokenEmbed].contains(facts[.task]) ? nil : Dimensions(width: nil, allowed: [])
    },
    Rule("dimensions.vocabulary", sets: .dimensions, reads: [.outputs]) {
      (facts, metadata) throws(ResolutionError) in
      guard facts[.outputs].list.first == .sparse else { return nil }
      let size = try reading { () throws(ModelFilesError) in
        try metadata.config.requireInt("vocab_size", in: 1...Int(Int32.max))
      }
      return Dimensions(width: size, allowed: [])
    },
    // The map to token vectors lies among the weights of Stanford's ColBERT.
    Rule("dimensions.colbert-linear", sets: .dimensions, reads: [.architecture, .modules]) {
      (facts, metadata) throws(ResolutionError) in
      guard Registry.entries[facts[.architecture]]?.head == .tokenEmbedding,
        facts[.modules].kinds == nil,
        let width = metadata.tensors.first(where: { $0.name == "linear.weight" })?.shape.first
      else { return nil }
      return try embeddingDimensions(metadata, width: width)
    },
    Rule("dimensions.dense-module", sets: .dimensions, reads: [.dense]) {
      (facts, metadata) throws(ResolutionError) in
      guard let last = facts[.dense].list.last else { return nil }
      return try embeddingDimensions(metadata, width: last.outFeatures)
    },
    Rule("dimensions.hidden-size", sets: .dimensions, reads: [.family, .task, .pooling]) {
      (facts, metadata) throws(ResolutionError) in
      let columns = try hiddenSize(metadata, facts[.family])
      // Joined poolings give as many vectors side by side.
      let count = facts[.task] == .embed ? facts[.pooling].list.count : 1
      return try embeddingDimensions(metadata, width: columns * count)
    },
  ]

  /// How many tokens the model has positions for.
  private static func usablePositions(
    _ metadata: ModelMetadata, family: ModelFamily
  ) throws(ResolutionError) -> Int {
    try reading { () throws(ModelFilesError) in
      try FamilyFacts.of(family).usablePositions(metadata.config)
    }
  }

  /// Columns of the hidden states.
  static func hiddenSize(
    _ metadata: ModelMetadata, _ family: ModelFamily
  ) throws(ResolutionError) -> Int {
    try reading { () throws(ModelFilesError) in
      try FamilyFacts.int(
        FamilyFacts.of(family).hiddenSizeKeys, in: 1...1 << 20, metadata.config)
    }
  }

  private static func embeddingDimensions(
    _ metadata: ModelMetadata, width: Int
  ) throws(ResolutionError) -> Dimensions {
    let config = metadata.config
    var initial: Int?
    if let config = metadata.sentenceTransformersConfig {
      initial = try reading { () throws(ModelFilesError) in
        try config.int("truncate_dim", in: 1...width)
      }
    }
    var allowed: [Int] = []
    if let list = config["matryoshka_dimensions"] {
      for element in list.elements {
        guard let length = element.int, length >= 1, length <= width else {
          throw ResolutionError(
            config.error(
              .malformed, "matryoshka_dimensions", "holds something that is not 1 to \(width)"))
        }
        allowed.append(length)
      }
      guard !allowed.isEmpty else {
        throw ResolutionError(
          config.error(.malformed, "matryoshka_dimensions", "is not a list of lengths"))
      }
    }
    return Dimensions(width: width, allowed: allowed, initial: initial == width ? nil : initial)
  }
}
