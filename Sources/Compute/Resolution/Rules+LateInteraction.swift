internal import JSON
internal import ModelFiles

/// How ColBERT treats texts: Stanford's `artifact.metadata`, or PyLate's keys in
/// `config_sentence_transformers.json`.
extension Rule {
  static let lateInteraction: [Rule] = [
    Rule("late-interaction.not-token-embed", sets: .interaction, reads: [.task]) {
      (facts, _) throws(ResolutionError) in
      facts[.task] == .tokenEmbed ? nil : InteractionChoice()
    },
    Rule("late-interaction.artifact-metadata", sets: .interaction, reads: [.architecture]) {
      (facts, metadata) throws(ResolutionError) in
      guard Registry.entries[facts[.architecture]]?.head == .tokenEmbedding else { return nil }
      guard metadata.modules == nil || metadata.lists(.dense) else {
        throw ResolutionError(
          .unsupported,
          "\(metadata.modulesPath): has no Dense module, and the architecture "
            + "\(facts[.architecture].quotedForMessage) needs one for its token vectors")
      }
      guard metadata.modules == nil else { return nil }
      return InteractionChoice(settings: try stanford(metadata))
    },
    Rule("late-interaction.sentence-transformers-config", sets: .interaction) {
      (_, metadata) throws(ResolutionError) in
      guard metadata.lists(.dense) else { return nil }
      return InteractionChoice(settings: try pyLate(metadata))
    },
    // `--task token-embed` on a model that is no ColBERT: nothing is put into its texts.
    Rule("late-interaction.none", sets: .interaction) { (_, _) throws(ResolutionError) in
      InteractionChoice()
    },
  ]

  /// string.punctuation of Python.
  private static let punctuation = Array("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~").map(String.init)

  private static func stanford(_ metadata: ModelMetadata) throws(ResolutionError) -> LateInteraction
  {
    let config = metadata.artifactMetadata
    func string(_ key: String, _ fallback: String) throws(ResolutionError) -> String {
      try reading { () throws(ModelFilesError) in try config?.string(key) } ?? fallback
    }
    func bool(_ key: String, _ fallback: Bool) throws(ResolutionError) -> Bool {
      try reading { () throws(ModelFilesError) in try config?.bool(key) } ?? fallback
    }
    let similarity = try string("similarity", "cosine")
    if let config, similarity != "cosine" {
      throw ResolutionError(
        config.error(
          .unsupported, "similarity",
          "is \(similarity.quotedForMessage), which cannot be run; cosine can"))
    }
    let source = config?.name ?? "\(metadata.path)/artifact.metadata (absent)"
    let isSeen = try bool("attend_to_mask_tokens", false)
    return LateInteraction(
      query: try role(
        marker: string("query_token_id", "[unused0]"), length("query_maxlen", 32, config), source,
        metadata),
      document: try role(
        marker: string("doc_token_id", "[unused1]"), length("doc_maxlen", 180, config), source,
        metadata),
      expansion: try expansion(isSeen: isSeen, metadata),
      skippedIDs: try bool("mask_punctuation", true) ? ids(of: punctuation, metadata) : [])
  }

  private static func pyLate(_ metadata: ModelMetadata) throws(ResolutionError) -> LateInteraction {
    let config = metadata.sentenceTransformersConfig
    func string(_ key: String, _ fallback: String) throws(ResolutionError) -> String {
      try reading { () throws(ModelFilesError) in try config?.string(key) } ?? fallback
    }
    func bool(_ key: String, _ fallback: Bool) throws(ResolutionError) -> Bool {
      try reading { () throws(ModelFilesError) in try config?.bool(key) } ?? fallback
    }
    let similarity = try string("similarity_fn_name", "MaxSim")
    if let config, similarity.lowercased() != "maxsim" {
      throw ResolutionError(
        config.error(
          .unsupported, "similarity_fn_name",
          "is \(similarity.quotedForMessage), which cannot be run on token vectors; MaxSim can"))
    }
    let source = config?.name ?? "\(metadata.path)/config_sentence_transformers.json (absent)"
    let words = try reading { () throws(ModelFilesError) in
      try config?.strings("skiplist_words")
    }
    let isSeen = try bool("attend_to_expansion_tokens", false)
    var result = LateInteraction(
      query: try role(
        marker: string("query_prefix", "[Q] "), length("query_length", 32, config), source,
        metadata),
      document: try role(
        marker: string("document_prefix", "[D] "), length("document_length", 180, config), source,
        metadata),
      expansion: try bool("do_query_expansion", true)
        ? try expansion(isSeen: isSeen, metadata) : nil,
      skippedIDs: ids(of: words ?? punctuation, metadata))
    try addPrompts(to: &result, config)
    return result
  }

