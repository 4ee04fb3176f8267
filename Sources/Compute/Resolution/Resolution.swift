package import ModelFiles

/// From a directory's metadata to the plan of how it is served.
///
/// A pure function: ordered, named rules, each deciding one fact from the metadata and from facts
/// decided before it. Names decide the conversion, the conversion decides task and score: nothing
/// reads what it decides itself. The rules follow `pooling_models.md` §9; where they differ from
/// vLLM, a comment beside the rule says so.
package enum Resolution {
  /// All rules in the order in which they are asked.
  package static let rules: [Rule] =
    Rule.identity + Rule.tokenHead + Rule.lateInteraction + Rule.outputKinds + Rule.modules
    + Rule.padToken
    + Rule.scoreTemplate + Rule.outputs + Rule.limits + Rule.texts
    + Rule.tensors

  /// The plan for `directory`. Reads small files only; blocks. Throws by code as
  /// `ResolutionError.Code` says, naming file and key, tensor or override.
  package static func resolve(
    _ directory: ModelDirectory, overrides: Overrides = Overrides()
  ) throws(ResolutionError) -> ModelPlan {
    try resolve(ModelMetadata(directory, overrides: overrides))
  }

  /// The plan for what `metadata` says. No input or output.
  package static func resolve(_ metadata: ModelMetadata) throws(ResolutionError) -> ModelPlan {
    var facts = Facts()
    var decisions: [RuleDecision] = []
    for rule in rules where !facts.isDecided(rule.sets) {
      guard let value = try rule.decide(facts, metadata) else { continue }
      facts.decide(rule.sets, value)
      decisions.append(
        RuleDecision(fact: rule.sets, rule: rule.name, value: value.factText))
    }
    return ModelPlan(facts, rules: decisions)
  }
}
