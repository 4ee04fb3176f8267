internal import JSON
internal import Kernels
internal import ModelFiles
internal import Models
internal import Resolution
internal import Tokenization

/// How a model directory is understood.
package struct Inspection: Sendable {
  /// One line: the object of `inspect --json`.
  package var json: String
  /// Lines for a person: each fact with the rule that decided it.
  package var text: String
}

extension Engine {
  /// Reads a model directory as a start would, tokenizer and weights included, without serving it.
  /// Blocks. Throws `.startUp` as a start would.
  package static func inspect(
    _ configuration: EngineConfiguration
  ) throws(EngineError) -> Inspection {
    let table = try starting { () throws(KernelsError) in
      try KernelTable(named: configuration.instructionSet)
    }
    let directory = try starting { () throws(ModelFilesError) in
      try ModelDirectory(path: configuration.modelDirectory)
    }
    let plan = try starting { () throws(ResolutionError) in
      try Resolution.resolve(directory, overrides: configuration.overrides)
    }
    let tokenizer = try starting { () throws(TokenizationError) in
      try Tokenizer(directory.tokenizerFile, fileName: directory.tokenizerPath)
    }
    let loaded = try starting { () throws(ModelError) in
      try LoadedModel.load(
        plan: plan, directory: directory, precision: configuration.precision, table: table,
        packs: nil)
    }
    let wording = try wording(configuration, plan, tokenizer, directory)
    _ = try LoadedServedModel(
      name: configuration.name, loaded: loaded, tokenizer: tokenizer, table: table,
      tokenizerPath: directory.tokenizerPath, wording: wording)
    let hash = try starting { () throws(ModelFilesError) in
      try modelHash(of: directory, cache: WeightHashCache(directory: configuration.cacheDirectory))
    }
    let fingerprint = "\(hash)-\(numerics(configuration, plan, table))"
    var writer = JSONWriter()
    plan.write(to: &writer, fingerprint: fingerprint)
    writer.endLine()
    return Inspection(
      json: String(decoding: writer.bytes, as: UTF8.self),
      text: text(plan, fingerprint: fingerprint))
  }

  /// Whether a decision says something of this model: what its task has no use for does not.
  private static func isTold(_ decision: RuleDecision, _ plan: ModelPlan) -> Bool {
    if decision.fact == .conversion { return true }
    if decision.fact == .pooling, plan.pooling == nil { return false }
    if decision.fact == .tokenRows, plan.task != .tokenClassify { return false }
    let isIdle = decision.rule.contains(".not-") || decision.rule.hasSuffix(".none")
    return !isIdle && decision.value != "none"
  }

  private static func text(_ plan: ModelPlan, fingerprint: String) -> String {
    var rows = plan.rules.filter { isTold($0, plan) }
      .map { ($0.fact.rawValue, $0.value.shortened(to: 100), "by \($0.rule)") }
    rows.append(("parameters", "\(plan.parameterCount)", ""))
    rows.append(("fingerprint", fingerprint, ""))
    if plan.rule == "conversion.language-model" {
      rows.append(
        (
          "note",
          "a language model embeds unless its files say more; to score with its head: --overrides "
            + "FILE with classifier_from_token and method, --score-template FILE", ""
        ))
    }
    if !plan.unusedTensors.isEmpty {
      rows.append(("unused tensors", plan.unusedTensors.joined(separator: ", "), ""))
    }
    let names = rows.map(\.0.count).max() ?? 0
    let values = rows.filter { !$0.2.isEmpty }.map { min($0.1.count, 40) }.max() ?? 0
    return rows.map { name, value, rule in
      let padded = rule.isEmpty ? value : value.padded(to: values)
      return "\(name.padded(to: names))  \(padded)  \(rule)".trimmedAtEnd + "\n"
    }.joined()
  }
}

extension String {
  fileprivate func shortened(to width: Int) -> String {
    count > width ? prefix(width - 1) + "…" : self
  }

  fileprivate func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }

  fileprivate var trimmedAtEnd: String {
    var copy = self
    while copy.last == " " { copy.removeLast() }
    return copy
  }
}
