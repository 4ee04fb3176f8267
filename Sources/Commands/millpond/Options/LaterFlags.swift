internal import ArgumentParser

/// Flags that the design names and that later versions build: known, refused, not shown.
///
/// They take a value so that what follows is not taken for a text.
struct LaterWorkerFlags: ParsableArguments {
  @Option(help: .hidden) var task: [String] = []
  @Option(help: .hidden) var pooling: [String] = []
  @Option(help: .hidden) var overrides: [String] = []
  @Option(help: .hidden) var scoreTemplate: [String] = []

  func validate() throws {
    try NotBuiltYet.refuse([
      ("--task", task), ("--pooling", pooling), ("--overrides", overrides),
      ("--score-template", scoreTemplate),
    ])
  }
}

/// Those of `embed`.
struct LaterEmbedFlags: ParsableArguments {
  @Option(help: .hidden) var output: [String] = []
  @Option(help: .hidden) var elementType: [String] = []

  func validate() throws {
    try NotBuiltYet.refuse([("--output", output), ("--element-type", elementType)])
  }
}

/// The answer to what is known and not built.
enum NotBuiltYet {
  /// - Throws: `ValidationError` naming the first flag that is given.
  static func refuse(_ flags: [(name: String, values: [String])]) throws {
    for flag in flags where !flag.values.isEmpty {
      throw ValidationError("\(flag.name) is not built yet")
    }
  }
}
