internal import JSON
internal import ModelFiles

/// Labels, the last activation, and what Score means.
extension Rule {
  static let outputs: [Rule] = [
    labelsOverride,
    Rule("labels.not-classifying", sets: .labels, reads: [.task]) {
      (facts, _) throws(ResolutionError) in
      [.classify, .tokenClassify].contains(facts[.task]) ? nil : []
    },
    Rule("labels.token-head", sets: .labels, reads: [.tokenHead]) {
      (facts, _) throws(ResolutionError) in
      facts[.tokenHead].head.map { $0.method == .fromTwoWaySoftmax ? ["LABEL_0"] : $0.tokens }
    },
    // Qwen's classes fix the number, whatever the configuration says.
    Rule("labels.reward-class", sets: .labels, reads: [.conversion, .task]) {
      (facts, _) throws(ResolutionError) in
      guard facts[.conversion] == .reward else { return nil }
      return facts[.task] == .classify ? ["LABEL_0"] : ["LABEL_0", "LABEL_1"]
    },
    Rule("labels.config-id2label", sets: .labels) { (_, metadata) throws(ResolutionError) in
      try labelsByID(metadata.config)
    },
    Rule("labels.config-num-labels", sets: .labels) { (_, metadata) throws(ResolutionError) in
      let count = try reading { () throws(ModelFilesError) in
        try metadata.config.int("num_labels", in: 1...labelCountMax)
      }
      return count.map { (0..<$0).map { "LABEL_\($0)" } }
    },
    // transformers' PretrainedConfig.
    Rule("labels.class-default", sets: .labels) { (_, _) throws(ResolutionError) in
      ["LABEL_0", "LABEL_1"]
    },
    activationOverride,
    Rule("activation.not-classifying", sets: .activation, reads: [.task]) {
      (facts, _) throws(ResolutionError) in
      [.classify, .tokenClassify].contains(facts[.task]) ? nil : .identity
    },
    // Rewards are compared as they are: vLLM gives them raw.
    Rule("activation.reward", sets: .activation, reads: [.task, .conversion]) {
      (facts, _) throws(ResolutionError) in
      facts[.conversion] == .reward && facts[.task] == .classify ? .identity : nil
    },
    // A row is one token's choice; problem_type and sentence-transformers speak of whole inputs.
    Rule("activation.token-labels", sets: .activation, reads: [.task, .labels]) {
      (facts, _) throws(ResolutionError) in
      facts[.task] == .tokenClassify ? activation(labelCount: facts[.labels].count) : nil
    },
    // Before problem_type, which sentence-transformers does not read: users of a cross-encoder see
    // what it computes. Taken as declared, as there; vLLM asks in the other order and makes softmax
    // of Sigmoid as soon as there are two labels, which turns a multi-label model into another one.
    Rule("activation.sentence-transformers", sets: .activation, reads: [.labels]) {
      (facts, metadata) throws(ResolutionError) in
      try declaredActivation(metadata, labelCount: facts[.labels].count)
    },
    Rule("activation.problem-type", sets: .activation, reads: [.labels]) {
      (facts, metadata) throws(ResolutionError) in
      let config = metadata.config
      let type = try reading { () throws(ModelFilesError) in try config.string("problem_type") }
      switch type {
      case nil: return nil
      case "regression": return .identity
      case "multi_label_classification": return .sigmoid
      case "single_label_classification": return activation(labelCount: facts[.labels].count)
      case let type?:
        throw ResolutionError(
          config.error(.unsupported, "problem_type", "is \(type.quotedForMessage)"))
      }
    },
    Rule("activation.label-count", sets: .activation, reads: [.labels]) {
      (facts, _) throws(ResolutionError) in
      activation(labelCount: facts[.labels].count)
    },
    scoreWithoutTemplate,
    Rule("score.sparse", sets: .score, reads: [.outputs]) { (facts, _) throws(ResolutionError) in
      facts[.outputs].list.first == .sparse ? ScoreMeaning(type: .sparse) : nil
    },
    Rule("score.reward", sets: .score, reads: [.task, .conversion]) {
      (facts, _) throws(ResolutionError) in
      guard facts[.conversion] == .reward || facts[.task] == .tokenClassify else { return nil }
      let what = facts[.conversion] == .reward ? "is a reward model" : "classifies tokens"
      return ScoreMeaning(
        type: .none, reason: "the model \(what), and a score compares a query with a document")
    },
    Rule("score.task-and-labels", sets: .score, reads: [.task, .labels]) {
      (facts, _) throws(ResolutionError) in
      if facts[.task] == .embed { return ScoreMeaning(type: .cosine) }
      if facts[.task] == .tokenEmbed { return ScoreMeaning(type: .lateInteraction) }
      let count = facts[.labels].count
      if count == 1 { return ScoreMeaning(type: .crossEncoder) }
      return ScoreMeaning(
        type: .none,
        reason: "the model is a classifier with \(count) labels, and a score needs exactly one")
    },
  ]

