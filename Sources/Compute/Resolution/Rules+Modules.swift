internal import JSON
internal import ModelFiles

/// The modules of sentence-transformers: their list, the pooling and the normalisation.
extension Rule {
  static let modules: [Rule] = [
    Rule("modules.none", sets: .modules) { (_, metadata) throws(ResolutionError) in
      metadata.modules == nil ? ModuleList(kinds: nil) : nil
    },
    modulesOfOtherTask,
    Rule("modules.file-order", sets: .modules, reads: [.task, .sparse]) {
      (facts, metadata) throws(ResolutionError) in
      try checkModelType(metadata, task: facts[.task])
      let kinds = try moduleKinds(metadata)
      let allowed: [[SentenceModule.Kind]] =
        switch facts[.task] {
        case .embed where facts[.sparse].head != nil && !metadata.lists(.pooling):
          [[.transformer, .spladePooling]]
        case .embed: [[.transformer, .pooling], [.transformer, .pooling, .normalize]]
        // What `--task token-embed` finds for one vector is left off.
        case .tokenEmbed where metadata.lists(.pooling):
          [[.transformer, .pooling], [.transformer, .pooling, .normalize]]
        case .classify: [[.transformer], [.transformer, .logitScore]]
        case .tokenEmbed, .tokenClassify: [[.transformer]]
        }
      // Any number of maps and norms may follow the pooling.
      var rest = kinds
      if facts[.task] == .embed {
        let steps: [SentenceModule.Kind] = [.dense, .layerNorm, .dropout]
        while rest.count > 2, rest[1] == .pooling, steps.contains(rest[2]) { rest.remove(at: 2) }
      } else if facts[.task] == .tokenEmbed {
        while rest.count > 1, rest[1] == .dense { rest.remove(at: 1) }
      }
      guard allowed.contains(rest) else {
        let wanted = allowed.map { $0.map(\.rawValue).joined(separator: ", ") }
        throw ResolutionError(
          .unsupported,
          "\(metadata.modulesPath): the modules are "
            + "\(kinds.map(\.rawValue).joined(separator: ", ")), but the task "
            + "\(facts[.task].rawValue) takes \(wanted.joined(separator: " or ")) in this order")
      }
      return ModuleList(kinds: kinds)
    },
    Rule("pooling.override", sets: .pooling, reads: [.task, .outputs]) {
      (facts, metadata) throws(ResolutionError) in
      guard let pooling = metadata.overrides.pooling else { return nil }
      guard facts[.outputs].list.first != .sparse else {
        throw ResolutionError(
          .invalidOverride,
          "pooling \(pooling.rawValue): the weights of a vocabulary are pooled by their head")
      }
      guard facts[.task] != .tokenEmbed, facts[.task] != .tokenClassify else {
        throw ResolutionError(
          .invalidOverride,
          "pooling \(pooling.rawValue): the task \(facts[.task].rawValue) pools nothing")
      }
      guard facts[.task] == .embed else {
        throw ResolutionError(
          .invalidOverride,
          "pooling \(pooling.rawValue): the pooling of a classifier belongs to "
            + "its head and cannot be chosen")
      }
      return Poolings(pooling)
    },
    Rule("pooling.module-config", sets: .pooling, reads: [.task, .family]) {
      (facts, metadata) throws(ResolutionError) in
      guard facts[.task] == .embed else { return nil }
      return try poolingOfModule(metadata, facts[.family])
    },
    Rule("pooling.classifier-config", sets: .pooling, reads: [.task, .family]) {
      (facts, metadata) throws(ResolutionError) in
      guard facts[.task] == .classify, facts[.family] == .modernBert else { return nil }
      let config = metadata.config
      let name = try reading { () throws(ModelFilesError) in
        try config.string("classifier_pooling")
      }
      guard let name else { return nil }
      guard let pooling = ["cls": Pooling.cls, "mean": .mean][name] else {
        throw ResolutionError(
          config.error(
            .unsupported, "classifier_pooling",
            "is \(name.quotedForMessage), which cannot be run; cls and mean can"))
      }
      return Poolings(pooling)
    },
    bidirectionalPooling,
    Rule("pooling.class-default", sets: .pooling, reads: [.architecture]) {
      (facts, _) throws(ResolutionError) in
      (Registry.entries[facts[.architecture]]?.pooling).map { Poolings($0) }
    },
    Rule("dense.module-configs", sets: .dense, reads: [.task, .family, .pooling]) {
      (facts, metadata) throws(ResolutionError) in
      guard [.embed, .tokenEmbed].contains(facts[.task]) else { return DenseModules() }
      let columns = try hiddenSize(metadata, facts[.family])
      let count = facts[.task] == .embed ? facts[.pooling].list.count : 1
      return try vectorModules(metadata, width: columns * count)
    },
    normalizeOverride,
    Rule("normalize.not-embedding", sets: .normalize, reads: [.task]) {
      (facts, _) throws(ResolutionError) in
      switch facts[.task] {
      case .embed: nil
      // MaxSim compares directions: ColBERT normalises, with or without a module that says so.
      case .tokenEmbed: true
      case .classify, .tokenClassify: false
      }
    },
    Rule("normalize.module-list", sets: .normalize, reads: [.modules]) {
      (facts, _) throws(ResolutionError) in
      facts[.modules].kinds.map { $0.contains(.normalize) }
    },
    // A plain transformers model: vLLM normalises, and cosine Score does not see the difference.
    Rule("normalize.class-default", sets: .normalize) { (_, _) throws(ResolutionError) in true },
  ]

