/// What the words of a Score call become: a prefix of texts, or an instruction in a template.
extension CallWork {
  /// The prefix of the call's texts and the instruction of its template. Throws
  /// `.invalidArgument` for a prompt or an instruction that the model does not take, and for one
  /// that it needs.
  static func wording(
    _ options: ScoreOptions, _ model: ModelDescription
  ) throws(EngineError) -> (prefix: [UInt8], instruction: [UInt8]?) {
    guard let template = model.pairTemplate else {
      guard options.instruction == nil else {
        throw EngineError(
          .invalidArgument,
          "model \(model.name) has no score template: its pairs take no instruction")
      }
      return (try pairPrefix(options.prompt, model), nil)
    }
    let named = try template.takesInstruction ? pairPrefix(options.prompt, model) : []
    if !template.takesInstruction {
      let asked = options.instruction != nil ? "instruction" : "prompt"
      guard options.instruction == nil, !options.prompt.isNamed else {
        throw EngineError(
          .invalidArgument, "the score template of model \(model.name) takes no \(asked)")
      }
    }
    guard options.instruction == nil || !options.prompt.isNamed else {
      throw EngineError(
        .invalidArgument,
        "prompt and instruction exclude each other: a prompt of model \(model.name) is an "
          + "instruction of its score template")
    }
    let instruction = options.instruction ?? (named.isEmpty ? nil : named)
    guard instruction != nil || !template.needsInstruction else {
      throw EngineError(
        .invalidArgument,
        "the score template of model \(model.name) has {instruction} and none of its own: give one")
    }
    return ([], instruction)
  }

  /// The text of a Score call's prompt.
  private static func pairPrefix(
    _ prompt: PromptChoice, _ model: ModelDescription
  ) throws(EngineError) -> [UInt8] {
    guard model.roles == nil || !prompt.isNamed else {
      throw EngineError(
        .invalidArgument,
        "model \(model.name) marks queries and documents itself: its pairs take no prompt")
    }
    if model.score != .crossEncoder {
      // Two texts of one kind or of two: nobody knows which prompt they would want.
      return prompt == .modelDefault ? [] : try prefix(prompt, model)
    }
    guard !prompt.isNamed || !model.prompts.isEmpty || model.pairTemplate != nil else {
      throw EngineError(
        .invalidArgument, "model \(model.name) is a cross-encoder: its pairs take no prompt")
    }
    return try prefix(prompt, model)
  }
}

extension PromptChoice {
  /// Whether the call names a prompt.
  fileprivate var isNamed: Bool {
    if case .named = self { return true }
    return false
  }
}

extension UnitSource {
  /// The unit where pairs are joined by `template`: only Score brings an instruction.
  func templated(
    _ template: ModelDescription.PairTemplate, _ instruction: [UInt8]?
  ) -> UnitSource {
    guard case .pair(let query, let document) = self else { return self }
    if instruction == nil, template.needsInstruction {
      return .refused(
        EngineError(
          .invalidArgument,
          "the score template has {instruction} and none of its own: only Score brings one"))
    }
    return .templated(query: query, document: document, instruction: instruction)
  }
}
