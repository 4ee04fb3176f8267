internal import ArgumentParser
internal import MillpondClient

/// What `embed` gives for a text, and where.
struct EmbedShapeFlags: ParsableArguments {
  /// `--element-type`'s values.
  enum Element: String, ExpressibleByArgument, CaseIterable {
    case f32
    case f16
    case bf16

    /// As calls name it.
    var value: ElementType {
      switch self {
      case .f32: .f32
      case .f16: .f16
      case .bf16: .bf16
      }
    }
  }

  @Flag(help: "Give a vector for each token. Default: what the model is made for.")
  var tokens = false

  @Flag(help: "Give weights of the vocabulary's tokens. Default: what the model is made for.")
  var sparse = false

  @Option(
    help: ArgumentHelp("Round the numbers to this type, to nearest.", valueName: "f32|f16|bf16"))
  var elementType = Element.f32

  @Option(
    name: .customLong("output"),
    help: ArgumentHelp(
      "Write the vectors to a NumPy file, a row for each text.", valueName: "FILE.npy"))
  var file: String?

  func validate() throws {
    if tokens, sparse { throw ValidationError("--tokens and --sparse exclude each other") }
    if file != nil, tokens || sparse {
      let flag = tokens ? "--tokens" : "--sparse"
      throw ValidationError("--output holds one vector for each text: it goes without \(flag)")
    }
    if file != nil, elementType == .bf16 {
      throw ValidationError(
        "--element-type bf16: .npy has no such type; use f16 or f32, or --json")
    }
    if let file, !file.hasSuffix(".npy") {
      throw ValidationError("--output \(file): its name must end in .npy")
    }
  }

  /// What calls ask for. A file takes vectors only, whatever else the model has.
  var output: EmbedOutput {
    if file != nil { return .vector }
    return tokens ? .tokens : sparse ? .sparse : .modelDefault
  }
}
