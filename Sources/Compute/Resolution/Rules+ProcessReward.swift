internal import JSON
internal import ModelFiles

/// Process rewards of a language model, in the way of math-shepherd: behind each step the logits of
/// some tokens (good, bad) of the language model's head, in the words of vLLM's STEP pooling.
///
/// vLLM takes these columns of whatever the class gives, hidden states for one that has no head;
/// here they are always logits, as math-shepherd's card computes them.
extension Rule {
  static let returnedTokensHead = Rule(
    "token-head.returned-token-ids", sets: .tokenHead, reads: [.architecture, .family, .task]
  ) { (facts, metadata) throws(ResolutionError) in
    guard let ids = metadata.overrides.returnedTokenIDs else { return nil }
    guard facts[.task] == .tokenClassify,
      Registry.entries[facts[.architecture]]?.head == .languageModel
    else {
      throw ResolutionError(
        .invalidOverride,
        "returned_token_ids: needs the task token-classify of a language model, and this is the "
          + "task \(facts[.task].rawValue) of \(facts[.architecture])")
    }
    try checkIsDecoder(facts[.family], metadata, key: "returned_token_ids")
    var tokens: [String] = []
    for id in ids { tokens.append(try entry(id, "returned_token_ids", metadata)) }
    return TokenHeadChoice(
      head: TokenHead(tokens: tokens, ids: ids, method: .noPostProcessing))
  }

  static let stepTag = Rule("token-rows.step-tag", sets: .tokenRows, reads: [.task]) {
    (facts, metadata) throws(ResolutionError) in
    guard let id = metadata.overrides.stepTagID else { return nil }
    guard facts[.task] == .tokenClassify else {
      throw ResolutionError(
        .invalidOverride,
        "step_tag_id: the task \(facts[.task].rawValue) has no rows of labels for tokens")
    }
    let spelling = try entry(id, "step_tag_id", metadata)
    guard let id = Int32(exactly: id) else { return nil }
    return .step(id: id, spelling: spelling)
  }

  private static func entry(
    _ id: Int, _ key: String, _ metadata: ModelMetadata
  ) throws(ResolutionError) -> String {
    guard let spelling = tokenSpelling(id, metadata.tokenizer) else {
      throw ResolutionError(
        .invalidOverride, "\(key): \(id) is the id of no entry of the vocabulary")
    }
    return spelling
  }
}
