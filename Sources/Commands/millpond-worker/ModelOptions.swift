internal import ArgumentParser
internal import Inference
internal import Kernels

/// The model and how it is run: the same for every subcommand.
struct ModelOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Model directory, as downloaded.", valueName: "[NAME=]DIR"))
  var model: String

  @Option(help: "Compute threads. Default: one for each processor that quota and affinity allow.")
  var threads: Int?

  @Option(help: "How products are computed: f32, bf16 or int8.")
  var precision = Precision.f32

  @Option(
    name: .customLong("max-tokens"), help: "Lowers the model's limit of tokens of an input.")
  var maxTokens: Int?

  @OptionGroup(title: "In place of what the directory says") var overrides: OverrideOptions

  @Option(
    help: """
      Folder for packed weights, which all workers of a host share, and hashes. Default: \
      ~/.cache/millpond.
      """)
  var cache: String?

  @Flag(name: .customLong("no-cache"), help: "Remember nothing between starts.")
  var noCache = false

  func validate() throws {
    if cache != nil, noCache { throw ValidationError("--cache and --no-cache exclude each other") }
    if let threads, threads < 1 { throw ValidationError("--threads \(threads): at least 1") }
  }

  /// The model's name: NAME, or the last component of the path.
  var name: String {
    if let named { return String(named.name) }
    let path = model.reversed().drop { $0 == "/" }
    return String(path.prefix { $0 != "/" }.reversed())
  }

  var directory: String { named.map { String($0.directory) } ?? model }

  /// NAME=DIR; a name has no slash, so a path with an equals sign is no such pair.
  private var named: (name: Substring, directory: Substring)? {
    guard let equals = model.firstIndex(of: "="), !model[..<equals].contains("/") else {
      return nil
    }
    return (model[..<equals], model[model.index(after: equals)...])
  }
}

extension Precision: ExpressibleByArgument {}
