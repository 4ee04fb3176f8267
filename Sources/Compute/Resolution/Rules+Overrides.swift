internal import ModelFiles

/// What the operator decides. The rest of such rules stand beside those that they go before.
extension Rule {
  static let architectureOverride = Rule(
    "architecture.override", sets: .architecture
  ) { (_, metadata) throws(ResolutionError) in metadata.overrides.architecture }

  /// A conversion alone; it must be one that leads to the task, if that is asked for too.
  static let conversionOverride = Rule(
    "conversion.override", sets: .conversion, reads: [.architecture]
  ) { (facts, metadata) throws(ResolutionError) in
    guard let conversion = metadata.overrides.conversion else { return nil }
    let entry = Registry.entries[facts[.architecture]]
    let isPossible =
      switch conversion {
      // Then the class does it.
      case .none: entry?.head != .languageModel
      case .embedding, .sequenceClassification: true
      case .reward: false
      }
    guard isPossible else {
      throw ResolutionError(
        .invalidOverride,
        "conversion \(conversion.rawValue): \(facts[.architecture]) cannot be served so")
    }
    let task: Task? =
      switch conversion {
      case .none: entry?.task
      case .embedding: .embed
      case .sequenceClassification, .reward: .classify
      }
    if let asked = metadata.overrides.task, asked != task {
      throw ResolutionError(
        .invalidOverride,
        "conversion \(conversion.rawValue) does not give the task \(asked.rawValue)")
    }
    return conversion
  }

  /// The operator asks for another task than the one that the modules describe: they say nothing of
  /// it, and whether the weights can do it is told by the tensors.
  static let modulesOfOtherTask = Rule(
    "modules.other-task", sets: .modules, reads: [.task]
  ) { (facts, metadata) throws(ResolutionError) in
    guard metadata.overrides.task != nil || metadata.overrides.conversion != nil else { return nil }
    let arePooled = metadata.lists(.pooling)
    let isOther =
      switch facts[.task] {
      case .embed: !arePooled
      // Of modules that pool, --task token-embed leaves the pooling off.
      case .tokenEmbed: false
      case .classify, .tokenClassify: arePooled
      }
    return isOther ? ModuleList(kinds: nil) : nil
  }

  static let normalizeOverride = Rule(
    "normalize.override", sets: .normalize, reads: [.task]
  ) { (facts, metadata) throws(ResolutionError) in
    guard let normalize = metadata.overrides.normalize else { return nil }
    guard facts[.task] == .embed || facts[.task] == .tokenEmbed else {
      throw ResolutionError(.invalidOverride, "normalize: a classifier has nothing to normalise")
    }
    return normalize
  }

  static let labelsOverride = Rule(
    "labels.override", sets: .labels, reads: [.task, .tokenHead]
  ) { (facts, metadata) throws(ResolutionError) in
    guard let labels = metadata.overrides.labels else { return nil }
    guard facts[.task] == .classify || facts[.task] == .tokenClassify else {
      throw ResolutionError(
        .invalidOverride, "labels: the task \(facts[.task].rawValue) has none")
    }
    guard !labels.isEmpty else {
      throw ResolutionError(.invalidOverride, "labels: there is none")
    }
    if let head = facts[.tokenHead].head {
      let count = head.method == .fromTwoWaySoftmax ? 1 : head.tokens.count
      guard labels.count == count else {
        throw ResolutionError(
          .invalidOverride,
          "labels: \(labels.count), but the head of classifier_from_token has \(count)")
      }
    }
    return labels
  }

  static let activationOverride = Rule(
    "activation.override", sets: .activation, reads: [.task, .labels]
  ) { (facts, metadata) throws(ResolutionError) in
    guard let activation = metadata.overrides.activation else { return nil }
    guard facts[.task] != .embed else {
      throw ResolutionError(
        .invalidOverride, "activation \(activation.rawValue): the task embed has none")
    }
    guard activation != .softmax || facts[.labels].count > 1 else {
      throw ResolutionError(
        .invalidOverride, "activation softmax: it makes 1 of the model's only output")
    }
    return activation
  }
}
