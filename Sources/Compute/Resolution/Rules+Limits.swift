internal import JSON
internal import ModelFiles

/// The token limit and the width of embeddings.
extension Rule {
  static let limits: [Rule] = [
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
      facts[.task] == .embed ? nil : Dimensions(width: nil, allowed: [])
    },
    Rule("dimensions.dense-module", sets: .dimensions, reads: [.dense]) {
      (facts, metadata) throws(ResolutionError) in
      guard let last = facts[.dense].list.last else { return nil }
      return try embeddingDimensions(metadata, width: last.outFeatures)
    },
    Rule("dimensions.hidden-size", sets: .dimensions, reads: [.family]) {
      (facts, metadata) throws(ResolutionError) in
      let width = try hiddenSize(metadata, facts[.family])
      return try embeddingDimensions(metadata, width: width)
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
    if let config = metadata.sentenceTransformersConfig {
      let cut = try reading { () throws(ModelFilesError) in try config.int("truncate_dim") }
      if let cut, cut != width {
        throw ResolutionError(
          config.error(
            .unsupported, "truncate_dim",
            "is \(cut): a default length below the model's \(width) is not supported"))
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
    return Dimensions(width: width, allowed: allowed)
  }
}
