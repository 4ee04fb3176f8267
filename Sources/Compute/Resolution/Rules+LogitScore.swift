internal import JSON
internal import ModelFiles

/// The head that a LogitScore module of sentence-transformers (5.4 and later) reads: the logit of
/// one token, or that of a true token less that of a false one.
extension Rule {
  static let logitScoreHead = Rule(
    "token-head.logit-score-module", sets: .tokenHead, reads: [.family]
  ) { (facts, metadata) throws(ResolutionError) in
    guard let module = metadata.modules?.first(where: { $0.kind == .logitScore }) else {
      return nil
    }
    try checkIsDecoder(facts[.family], metadata, key: "modules.json's LogitScore")
    guard let config = module.config else {
      throw ResolutionError(
        .missing,
        "\(metadata.path)/\(module.path)/config.json is missing, which modules.json needs for the "
          + "LogitScore module")
    }
    return TokenHeadChoice(head: try head(config, metadata))
  }

  private static func head(
    _ config: ConfigFile, _ metadata: ModelMetadata
  ) throws(ResolutionError) -> TokenHead {
    let ids = 0...Int(Int32.max)
    let (yes, no, input) = try reading { () throws(ModelFilesError) in
      (
        try config.requireInt("true_token_id", in: ids), try config.int("false_token_id", in: ids),
        try config.string("module_input_name")
      )
    }
    if let input, input != "causal_logits" {
      throw ResolutionError(
        config.error(
          .unsupported, "module_input_name",
          "is \(input.quotedForMessage); only causal_logits can be read"))
    }
    let positive = try spelling(yes, "true_token_id", config, metadata.tokenizer)
    guard let no else {
      return TokenHead(tokens: [positive], ids: [yes], method: .noPostProcessing)
    }
    let negative = try spelling(no, "false_token_id", config, metadata.tokenizer)
    return TokenHead(
      tokens: [negative, positive], ids: [no, yes], method: .fromTwoWaySoftmax)
  }

  private static func spelling(
    _ id: Int, _ key: String, _ config: ConfigFile, _ tokenizer: JSON
  ) throws(ResolutionError) -> String {
    if let spelling = tokenSpelling(id, tokenizer) { return spelling }
    throw ResolutionError(
      config.error(.malformed, key, "is \(id), which no entry of the vocabulary has"))
  }

  /// The entry of the vocabulary with this id, nil for none.
  static func tokenSpelling(_ id: Int, _ tokenizer: JSON) -> String? {
    if let added = tokenizer["added_tokens"] {
      for entry in added.elements where entry["id"]?.int == id {
        if let content = entry["content"]?.string { return content }
      }
    }
    guard let vocabulary = tokenizer["model"]?["vocab"] else { return nil }
    guard vocabulary.kind == .object else { return vocabulary[id]?[0]?.string }
    for (key, value) in vocabulary.members where value.int == id {
      return String(decoding: key, as: UTF8.self)
    }
    return nil
  }
}
