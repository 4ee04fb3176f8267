internal import ModelFiles

/// What the operator asks for instead of what the directory says. nil leaves it to the directory.
package struct Overrides: Sendable, Equatable {
  /// The class, in place of the configuration's `architectures`.
  package var architecture: String?
  /// The task.
  package var task: Task?
  /// What is done to the class.
  package var conversion: Conversion?
  /// The pooling of an embedding.
  package var pooling: Pooling?
  /// The tokens of a head that is made from the language model's, in place of the
  /// configuration's `classifier_from_token`.
  package var classifierTokens: [String]?
  /// What is made of them, in place of the configuration's `method`.
  package var method: TokenHead.Method?
  /// Ids of tokens whose logits become those of each token's labels: `returned_token_ids`.
  package var returnedTokenIDs: [Int]?
  /// The token that only has a row of labels: `step_tag_id`.
  package var stepTagID: Int?
  /// In place of the configuration's `is_original_qwen3_reranker`.
  package var isOriginalQwen3Reranker: Bool?
  /// The labels by id, in place of the configuration's.
  package var labels: [String]?
  /// The last activation of a classifier.
  package var activation: Activation?
  /// Whether embeddings are divided by their length.
  package var normalize: Bool?
  /// How a query and a document become a prompt.
  package var scoreTemplate: ScoreTemplate?
  /// The instruction of a score template for calls that bring none; UTF-8.
  package var instruction: [UInt8]?
  /// Whether a query or document may spell special tokens inside a score template, as the reference
  /// libraries let it; nil refuses such an input.
  package var readsSpecialTokens: Bool?
  /// A token limit below that of the directory; special tokens included.
  package var maxTokens: Int?

  /// Makes overrides; without arguments there are none.
  package init(
    task: Task? = nil, pooling: Pooling? = nil, maxTokens: Int? = nil,
    classifierTokens: [String]? = nil, method: TokenHead.Method? = nil
  ) {
    self.classifierTokens = classifierTokens
    self.method = method
    self.task = task
    self.pooling = pooling
    self.maxTokens = maxTokens
  }

  /// These, and those of `base` where these say nothing.
  package func over(_ base: Overrides) -> Overrides {
    var result = base
    result.architecture = architecture ?? base.architecture
    result.task = task ?? base.task
    result.conversion = conversion ?? base.conversion
    result.pooling = pooling ?? base.pooling
    result.classifierTokens = classifierTokens ?? base.classifierTokens
    result.method = method ?? base.method
    result.returnedTokenIDs = returnedTokenIDs ?? base.returnedTokenIDs
    result.stepTagID = stepTagID ?? base.stepTagID
    result.isOriginalQwen3Reranker = isOriginalQwen3Reranker ?? base.isOriginalQwen3Reranker
    result.labels = labels ?? base.labels
    result.activation = activation ?? base.activation
    result.normalize = normalize ?? base.normalize
    result.scoreTemplate = scoreTemplate ?? base.scoreTemplate
    result.instruction = instruction ?? base.instruction
    result.readsSpecialTokens = readsSpecialTokens ?? base.readsSpecialTokens
    result.maxTokens = maxTokens ?? base.maxTokens
    return result
  }

  /// Everything that is asked for, one `key=value` after another in a fixed order; empty where
  /// nothing is. The same asks have the same text, however they were given.
  package var canonicalText: String {
    let template = scoreTemplate?.canonicalText
    let parts: [(String, String?)] = [
      ("architectures", architecture), ("task", task?.rawValue),
      ("conversion", conversion?.rawValue), ("pooling", pooling?.rawValue),
      ("classifier_from_token", classifierTokens.map { "\($0)" }), ("method", method?.rawValue),
      ("is_original_qwen3_reranker", isOriginalQwen3Reranker.map { "\($0)" }),
      ("labels", labels.map { "\($0)" }), ("activation", activation?.rawValue),
      ("normalize", normalize.map { "\($0)" }), ("score_template", template),
      ("instruction", instruction.map { "\($0)" }),
      ("special_tokens_in_texts", readsSpecialTokens.map { "\($0)" }),
      ("max_tokens", maxTokens.map { "\($0)" }),
      ("returned_token_ids", returnedTokenIDs.map { "\($0)" }),
      ("step_tag_id", stepTagID.map { "\($0)" }),
    ]
    return parts.compactMap { name, value in value.map { "\(name)=\($0)\n" } }.joined()
  }
}
