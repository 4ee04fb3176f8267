internal import ArgumentParser
internal import MillpondClient

/// What happens to texts over the limit.
struct LengthFlags: ParsableArguments {
  /// `--truncate`'s values.
  enum Side: String, ExpressibleByArgument, CaseIterable {
    case off
    case left
    case right
  }

  @Option(
    help: ArgumentHelp(
      "Cut texts over the limit at this side; off makes them errors.", valueName: "off|left|right"))
  var truncate = Side.off

  @Option(
    help: ArgumentHelp(
      "Lower the model's limit of tokens; special tokens count.", valueName: "N"))
  var maxTokens: Int?

  func validate() throws {
    if let maxTokens, !(0...Int(UInt32.max)).contains(maxTokens) {
      throw ValidationError("--max-tokens \(maxTokens): it is a count of tokens")
    }
  }

  /// The options with these.
  func apply(to options: CallOptions) -> CallOptions {
    var options = options
    options.maxTokens = maxTokens
    options.truncation =
      switch truncate {
      case .off: .off
      case .left: .left
      case .right: .right
      }
    return options
  }
}

/// How answers are printed.
struct OutputFlags: ParsableArguments {
  @Flag(help: "Print one JSON object a line for each input, for programs.")
  var json = false
}

/// A prompt of the model by name.
struct PromptOption: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Put this prompt of the model before each text; '' is none.", valueName: "NAME"))
  var prompt: String?
}