  /// Prompts of the two roles are put before their texts. A prompt may begin with the marker,
  /// which is then not repeated.
  private static func addPrompts(
    to settings: inout LateInteraction, _ config: ConfigFile?
  ) throws(ResolutionError) {
    guard let config else { return }
    let prompts = try reading { () throws(ModelFilesError) in try config.object("prompts") }
    guard let prompts else { return }
    for member in prompts.json.members {
      let name = String(decoding: member.key, as: UTF8.self)
      guard var text = member.value.stringBytes else {
        throw ResolutionError(prompts.error(.malformed, name, "is not a string"))
      }
      let marker = name == "query" ? settings.query.marker : settings.document.marker
      if !marker.isEmpty, text.starts(with: marker) { text.removeFirst(marker.count) }
      switch name {
      case "query": settings.query.prompt = text
      case "document": settings.document.prompt = text
      case _ where text.isEmpty: break
      default:
        throw ResolutionError(
          prompts.error(
            .unsupported, name,
            "is neither query nor document, and texts for MaxSim are one or the other"))
      }
    }
  }

  private static func length(
    _ key: String, _ fallback: Int, _ config: ConfigFile?
  ) throws(ResolutionError) -> Int {
    try reading { () throws(ModelFilesError) in try config?.int(key, in: 4...1 << 20) } ?? fallback
  }

  private static func role(
    marker: String, _ lengthMax: Int, _ source: String, _ metadata: ModelMetadata
  ) throws(ResolutionError) -> LateInteraction.Role {
    var id: Int32?
    if !marker.isEmpty {
      id = tokenID(marker, metadata.tokenizer).flatMap(Int32.init(exactly:))
      guard id != nil else {
        throw ResolutionError(
          .missing,
          "\(metadata.path)/tokenizer.json: the marker \(marker.quotedForMessage) of \(source) is "
            + "not a token of the vocabulary")
      }
    }
    return LateInteraction.Role(
      markerID: id, marker: Array(marker.utf8), prompt: [], lengthMax: lengthMax)
  }

  /// Queries are filled up with the mask token, or with the end of a language model.
  private static func expansion(
    isSeen: Bool, _ metadata: ModelMetadata
  ) throws(ResolutionError) -> LateInteraction.Expansion {
    var candidates: [String] = []
    for key in ["mask_token", "eos_token"] {
      let value = metadata.tokenizerConfig?[key]
      if let name = value?.string ?? value?["content"]?.string { candidates.append(name) }
      if key == "mask_token" { candidates += ["[MASK]", "<mask>"] }
    }
    for name in candidates {
      if let id = tokenID(name, metadata.tokenizer).flatMap(Int32.init(exactly:)) {
        return LateInteraction.Expansion(id: id, isSeen: isSeen)
      }
    }
    throw ResolutionError(
      .missing,
      "\(metadata.path)/tokenizer.json: no mask token to fill queries up with: "
        + "\(candidates.map(\.quotedForMessage).joined(separator: ", ")) are not in the vocabulary")
  }

  /// Words that are no token of their own are not left out: the unknown token stays.
  private static func ids(of words: [String], _ metadata: ModelMetadata) -> [Int32] {
    let ids = Set(words).compactMap {
      tokenID($0, metadata.tokenizer).flatMap(Int32.init(exactly:))
    }
    return ids.sorted()
  }
}
