internal import JSON
internal import ModelFiles

/// Classification heads made of rows of the language model's head: `pooling_models.md` §4.
extension Rule {
  static let tokenHead: [Rule] = [
    Rule("token-head.not-classifying", sets: .tokenHead, reads: [.task]) {
      (facts, _) throws(ResolutionError) in
      facts[.task] == .classify ? nil : TokenHeadChoice()
    },
    Rule("token-head.classifier-from-token", sets: .tokenHead, reads: [.family]) {
      (facts, metadata) throws(ResolutionError) in
      guard asksForTokenHead(metadata) else { return nil }
      guard FamilyFacts.of(facts[.family]).isDecoder else {
        throw ResolutionError(
          metadata.config.error(
            .unsupported, "classifier_from_token",
            "needs a language model, which a \(facts[.family].rawValue) is not"))
      }
      return TokenHeadChoice(head: try tokenHead(metadata))
    },
    Rule("token-head.none", sets: .tokenHead) { (_, _) throws(ResolutionError) in
      TokenHeadChoice()
    },
  ]

  /// Whether the overrides or the configuration name tokens or a method.
  static func asksForTokenHead(_ metadata: ModelMetadata) -> Bool {
    metadata.overrides.classifierTokens != nil || metadata.overrides.method != nil
      || metadata.config["classifier_from_token"] != nil || metadata.config["method"] != nil
      || metadata.config["is_original_qwen3_reranker"]?.bool == true
  }

  private static func tokenHead(_ metadata: ModelMetadata) throws(ResolutionError) -> TokenHead {
    let config = metadata.config
    let key = "classifier_from_token"
    let listed = try reading { () throws(ModelFilesError) in try config.strings(key) }
    guard let tokens = metadata.overrides.classifierTokens ?? listed, !tokens.isEmpty else {
      throw ResolutionError(
        config.error(.missing, key, "is missing: the tokens to make a classification head of"))
    }
    let method = try method(metadata)
    guard method == .noPostProcessing || tokens.count == 2 else {
      throw ResolutionError(
        config.error(
          .malformed, key,
          "has \(tokens.count) tokens, but \(method.rawValue) takes two, the negative one first"))
    }
    var ids: [Int] = []
    for token in tokens {
      guard let id = tokenID(token, metadata.tokenizer) else {
        throw ResolutionError(
          .missing,
          "\(metadata.path)/tokenizer.json: \(key) names \(token.quotedForMessage), which is not "
            + "an entry of the vocabulary")
      }
      ids.append(id)
    }
    return TokenHead(tokens: tokens, ids: ids, method: method)
  }

  private static func method(_ metadata: ModelMetadata) throws(ResolutionError) -> TokenHead.Method
  {
    if let method = metadata.overrides.method { return method }
    let config = metadata.config
    if config["is_original_qwen3_reranker"]?.bool == true { return .fromTwoWaySoftmax }
    let name = try reading { () throws(ModelFilesError) in try config.requireString("method") }
    guard let method = TokenHead.Method(rawValue: name) else {
      let known = TokenHead.Method.allCases.map(\.rawValue).joined(separator: " and ")
      throw ResolutionError(
        config.error(
          .unsupported, "method",
          "is \(name.quotedForMessage), which cannot be run; \(known) can"))
    }
    return method
  }

  /// The id of an exact entry: an added token, or one of the model's vocabulary. vLLM takes the
  /// unknown token's row without a word.
  static func tokenID(_ token: String, _ tokenizer: JSON) -> Int? {
    let bytes = Array(token.utf8)
    if let added = tokenizer["added_tokens"] {
      for entry in added.elements where entry["content"]?.stringBytes == bytes {
        return entry["id"]?.int
      }
    }
    guard let vocabulary = tokenizer["model"]?["vocab"] else { return nil }
    if vocabulary.kind == .object { return vocabulary[token]?.int }
    for (index, entry) in vocabulary.elements.enumerated()
    where entry[0]?.stringBytes == bytes { return index }
    return nil
  }
}
