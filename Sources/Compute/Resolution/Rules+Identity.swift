internal import JSON
internal import ModelFiles

/// Which class, and what is to be done with it.
extension Rule {
  static let identity: [Rule] =
    [
      architectureOverride,
      Rule("architecture.config-architectures", sets: .architecture) {
        (_, metadata) throws(ResolutionError) in
        guard let list = metadata.config["architectures"] else { return nil }
        guard let name = list[0]?.string else {
          throw ResolutionError(
            metadata.config.error(.malformed, "architectures", "is not a list of class names"))
        }
        return name
      },
      Rule("architecture.config-model-type", sets: .architecture) {
        (_, metadata) throws(ResolutionError) in
        let config = metadata.config
        let type = try reading { () throws(ModelFilesError) in try config.string("model_type") }
        guard let type else {
          throw ResolutionError(config.error(.missing, "architectures", "is missing"))
        }
        guard let name = Registry.classOfModelType[type] else {
          throw ResolutionError(
            config.error(
              .unsupported, "model_type",
              "is \(type.quotedForMessage), which cannot be served; architectures is missing"))
        }
        return name
      },
      Rule("family.registered-name", sets: .family, reads: [.architecture]) {
        (facts, metadata) throws(ResolutionError) in
        guard let entry = Registry.entries[facts[.architecture]] else {
          throw unservable(facts[.architecture], metadata)
        }
        if entry.head == .tokenEmbedding { try checkColBERTType(metadata) }
        return entry.family
      },
    ] + checkpoint + conversion

  private static let conversion: [Rule] = [
    conversionOverride,
    Rule("conversion.task-override", sets: .conversion, reads: [.architecture]) {
      (facts, metadata) throws(ResolutionError) in
      guard let task = metadata.overrides.task else { return nil }
      if let native = nativeConversion(facts[.architecture]), native.task == task {
        return native.conversion
      }
      switch task {
      case .embed, .tokenEmbed: return .embedding
      case .classify: return .sequenceClassification
      case .tokenClassify where metadata.overrides.returnedTokenIDs != nil: return Conversion.none
      case .tokenClassify:
        throw ResolutionError(
          .invalidOverride,
          "task token-classify: \(facts[.architecture].quotedForMessage) has no head that "
            + "classifies tokens; XForTokenClassification and Qwen2ForProcessRewardModel have")
      }
    },
    conversionOfSplade,
    // A Pooling module says that the author serves the model as an embedding, whatever class the
    // weights were saved from: sentence-transformers loads it without the head. vLLM classifies.
    Rule("conversion.pooling-module", sets: .conversion, reads: [.architecture]) {
      (facts, metadata) throws(ResolutionError) in
      guard metadata.lists(.pooling), Registry.entries[facts[.architecture]]?.task == .classify
      else { return nil }
      return .embedding
    },
    logitScoreConversion,
    conversionOfTokenModules,
    conversionOfReward,
    // The configuration says what to make a classifier of; vLLM asks for another class name too.
    Rule("conversion.token-head", sets: .conversion, reads: [.architecture]) {
      (facts, metadata) throws(ResolutionError) in
      let isLanguageModel = Registry.entries[facts[.architecture]]?.head == .languageModel
      return isLanguageModel && asksForTokenHead(metadata) ? .sequenceClassification : nil
    },
    knownCheckpointConversion,
    // We only do pooling: a language model embeds, whatever its name says. vLLM would generate.
    Rule("conversion.language-model", sets: .conversion, reads: [.architecture]) {
      (facts, _) throws(ResolutionError) in
      Registry.entries[facts[.architecture]]?.head == .languageModel ? .embedding : nil
    },
    // A decoder's classifier is the backbone with a score of the last token: the adapter does it.
    Rule("conversion.decoder-classifier", sets: .conversion, reads: [.architecture]) {
      (facts, _) throws(ResolutionError) in
      let native = nativeConversion(facts[.architecture])?.conversion
      return native == .sequenceClassification ? native : nil
    },
    Rule("conversion.native-class", sets: .conversion) { (_, _) throws(ResolutionError) in
      Conversion.none
    },
    taskOverride,
    taskOfTokenModules,
    Rule("task.conversion", sets: .task, reads: [.conversion]) {
      (facts, _) throws(ResolutionError) in
      switch facts[.conversion] {
      case .none, .reward: nil
      case .embedding: .embed
      case .sequenceClassification: .classify
      }
    },
    Rule("task.native-class", sets: .task, reads: [.architecture]) {
      (facts, _) throws(ResolutionError) in
      Registry.entries[facts[.architecture]]?.task
    },
  ]

  /// HF_ColBERT names no backbone: BERT's is the one there is.
  private static func checkColBERTType(_ metadata: ModelMetadata) throws(ResolutionError) {
    let config = metadata.config
    let type = try reading { () throws(ModelFilesError) in try config.string("model_type") }
    guard let type, type != "bert" else { return }
    throw ResolutionError(
      config.error(
        .unsupported, "model_type",
        "is \(type.quotedForMessage) under the architecture HF_ColBERT; bert can be served"))
  }

  private static func unservable(
    _ architecture: String, _ metadata: ModelMetadata
  ) -> ResolutionError {
    let reason =
      Registry.refusals[architecture]
      ?? "which cannot be served; these can, before Model, ForSequenceClassification, "
      + "ForTokenClassification, and ForMaskedLM or ForCausalLM: " + Registry.supportedStems
    let name = architecture.quotedForMessage
    if metadata.overrides.architecture != nil {
      return ResolutionError(.invalidOverride, "architectures is \(name), \(reason)")
    }
    return ResolutionError(
      metadata.config.error(.unsupported, "architectures", "is \(name), \(reason)"))
  }

  /// What a class does without an override, and what that takes.
  private static func nativeConversion(
    _ architecture: String
  ) -> (task: Task, conversion: Conversion)? {
    guard let entry = Registry.entries[architecture] else { return nil }
    switch entry.head {
    case .none, .tokenEmbedding, .tokenClassification, .sparseEmbedding:
      return (entry.task, .none)
    case .reward, .processReward: return (entry.task, .reward)
    case .languageModel: return (.embed, .embedding)
    case .sequenceClassification:
      let isDecoder = FamilyFacts.of(entry.family).isDecoder
      return (.classify, isDecoder ? .sequenceClassification : .none)
    }
  }
}
