internal import ArgumentParser
internal import CommandSupport
internal import ServiceSupport

/// What is said of the model of `--model` in place of its directory.
struct ModelOverrideOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "With --model: what it answers, in place of what the directory says.",
      valueName: "embed|classify|…"))
  var task: String?

  @Option(
    help: ArgumentHelp(
      "With --model: how the tokens of an embedding become one vector.",
      valueName: "cls|mean|last|…"))
  var pooling: String?

  @Option(
    help: ArgumentHelp(
      "With --model: a JSON file with more of that; a flag goes over it.", valueName: "FILE"))
  var overrides: String?

  @Option(
    help: ArgumentHelp(
      "With --model: a file with the prompt of a reranker, with {query}, {document} and "
        + "{instruction} in it.",
      valueName: "FILE"))
  var scoreTemplate: String?

  func validate() throws {
    try Self.check("--task", task, WorkerOverrides.tasks)
    try Self.check("--pooling", pooling, WorkerOverrides.poolings)
  }

  /// The flags that are given, by name.
  var given: [(flag: String, value: String)] {
    let all = [
      ("--task", task), ("--pooling", pooling), ("--overrides", overrides),
      ("--score-template", scoreTemplate),
    ]
    return all.compactMap { flag, value in value.map { (flag, RawArguments.displayed($0)) } }
  }

  private static func check(_ flag: String, _ text: String?, _ names: [String]) throws {
    guard let text else { return }
    do throws(ValueError) {
      _ = try WorkerOverrides.check(text, in: names)
    } catch {
      throw ValidationError("\(flag) \(text): \(error.message)")
    }
  }
}
