internal import JSON
internal import ModelFiles

/// Classification heads made of rows of the language model's head: `pooling_models.md` §4.
extension Rule {
  static let tokenHead: [Rule] = [
    returnedTokensHead,
    Rule("token-head.not-classifying", sets: .tokenHead, reads: [.task]) {
      (facts, _) throws(ResolutionError) in
      facts[.task] == .classify ? nil : TokenHeadChoice()
    },
    Rule("token-head.classifier-from-token", sets: .tokenHead, reads: [.family, .checkpoint]) {
      (facts, metadata) throws(ResolutionError) in
      guard asksForTokenHead(metadata) else { return nil }
      try checkIsDecoder(facts[.family], metadata, key: "classifier_from_token")
      return TokenHeadChoice(head: try tokenHead(metadata, facts[.checkpoint].known))
    },
    logitScoreHead,
    Rule(
      "token-head.known-checkpoint", sets: .tokenHead, reads: [.architecture, .checkpoint]
    ) { (facts, metadata) throws(ResolutionError) in
      guard let known = facts[.checkpoint].known, let method = known.method,
        Registry.entries[facts[.architecture]]?.head == .languageModel
      else { return nil }
      let ids = try tokenIDs(known.tokens, metadata, key: "the card of \(known.name)")
      return TokenHeadChoice(head: TokenHead(tokens: known.tokens, ids: ids, method: method))
    },
    Rule("token-head.none", sets: .tokenHead) { (_, _) throws(ResolutionError) in
      TokenHeadChoice()
    },
  ]

  /// Whether the overrides or the configuration name tokens or a method.
  static func asksForTokenHead(_ metadata: ModelMetadata) -> Bool {
    metadata.overrides.classifierTokens != nil || metadata.overrides.method != nil
      || metadata.config["classifier_from_token"] != nil || metadata.config["method"] != nil
      || (metadata.overrides.isOriginalQwen3Reranker
        ?? metadata.config["is_original_qwen3_reranker"]?.bool) == true
  }

  /// Throws where the family has no language model's head.
  static func checkIsDecoder(
    _ family: ModelFamily, _ metadata: ModelMetadata, key: String
  ) throws(ResolutionError) {
    guard !FamilyFacts.of(family).isDecoder else { return }
    throw ResolutionError(
      metadata.config.error(
        .unsupported, key, "needs a language model, which a \(family.rawValue) is not"))
  }

  private static func tokenHead(
    _ metadata: ModelMetadata, _ known: KnownCheckpoint?
  ) throws(ResolutionError) -> TokenHead {
    let config = metadata.config
    let key = "classifier_from_token"
    let listed = try reading { () throws(ModelFilesError) in try config.strings(key) }
    let tokens = metadata.overrides.classifierTokens ?? listed ?? known?.tokens ?? []
    guard !tokens.isEmpty else {
      throw ResolutionError(
        config.error(.missing, key, "is missing: the tokens to make a classification head of"))
    }
    let method = try method(metadata, known)
    guard method == .noPostProcessing || tokens.count == 2 else {
      let problem =
        "has \(tokens.count) tokens, but \(method.rawValue) takes two, the negative one first"
      if metadata.overrides.classifierTokens != nil {
        throw ResolutionError(.invalidOverride, "classifier_from_token: \(problem)")
      }
      throw ResolutionError(config.error(.malformed, key, problem))
    }
    let ids = try tokenIDs(tokens, metadata, key: key)
    return TokenHead(tokens: tokens, ids: ids, method: method)
  }

  /// The ids of `tokens`, which `key` names: each an entry of the vocabulary.
  private static func tokenIDs(
    _ tokens: [String], _ metadata: ModelMetadata, key: String
  ) throws(ResolutionError) -> [Int] {
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
    return ids
  }

  private static func method(
    _ metadata: ModelMetadata, _ known: KnownCheckpoint?
  ) throws(ResolutionError) -> TokenHead.Method {
    if let method = metadata.overrides.method { return method }
    let config = metadata.config
    if config["method"] == nil {
      if let method = known?.method { return method }
      if metadata.overrides.classifierTokens != nil {
        let methods = TokenHead.Method.allCases.map(\.rawValue).joined(separator: " or ")
        throw ResolutionError(
          .invalidOverride, "classifier_from_token: needs a method beside it, \(methods)")
      }
    }
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
