internal import JSON
internal import ModelFiles

/// What happens to a text before the model sees it: prompts and the tokenizer's settings.
extension Rule {
  static let texts: [Rule] = [
    // Whether a text is a query or a document; the markers are put in as tokens.
    Rule("prompts.late-interaction", sets: .prompts, reads: [.interaction]) {
      (facts, _) throws(ResolutionError) in
      guard let settings = facts[.interaction].settings else { return nil }
      return Prompts(
        texts: [
          "query": settings.query.marker + settings.query.prompt,
          "document": settings.document.marker + settings.document.prompt,
        ], defaultName: "document")
    },
    crossEncoderPrompts,
    Rule("prompts.not-embedding", sets: .prompts, reads: [.task]) {
      (facts, _) throws(ResolutionError) in
      [.embed, .tokenEmbed].contains(facts[.task]) ? nil : Prompts()
    },
    Rule("prompts.sentence-transformers-config", sets: .prompts) {
      (_, metadata) throws(ResolutionError) in
      guard let config = metadata.sentenceTransformersConfig else { return nil }
      return try excludingPrompts(prompts(config), metadata)
    },
    Rule("prompts.none", sets: .prompts) { (_, _) throws(ResolutionError) in Prompts() },
    Rule("tokenizer.file", sets: .tokenizer) { (_, metadata) throws(ResolutionError) in
      try tokenizerOptions(metadata)
    },
  ]

  static func prompts(_ config: ConfigFile) throws(ResolutionError) -> Prompts {
    var prompts = Prompts()
    let map = try reading { () throws(ModelFilesError) in try config.object("prompts") }
    if let map {
      for member in map.json.members {
        let name = String(decoding: member.key, as: UTF8.self)
        guard let text = member.value.stringBytes else {
          throw ResolutionError(map.error(.malformed, name, "is not a string"))
        }
        prompts.texts[name] = text
      }
    }
    let name = try reading { () throws(ModelFilesError) in
      try config.string("default_prompt_name")
    }
    if let name {
      guard prompts.texts[name] != nil else {
        throw ResolutionError(
          config.error(
            .malformed, "default_prompt_name",
            "is \(name.quotedForMessage), which prompts does not have"))
      }
      prompts.defaultName = name
    }
    return prompts
  }

  /// transformers builds a BERT tokenizer's normalizer from `tokenizer_config.json` and ignores
  /// that of `tokenizer.json`; other libraries do the opposite. Where the two contradict each
  /// other, no reading is right.
  private static func tokenizerOptions(
    _ metadata: ModelMetadata
  ) throws(ResolutionError) -> TokenizerOptions {
    let normalizer = metadata.tokenizer["normalizer"]
    let lowercases = lowercases(normalizer)
    if let config = metadata.tokenizerConfig, let normalizer,
      normalizer["type"]?.string == "BertNormalizer"
    {
      try checkAgreement(config, normalizer, lowercases: lowercases)
    }
    if let config = metadata.sentenceConfig {
      let asked = try reading { () throws(ModelFilesError) in try config.bool("do_lower_case") }
      if asked == true && !lowercases {
        throw ResolutionError(
          config.error(
            .unsupported, "do_lower_case",
            "is true, but the normalizer of tokenizer.json does not lower-case"))
      }
    }
    return TokenizerOptions(lowercases: lowercases, givesTypes: try givesTypes(metadata))
  }

  /// transformers hands a model those inputs that `model_input_names` lists. Where it is absent,
  /// the class decides: that of transformers 5 has no token types, older ones do as the file says.
  private static func givesTypes(_ metadata: ModelMetadata) throws(ResolutionError) -> Bool {
    guard let config = metadata.tokenizerConfig else { return true }
    if let names = config["model_input_names"], names.kind == .array {
      return names.elements.contains { $0.string == "token_type_ids" }
    }
    let className = try reading { () throws(ModelFilesError) in
      try config.string("tokenizer_class")
    }
    return className != "TokenizersBackend"
  }

  private static func checkAgreement(
    _ config: ConfigFile, _ normalizer: JSON, lowercases: Bool
  ) throws(ResolutionError) {
    let className = try reading { () throws(ModelFilesError) in
      try config.string("tokenizer_class")
    }
    guard className.map({ $0.hasPrefix("BertTokenizer") }) ?? true else { return }
    let pairs = [
      // Accents that nothing is said about are stripped where the text is lower-cased.
      ("do_lower_case", "lowercase", true), ("strip_accents", "strip_accents", lowercases),
      ("tokenize_chinese_chars", "handle_chinese_chars", true),
    ]
    for (key, fileKey, fallback) in pairs {
      let asked = try reading { () throws(ModelFilesError) in try config.bool(key) }
      let done = normalizer[fileKey]?.bool ?? fallback
      if let asked, asked != done {
        throw ResolutionError(
          config.error(
            .malformed, key,
            "is \(asked), but normalizer.\(fileKey) of tokenizer.json does the opposite"))
      }
    }
  }

  private static func lowercases(_ normalizer: JSON?) -> Bool {
    switch normalizer?["type"]?.string {
    case "Lowercase": true
    case "BertNormalizer": normalizer?["lowercase"]?.bool ?? true
    case "Sequence": normalizer?["normalizers"]?.elements.contains { lowercases($0) } ?? false
    default: false
    }
  }
}
