internal import ModelFiles

/// Whether the file holds the tensors of the model, all of them and no strange ones.
extension Rule {
  static let tensors: [Rule] = [
    Rule(
      "tensors.family-names", sets: .tensors,
      reads: [.architecture, .family, .task, .conversion, .labels, .tokenHead, .sparse]
    ) {
      (facts, metadata) throws(ResolutionError) in
      var table = TensorTable(metadata.tensors, source: metadata.weightsSource)
      let family = FamilyFacts.of(facts[.family])
      let layerCount = try reading { () throws(ModelFilesError) in
        try FamilyFacts.int(family.layerCountKeys, in: 1...1024, metadata.config)
      }
      let names: FamilyTensorNames
      let tokens: TokenTensors
      let isKnown: (String) -> Bool
      if let scheme = family.names {
        let tokenHead = facts[.tokenHead].head
        let withHead = facts[.task] == .classify && tokenHead == nil
        let scheme = facts[.conversion] == .reward ? scheme.withRewardHead : scheme
        if withHead {
          try checkHead(
            table, scheme.head, isDecoder: FamilyFacts.of(facts[.family]).isDecoder)
        }
        var tensors = try scheme.take(
          from: &table, layerCount: layerCount, config: metadata.config, withHead: withHead)
        if let classifier = tensors.head.last {
          try checkLabels(classifier.weight, table, facts[.labels], metadata)
        }
        if let tokenHead {
          tensors.languageHead = try languageHead(
            tokenHead, tensors, &table, facts[.family], metadata)
        }
        names = .stack(tensors)
        tokens = try tokenTensors(facts, metadata, &table, words: tensors.words)
        let complete = table
        isKnown = { scheme.isKnownExtra($0, in: complete) }
      } else {
        if facts[.conversion] == .sequenceClassification {
          try checkHead(table, [NameScheme.Part("classifier")], isDecoder: false)
        }
        let tensors = try BertTensors(&table, layerCount: layerCount, task: facts[.task])
        if let classifier = tensors.classifier {
          try checkLabels(classifier.weight, table, facts[.labels], metadata)
        }
        names = .bert(tensors)
        tokens = try tokenTensors(facts, metadata, &table, words: tensors.wordEmbeddings)
        let complete = table
        isKnown = { BertTensors.isKnownExtra($0, in: complete) }
      }
      let unused = try rest(of: table, facts[.family], layerCount: layerCount, isKnown: isKnown)
      return FamilyTensors(
        names: names, tokens: tokens, used: table.used.sorted(), unused: unused,
        parameterCount: metadata.tensors.reduce(0) {
          $0 + ($1.isFloatingPoint ? $1.elementCount : 0)
        })
    }
  ]

  private static func tokenTensors(
    _ facts: FactScope, _ metadata: ModelMetadata, _ table: inout TensorTable, words: String
  ) throws(ResolutionError) -> TokenTensors {
    var reader = TokenMapReader(
      family: facts[.family], metadata: metadata, table: table, words: words)
    let result = try reader.read(
      task: facts[.task], head: Registry.entries[facts[.architecture]]?.head ?? .none,
      conversion: facts[.conversion], sparse: facts[.sparse].head,
      labelCount: facts[.labels].count, hasTokenHead: facts[.tokenHead].head != nil)
    table = reader.table
    return result
  }

  /// Throws `.missing`, with what to do about it, where the file has no classifier.
  private static func checkHead(
    _ table: TensorTable, _ head: [NameScheme.Part], isDecoder: Bool
  ) throws(ResolutionError) {
    guard let name = head.last?.name, !table.contains(name + ".weight") else { return }
    throw ResolutionError(
      .missing,
      "\(table.source): tensor '\(name).weight' is missing: the task classify needs "
        + "a trained classification head, and this model has none. "
        + (isDecoder
          ? "Make one of the language model's with classifier_from_token and method "
            + "(from_2_way_softmax or no_post_processing) in a file for --overrides, train "
          : "Train ")
        + "one with transformers' AutoModelForSequenceClassification and save it, or serve the "
        + "model with the task embed")
  }

  /// The matrix of the language model's head: the word table where the two are tied.
  private static func languageHead(
    _ head: TokenHead, _ tensors: StackTensors, _ table: inout TensorTable,
    _ family: ModelFamily, _ metadata: ModelMetadata
  ) throws(ResolutionError) -> String {
    let tied = try reading { () throws(ModelFilesError) in
      try metadata.config.bool("tie_word_embeddings")
    }
    let key = "final_logit_softcapping"
    // Gemma 2 has one unless the file says null.
    let isBent =
      metadata.config[key] != nil || (family == .gemma2 && !metadata.config.isNull(key))
    guard !isBent else {
      throw ResolutionError(
        metadata.config.error(
          .unsupported, key,
          "bends the logits of the language model, which a head made of its rows does not do"))
    }
    // transformers' defaults.
    let isTied = tied ?? [.gemma, .gemma2, .gemma3, .gpt2].contains(family)
    let name = isTied ? tensors.words : try table.take("lm_head.weight")
    let rows = table.summaries[name]?.shape.first ?? 0
    if let id = head.ids.first(where: { $0 < 0 || $0 >= rows }) {
      throw ResolutionError(
        .malformed,
        "\(table.source): tensor \(name.quotedForMessage) has \(rows) rows and none for the token "
          + "id \(id) of classifier_from_token")
    }
    return name
  }

  private static func checkLabels(
    _ classifier: String, _ table: TensorTable, _ labels: [String], _ metadata: ModelMetadata
  ) throws(ResolutionError) {
    let shape = table.summaries[classifier]?.shape ?? []
    guard shape.count == 2, shape[0] == labels.count else {
      throw ResolutionError(
        .malformed,
        "\(table.source): tensor \(classifier.quotedForMessage) has the shape "
          + "\(shape), but "
          + (metadata.overrides.labels == nil
            ? "\(metadata.config.name) gives \(labels.count) labels (id2label or num_labels)"
            : "the overrides give \(labels.count) labels"))
    }
  }

  /// The tensors that are not used, sorted. Throws `.unsupported` for the first that the family
  /// does not know.
  private static func rest(
    of table: TensorTable, _ family: ModelFamily, layerCount: Int, isKnown: (String) -> Bool
  ) throws(ResolutionError) -> [String] {
    let rest = table.summaries.keys.filter { !table.used.contains($0) }.sorted()
    if let stranger = rest.first(where: { !isKnown($0) }) {
      throw ResolutionError(
        .unsupported,
        "\(table.source): tensor \(stranger.quotedForMessage) is unknown to a "
          + "\(family == .bert ? "BERT" : family.rawValue) with num_hidden_layers \(layerCount)")
    }
    return rest
  }
}
