internal import JSON
internal import ModelFiles

/// How a query and a document become one prompt.
extension Rule {
  static let scoreTemplate: [Rule] = [
    Rule("score-template.not-classifying", sets: .scoreTemplate, reads: [.task]) {
      (facts, metadata) throws(ResolutionError) in
      guard facts[.task] != .classify else { return nil }
      guard metadata.overrides.scoreTemplate == nil, metadata.overrides.instruction == nil else {
        throw ResolutionError(
          .invalidOverride,
          "score_template and instruction are for the task classify, but the task is "
            + facts[.task].rawValue)
      }
      return ScoreTemplateChoice()
    },
    Rule("score-template.override", sets: .scoreTemplate) { (_, metadata) throws(ResolutionError) in
      guard let template = metadata.overrides.scoreTemplate else { return nil }
      return try chosen(template, metadata)
    },
    Rule("score-template.known-checkpoint", sets: .scoreTemplate, reads: [.checkpoint]) {
      (facts, metadata) throws(ResolutionError) in
      guard let known = facts[.checkpoint].known else { return nil }
      return try chosen(known.template, metadata)
    },
    // sentence-transformers renders pairs by the tokenizer's Jinja template where the module lists
    // the form "message". Another text would give other scores, so there is no falling back.
    Rule("score-template.chat-template", sets: .scoreTemplate) {
      (_, metadata) throws(ResolutionError) in
      guard let config = metadata.sentenceConfig else { return nil }
      let forms = try reading { () throws(ModelFilesError) in
        try config.object("modality_config")
      }
      guard let forms, forms["message"] != nil else { return nil }
      throw ResolutionError(
        config.error(
          .unsupported, "modality_config.message",
          "says that pairs are written by the tokenizer's chat template, which cannot be run; "
            + "give the prompt with --score-template FILE"))
    },
    Rule("score-template.none", sets: .scoreTemplate) { (_, metadata) throws(ResolutionError) in
      guard metadata.overrides.instruction == nil else {
        throw ResolutionError(
          .invalidOverride, "instruction: the model has no score template that would take it")
      }
      return ScoreTemplateChoice()
    },
  ]

  /// vLLM joins query and document without anything between them; no such model was trained so.
  /// A LogitScore module without a chat template is: sentence-transformers lets the tokenizer join
  /// the pair.
  static let scoreWithoutTemplate = Rule(
    "score.no-template", sets: .score, reads: [.tokenHead, .scoreTemplate]
  ) { (facts, metadata) throws(ResolutionError) in
    guard let head = facts[.tokenHead].head, facts[.scoreTemplate].template == nil,
      head.method == .fromTwoWaySoftmax || head.tokens.count == 1, !metadata.lists(.logitScore)
    else { return nil }
    return ScoreMeaning(
      type: .none,
      reason: "its head is made of the language model's, and nothing says how a query and a "
        + "document become its prompt: give --score-template FILE")
  }

  private static func chosen(
    _ template: ScoreTemplate, _ metadata: ModelMetadata
  ) throws(ResolutionError) -> ScoreTemplateChoice {
    var template = template
    if let instruction = metadata.overrides.instruction {
      guard template.takesInstruction else {
        throw ResolutionError(
          .invalidOverride, "instruction: the score template has no {instruction}")
      }
      template.instruction = instruction
    }
    return ScoreTemplateChoice(template: template)
  }
}
