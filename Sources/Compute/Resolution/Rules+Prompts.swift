internal import JSON
internal import ModelFiles

/// Prompts beyond those of embeddings, and what poolings make of them.
extension Rule {
  /// A sentence-transformers cross-encoder (5.4 and later) may have prompts. In a score template
  /// they are instructions; else one is put before the query.
  static let crossEncoderPrompts = Rule(
    "prompts.cross-encoder-config", sets: .prompts, reads: [.task]
  ) { (facts, metadata) throws(ResolutionError) in
    guard facts[.task] == .classify, let config = metadata.sentenceTransformersConfig else {
      return nil
    }
    let type = try reading { () throws(ModelFilesError) in try config.string("model_type") }
    return type == "CrossEncoder" ? try prompts(config) : nil
  }

  /// The prompts with what the Pooling module says of them: `include_prompt: false` leaves their
  /// tokens out of the pooling, which vLLM never does.
  static func excludingPrompts(
    _ prompts: Prompts, _ metadata: ModelMetadata
  ) throws(ResolutionError) -> Prompts {
    guard let config = metadata.modules?.first(where: { $0.kind == .pooling })?.config else {
      return prompts
    }
    let included = try reading { () throws(ModelFilesError) in try config.bool("include_prompt") }
    guard included == false, prompts.texts.values.contains(where: { !$0.isEmpty }) else {
      return prompts
    }
    // Its weights go by positions in the whole text.
    guard try !PoolingConfig.poolings(config).list.contains(.weightedMean) else {
      throw ResolutionError(
        config.error(
          .unsupported, "include_prompt",
          "is false: prompts cannot be left out of a weighted mean, and "
            + "config_sentence_transformers.json has some"))
    }
    var prompts = prompts
    prompts.arePooled = false
    return prompts
  }

  /// NVIDIA's bidirectional Llamas name their pooling in `config.json`, for both tasks.
  static let bidirectionalPooling = Rule(
    "pooling.bidirectional-config", sets: .pooling, reads: [.architecture]
  ) { (facts, metadata) throws(ResolutionError) in
    guard facts[.architecture].hasPrefix("LlamaBidirectional") else { return nil }
    let config = metadata.config
    let name = try reading { () throws(ModelFilesError) in try config.string("pooling") }
    // The class's own default is the mean.
    guard let pooling = ["avg": Pooling.mean, "cls": .cls, "last": .last][name ?? "avg"] else {
      throw ResolutionError(
        config.error(
          .unsupported, "pooling",
          "is \((name ?? "").quotedForMessage), which cannot be run; avg, cls and last can"))
    }
    return Poolings(pooling)
  }
}