  /// sentence-transformers says since 5.0 which of its own classes a directory is made for.
  private static func checkModelType(
    _ metadata: ModelMetadata, task: Task
  ) throws(ResolutionError) {
    guard let config = metadata.sentenceTransformersConfig else { return }
    let type = try reading { () throws(ModelFilesError) in try config.string("model_type") }
    guard let type, metadata.overrides.task == nil else { return }
    let expected =
      switch task {
      case .embed: metadata.lists(.spladePooling) ? "SparseEncoder" : "SentenceTransformer"
      case .tokenEmbed: "ColBERT"
      case .classify, .tokenClassify: "CrossEncoder"
      }
    guard type == expected else {
      throw ResolutionError(
        config.error(
          .unsupported, "model_type",
          "is \(type.quotedForMessage), but the task \(task.rawValue) takes \(expected)"))
    }
  }

  private static func moduleKinds(
    _ metadata: ModelMetadata
  ) throws(ResolutionError) -> [SentenceModule.Kind] {
    var kinds: [SentenceModule.Kind] = []
    for (index, module) in (metadata.modules ?? []).enumerated() {
      guard let kind = module.kind else {
        throw ResolutionError(
          .unsupported,
          "\(metadata.modulesPath): [\(index)].type is "
            + "\(module.type.quotedForMessage), which cannot be run; Transformer, Pooling, "
            + "Dense, LayerNorm, Dropout, Normalize, LogitScore and SpladePooling can")
      }
      if kind == .transformer && !module.path.isEmpty {
        throw ResolutionError(
          .unsupported,
          "\(metadata.modulesPath): [\(index)].path is "
            + "\(module.path.quotedForMessage), but the transformer's files must lie in the "
            + "directory itself")
      }
      kinds.append(kind)
    }
    return kinds
  }

  private static func poolingOfModule(
    _ metadata: ModelMetadata, _ family: ModelFamily
  ) throws(ResolutionError) -> Poolings? {
    guard let module = metadata.modules?.first(where: { $0.kind == .pooling }) else { return nil }
    guard let config = module.config else {
      throw ResolutionError(
        .missing,
        "\(metadata.path)/\(module.path)/config.json is missing, which modules.json "
          + "needs for the pooling")
    }
    try checkWidth(config, metadata, family)
    return try PoolingConfig.poolings(config)
  }

  private static func checkWidth(
    _ config: ConfigFile, _ metadata: ModelMetadata, _ family: ModelFamily
  ) throws(ResolutionError) {
    let hiddenSize = try hiddenSize(metadata, family)
    for key in ["embedding_dimension", "word_embedding_dimension"] {
      let width = try reading { () throws(ModelFilesError) in try config.int(key) }
      if let width, width != hiddenSize {
        throw ResolutionError(
          config.error(
            .malformed, key,
            "is \(width), but hidden_size of config.json is \(hiddenSize)"))
      }
    }
  }
}
