internal import JSON
internal import ModelFiles

/// Models that answer for tokens, or sparsely: which they are, and what is done with the class.
extension Rule {
  /// sentence-transformers' SPLADE runs the class with its own head.
  static let conversionOfSplade = Rule("conversion.splade-module", sets: .conversion) {
    (_, metadata) throws(ResolutionError) in
    metadata.lists(.spladePooling) ? Conversion.none : nil
  }

  /// Dense without Pooling: PyLate's ColBERT. The head of whatever class it was saved from is off.
  static let conversionOfTokenModules = Rule("conversion.token-modules", sets: .conversion) {
    (_, metadata) throws(ResolutionError) in
    hasTokenModules(metadata) ? .embedding : nil
  }

  static let conversionOfReward = Rule(
    "conversion.reward-class", sets: .conversion, reads: [.architecture]
  ) { (facts, _) throws(ResolutionError) in
    Registry.entries[facts[.architecture]]?.head.isReward == true ? .reward : nil
  }

  static let taskOverride = Rule("task.override", sets: .task) {
    (_, metadata) throws(ResolutionError) in metadata.overrides.task
  }

  static let taskOfTokenModules = Rule("task.token-modules", sets: .task) {
    (_, metadata) throws(ResolutionError) in hasTokenModules(metadata) ? .tokenEmbed : nil
  }

  /// Whether `modules.json` maps the vectors of tokens and pools nothing.
  private static func hasTokenModules(_ metadata: ModelMetadata) -> Bool {
    metadata.lists(.dense) && !metadata.lists(.pooling) && !metadata.lists(.spladePooling)
  }

  static let outputKinds: [Rule] = [
    Rule("sparse-head.none", sets: .sparse, reads: [.task]) {
      (facts, _) throws(ResolutionError) in
      facts[.task] == .embed ? nil : SparseChoice()
    },
    Rule("sparse-head.splade-module", sets: .sparse) { (_, metadata) throws(ResolutionError) in
      guard let module = metadata.modules?.first(where: { $0.kind == .spladePooling }) else {
        return nil
      }
      return SparseChoice(head: try splade(module, metadata))
    },
    Rule("sparse-head.class", sets: .sparse, reads: [.architecture, .conversion]) {
      (facts, _) throws(ResolutionError) in
      guard Registry.entries[facts[.architecture]]?.head == .sparseEmbedding,
        facts[.conversion] == .none
      else { return nil }
      return SparseChoice(head: .languageModel(logarithms: 1))
    },
    Rule("sparse-head.bge-m3-file", sets: .sparse) { (_, metadata) throws(ResolutionError) in
      guard metadata.heads["sparse_linear.pt"] != nil else { return nil }
      return SparseChoice(head: .tokenWeights(specialIDs: specialIDs(metadata)))
    },
    Rule("sparse-head.not-sparse", sets: .sparse) { (_, _) throws(ResolutionError) in
      SparseChoice()
    },
    Rule("outputs.task", sets: .outputs, reads: [.task, .sparse]) {
      (facts, _) throws(ResolutionError) in
      switch facts[.task] {
      case .tokenEmbed: return OutputList(list: [.tokens])
      case .classify, .tokenClassify: return OutputList(list: [])
      case .embed:
        switch facts[.sparse].head {
        case nil: return OutputList(list: [.vector, .tokens])
        case .languageModel: return OutputList(list: [.sparse])
        case .tokenWeights: return OutputList(list: [.vector, .sparse, .tokens])
        }
      }
    },
    stepTag,
    Rule("token-rows.step-token", sets: .tokenRows, reads: [.architecture, .task]) {
      (facts, metadata) throws(ResolutionError) in
      guard Registry.entries[facts[.architecture]]?.head == .processReward,
        facts[.task] == .tokenClassify
      else { return nil }
      return try stepToken(metadata)
    },
    Rule("token-rows.all", sets: .tokenRows) { (_, _) throws(ResolutionError) in TokenRows.all },
  ]

  /// The settings of a SpladePooling module.
  private static func splade(
    _ module: SentenceModule, _ metadata: ModelMetadata
  ) throws(ResolutionError) -> SparseHead {
    if let config = metadata.sentenceTransformersConfig {
      let key = "similarity_fn_name"
      let name = try reading { () throws(ModelFilesError) in try config.string(key) }
      if let name, name != "dot" {
        throw ResolutionError(
          config.error(
            .unsupported, key,
            "is \(name.quotedForMessage); sparse weights are compared by dot only"))
      }
    }
    guard let config = module.config else { return .languageModel(logarithms: 1) }
    return try reading { () throws(ModelFilesError) in
      let pooling = try config.string("pooling_strategy") ?? "max"
      guard pooling == "max" else {
        throw config.error(
          .unsupported, "pooling_strategy",
          "is \(pooling.quotedForMessage), which cannot be run; max can")
      }
      let function = try config.string("activation_function") ?? "relu"
      guard let logarithms = ["relu": 1, "log1p_relu": 2][function] else {
        throw config.error(
          .unsupported, "activation_function",
          "is \(function.quotedForMessage), which cannot be run; relu and log1p_relu can")
      }
      return .languageModel(logarithms: logarithms)
    }
  }

  /// The tokens that FlagEmbedding gives no weight.
  private static func specialIDs(_ metadata: ModelMetadata) -> [Int32] {
    let kinds = [
      ("cls_token", "<s>"), ("eos_token", "</s>"), ("pad_token", "<pad>"), ("unk_token", "<unk>"),
    ]
    let ids = kinds.compactMap { key, usual -> Int32? in
      let value = metadata.tokenizerConfig?[key]
      let name = value?.string ?? value?["content"]?.string ?? usual
      return tokenID(name, metadata.tokenizer).flatMap(Int32.init(exactly:))
    }
    return Set(ids).sorted()
  }

  /// The token at whose places a process reward model judges: Qwen's model card puts `<extra_0>`
  /// behind each step.
  private static func stepToken(_ metadata: ModelMetadata) throws(ResolutionError) -> TokenRows {
    let spelling = "<extra_0>"
    guard let id = tokenID(spelling, metadata.tokenizer).flatMap(Int32.init(exactly:)) else {
      throw ResolutionError(
        .missing,
        "\(metadata.path)/tokenizer.json: the step token \(spelling.quotedForMessage) of a "
          + "process reward model is not in the vocabulary")
    }
    return .step(id: id, spelling: spelling)
  }
}
