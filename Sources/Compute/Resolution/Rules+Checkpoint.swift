internal import JSON
internal import ModelFiles

/// Whether the directory holds a published reranker whose use is known from its card.
///
/// A class name alone never says so: the base model, the embedding model and the reranker of a
/// series have the same. The directory must name its origin or hold the card, else a language model
/// embeds, and `inspect` shows that no checkpoint was recognised.
extension Rule {
  static let checkpoint: [Rule] = [
    Rule("checkpoint.original-flag", sets: .checkpoint) { (_, metadata) throws(ResolutionError) in
      let key = "is_original_qwen3_reranker"
      let flag = try reading { () throws(ModelFilesError) in try metadata.config.bool(key) }
      guard metadata.overrides.isOriginalQwen3Reranker ?? flag == true else { return nil }
      return CheckpointChoice(known: .qwen3Reranker)
    },
    Rule("checkpoint.config-name", sets: .checkpoint, reads: [.architecture]) {
      (facts, metadata) throws(ResolutionError) in
      guard let origin = metadata.config["_name_or_path"]?.string else { return nil }
      return KnownCheckpoint.all.first {
        $0.architectures.contains(facts[.architecture]) && $0.origins.contains(origin)
      }.map { CheckpointChoice(known: $0) }
    },
    // The card that lies in the directory, word for word: it is what a person would go by.
    Rule("checkpoint.model-card", sets: .checkpoint, reads: [.architecture]) {
      (facts, metadata) throws(ResolutionError) in
      guard let card = metadata.modelCard else { return nil }
      return KnownCheckpoint.all.first {
        $0.architectures.contains(facts[.architecture])
          && $0.cardTexts.allSatisfy { card.contains(Array($0.utf8)) }
      }.map { CheckpointChoice(known: $0) }
    },
    Rule("checkpoint.none", sets: .checkpoint) { (_, _) throws(ResolutionError) in
      CheckpointChoice()
    },
  ]

  /// A known reranker's language model becomes the classifier that its card makes of it, unless a
  /// Pooling module says that somebody made an embedding of it.
  static let knownCheckpointConversion = Rule(
    "conversion.known-checkpoint", sets: .conversion, reads: [.architecture, .checkpoint]
  ) { (facts, metadata) throws(ResolutionError) in
    guard facts[.checkpoint].known?.method != nil, !metadata.lists(.pooling),
      Registry.entries[facts[.architecture]]?.head == .languageModel
    else { return nil }
    return .sequenceClassification
  }

  /// sentence-transformers' LogitScore module: a cross-encoder whatever the class is called.
  static let logitScoreConversion = Rule(
    "conversion.logit-score-module", sets: .conversion
  ) { (_, metadata) throws(ResolutionError) in
    metadata.lists(.logitScore) ? .sequenceClassification : nil
  }
}
