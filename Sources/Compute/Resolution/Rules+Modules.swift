internal import JSON
internal import ModelFiles

/// The modules of sentence-transformers: their list, the pooling and the normalisation.
extension Rule {
  static let modules: [Rule] = [
    Rule("modules.none", sets: .modules) { (_, metadata) throws(ResolutionError) in
      metadata.modules == nil ? ModuleList(kinds: nil) : nil
    },
    Rule("modules.file-order", sets: .modules, reads: [.task]) {
      (facts, metadata) throws(ResolutionError) in
      try checkModelType(metadata, task: facts[.task])
      let kinds = try moduleKinds(metadata)
      let allowed: [[SentenceModule.Kind]] =
        switch facts[.task] {
        case .embed: [[.transformer, .pooling], [.transformer, .pooling, .normalize]]
        case .classify: [[.transformer]]
        }
      guard allowed.contains(kinds) else {
        let wanted = allowed.map { $0.map(\.rawValue).joined(separator: ", ") }
        throw ResolutionError(
          .unsupported,
          "\(metadata.modulesPath): the modules are "
            + "\(kinds.map(\.rawValue).joined(separator: ", ")), but the task "
            + "\(facts[.task].rawValue) takes \(wanted.joined(separator: " or ")) in this order")
      }
      return ModuleList(kinds: kinds)
    },
    Rule("pooling.override", sets: .pooling, reads: [.task]) {
      (facts, metadata) throws(ResolutionError) in
      guard let pooling = metadata.overrides.pooling else { return nil }
      guard facts[.task] == .embed else {
        throw ResolutionError(
          .invalidOverride,
          "pooling \(pooling.rawValue): the pooling of a classifier belongs to "
            + "its head and cannot be chosen")
      }
      return pooling
    },
    Rule("pooling.module-config", sets: .pooling, reads: [.task]) {
      (facts, metadata) throws(ResolutionError) in
      guard facts[.task] == .embed else { return nil }
      return try poolingOfModule(metadata)
    },
    Rule("pooling.class-default", sets: .pooling, reads: [.architecture]) {
      (facts, _) throws(ResolutionError) in
      Registry.entries[facts[.architecture]]?.pooling
    },
    Rule("normalize.not-embedding", sets: .normalize, reads: [.task]) {
      (facts, _) throws(ResolutionError) in
      facts[.task] == .embed ? nil : false
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
    let expected = task == .embed ? "SentenceTransformer" : "CrossEncoder"
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
            + "\(module.type.quotedForMessage), which cannot be run; Transformer, Pooling and "
            + "Normalize can")
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
    _ metadata: ModelMetadata
  ) throws(ResolutionError) -> Pooling? {
    guard let module = metadata.modules?.first(where: { $0.kind == .pooling }) else { return nil }
    guard let config = module.config else {
      throw ResolutionError(
        .missing,
        "\(metadata.path)/\(module.path)/config.json is missing, which modules.json "
          + "needs for the pooling")
    }
    try checkWidth(config, metadata)
    return try PoolingConfig.pooling(config)
  }

  private static func checkWidth(
    _ config: ConfigFile, _ metadata: ModelMetadata
  ) throws(ResolutionError) {
    let hiddenSize = try reading { () throws(ModelFilesError) in
      try metadata.config.int("hidden_size")
    }
    for key in ["embedding_dimension", "word_embedding_dimension"] {
      let width = try reading { () throws(ModelFilesError) in try config.int(key) }
      if let width, let hiddenSize, width != hiddenSize {
        throw ResolutionError(
          config.error(
            .malformed, key,
            "is \(width), but hidden_size of config.json is \(hiddenSize)"))
      }
    }
  }
}

/// The settings of a Pooling module, in the layout before sentence-transformers 5.4 (one boolean
/// for each mode) and since (one string, or a list of them).
enum PoolingConfig {
  private static let oldKeyPrefix = "pooling_mode_"

  /// Throws `.unsupported` for modes that cannot be run and for several at once, `.malformed` for
  /// none.
  static func pooling(_ config: ConfigFile) throws(ResolutionError) -> Pooling {
    if let mode = config["pooling_mode"] {
      let modes = mode.kind == .array ? Array(mode.elements) : [mode]
      guard modes.count == 1, let name = modes[0].string else {
        throw ResolutionError(
          config.error(
            .unsupported, "pooling_mode", "is not one mode; joined poolings cannot be run"))
      }
      guard let pooling = ["cls": Pooling.cls, "mean": .mean][name] else {
        throw ResolutionError(
          config.error(
            .unsupported, "pooling_mode",
            "is \(name.quotedForMessage), which cannot be run; cls and mean can"))
      }
      return pooling
    }
    return try poolingByFlags(config)
  }

  private static func poolingByFlags(_ config: ConfigFile) throws(ResolutionError) -> Pooling {
    var chosen: [String] = []
    for member in config.json.members {
      let key = String(decoding: member.key, as: UTF8.self)
      guard key.hasPrefix(oldKeyPrefix), !chosen.contains(key) else { continue }
      let isChosen = try reading { () throws(ModelFilesError) in try config.bool(key) }
      if isChosen == true { chosen.append(key) }
    }
    guard let key = chosen.first else {
      throw ResolutionError(
        config.error(.malformed, "pooling_mode", "and all pooling_mode_… are absent or false"))
    }
    guard chosen.count == 1 else {
      throw ResolutionError(
        config.error(
          .unsupported, chosen.joined(separator: " and "),
          "are true at once; joined poolings cannot be run"))
    }
    switch key {
    case "pooling_mode_cls_token": return .cls
    case "pooling_mode_mean_tokens": return .mean
    default:
      throw ResolutionError(
        config.error(
          .unsupported, key,
          "is true, which cannot be run; pooling_mode_cls_token and pooling_mode_mean_tokens can"))
    }
  }
}