  /// Most labels that a configuration may ask for by number alone.
  private static let labelCountMax = 1 << 20

  /// One label is a probability of its own, several share one.
  private static func activation(labelCount: Int) -> Activation {
    labelCount < 2 ? .sigmoid : .softmax
  }

  /// The labels of `id2label`, nil where it is absent. Its keys must be 0 … n − 1, each once.
  private static func labelsByID(_ config: ConfigFile) throws(ResolutionError) -> [String]? {
    let map = try reading { () throws(ModelFilesError) in try config.object("id2label") }
    guard let map else { return nil }
    let count = map.json.count
    var labels = [String?](repeating: nil, count: count)
    for member in map.json.members {
      let key = String(decoding: member.key, as: UTF8.self)
      guard let id = Int(key), labels.indices.contains(id), labels[id] == nil else {
        throw ResolutionError(
          config.error(
            .malformed, "id2label",
            "has the key \(key.quotedForMessage), but its \(count) keys must be 0 to \(count - 1)"))
      }
      guard let label = member.value.string else {
        throw ResolutionError(
          config.error(.malformed, "id2label.\(key)", "is not a string"))
      }
      labels[id] = label
    }
    let declared = try reading { () throws(ModelFilesError) in try config.int("num_labels") }
    if let declared, declared != count {
      throw ResolutionError(
        config.error(
          .malformed, "num_labels", "is \(declared), but id2label has \(count) labels"))
    }
    guard count > 0 else {
      throw ResolutionError(config.error(.malformed, "id2label", "is empty"))
    }
    return labels.compactMap(\.self)
  }

  /// The activation that a sentence-transformers cross-encoder declares: first where it has stood
  /// since 5.4, then since 4.0, then before.
  private static func declaredActivation(
    _ metadata: ModelMetadata, labelCount: Int
  ) throws(ResolutionError) -> Activation? {
    let oldKey = "sbert_ce_default_activation_function"
    let nested = try reading { () throws(ModelFilesError) in
      try metadata.config.object("sentence_transformers")
    }
    let places: [(ConfigFile?, String)] = [
      (metadata.sentenceTransformersConfig, "activation_fn"), (nested, "activation_fn"),
      (metadata.config, oldKey),
    ]
    for case (let config?, let key) in places {
      let name = try reading { () throws(ModelFilesError) in try config.string(key) }
      guard let name else { continue }
      guard name.hasPrefix("torch.nn.modules.") else {
        throw ResolutionError(
          config.error(
            .unsupported, key,
            "is \(name.quotedForMessage); only classes of torch.nn.modules are known"))
      }
      switch name.split(separator: ".").last {
      case "Identity": return .identity
      case "Sigmoid": return .sigmoid
      case "Softmax" where labelCount > 1: return .softmax
      case "Softmax":
        throw ResolutionError(
          config.error(.malformed, key, "is Softmax, which makes 1 of the model's only output"))
      default:
        throw ResolutionError(
          config.error(
            .unsupported, key,
            "is \(name.quotedForMessage); Identity, Sigmoid and Softmax can be run"))
      }
    }
    return nil
  }
}
