internal import ArgumentParser
internal import CommandSupport

/// Shows how a model directory is understood. Carried out by `millpond-worker`: see `Main`.
///
/// The parser sees it only when help is wanted or nothing follows.
struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show how a model directory is understood, and by which rules.",
    discussion: """
      Class, task, conversion, pooling, normalisation, activation, labels and limits, each with \
      the rule that decided it, and the fingerprint. It computes nothing.

        millpond inspect --model Models/all-MiniLM-L6-v2
        millpond inspect --model Models/all-MiniLM-L6-v2 --json
      """)

  @Option(help: ArgumentHelp("The model directory, as downloaded.", valueName: "[NAME=]DIR"))
  var model: String

  @Flag(help: "Print one JSON object, for programs.")
  var json = false

  @OptionGroup var overrides: ModelOverrideOptions

  @Option(help: ArgumentHelp("A limit of tokens below the model's.", valueName: "N"))
  var maxTokens: Int?

  @Option(
    help: ArgumentHelp(
      "The worker program. Default: millpond-worker beside this program.", valueName: "PATH"))
  var workerBinary: String?

  func run() throws {
    throw CommandFailure(.misuse, "inspect is the first word of the command line")
  }
}

/// Measures. Carried out by `millpond-worker`: see `Main`.
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure models and servers.",
    discussion: """
      "millpond bench --help" lists what it measures and its flags.

        millpond bench embed --model ./minilm --jsonl texts.jsonl --json
        millpond bench embed --server 127.0.0.1:7070 --jsonl texts.jsonl
      """)

  @Argument(parsing: .captureForPassthrough, help: "Arguments of the worker program's bench.")
  var arguments: [String] = []

  func run() throws {
    throw CommandFailure(.misuse, "bench is the first word of the command line")
  }
}
