internal import ArgumentParser
internal import Inference
internal import Resolution

/// What the operator says of the model in place of its directory.
struct OverrideOptions: ParsableArguments {
  @Option(help: ArgumentHelp("What the model answers.", valueName: "embed|classify|…"))
  var task: String?

  @Option(
    help: ArgumentHelp(
      "How the tokens of an embedding become one vector.", valueName: "cls|mean|last|…"))
  var pooling: String?

  @Option(
    help: ArgumentHelp(
      "A file with more of that, one JSON object; a flag goes over it.", valueName: "FILE"))
  var overrides: String?

  @Option(
    help: ArgumentHelp(
      "A file with the prompt of a reranker, with {query}, {document} and {instruction} in it.",
      valueName: "FILE"))
  var scoreTemplate: String?

  func validate() throws {
    _ = try Self.choice("--task", task) as Task?
    _ = try Self.choice("--pooling", pooling) as Pooling?
  }

  /// The overrides, with those of the files.
  ///
  /// - Throws: `EngineError`, `.startUp`, naming the file and the key.
  func read(maxTokens: Int?) throws -> Overrides {
    var flags = Overrides()
    flags.task = try Self.choice("--task", task)
    flags.pooling = try Self.choice("--pooling", pooling)
    flags.maxTokens = maxTokens
    do throws(ResolutionError) {
      if let scoreTemplate { flags.scoreTemplate = try ScoreTemplate(path: scoreTemplate) }
      guard let overrides else { return flags }
      return flags.over(try Overrides(path: overrides))
    } catch {
      throw EngineError(.startUp, error.message)
    }
  }

  private static func choice<Value: RawRepresentable<String> & CaseIterable>(
    _ flag: String, _ text: String?
  ) throws -> Value? {
    guard let text else { return nil }
    guard let value = Value(rawValue: text) else {
      let names = Value.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("\(flag) \(text): it is one of \(names)")
    }
    return value
  }
}
