internal import ArgumentParser
internal import CommandSupport

/// Where inputs come from: exactly one of the command line, a file of lines, a file of JSON lines.
struct InputOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "The texts. Put -- before them if one begins with a dash.", valueName: "TEXT"))
  var texts: [String] = []

  @OptionGroup var files: InputFileOptions

  func validate() throws {
    try InputFileOptions.checkOne([
      ("TEXT …", !texts.isEmpty), ("--input", files.input != nil), ("--jsonl", files.jsonl != nil),
    ])
  }

  /// The inputs.
  ///
  /// - Throws: `.misuse` if a file cannot be opened.
  func source() throws(CommandFailure) -> InputSource {
    try files.source() ?? InputSource(texts: texts.map(RawArguments.bytes(of:)))
  }
}

/// The two forms of input files.
struct InputFileOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A file with a text on each line; - is standard input.", valueName: "FILE"))
  var input: String?

  @Option(
    help: ArgumentHelp(
      """
      A file with JSON on each line: a string, {"query":…,"document":…} or an array of token \
      ids; - is standard input.
      """, valueName: "FILE"))
  var jsonl: String?

  /// The inputs of a file, if one is named.
  ///
  /// - Throws: `.misuse` if it cannot be opened.
  func source() throws(CommandFailure) -> InputSource? {
    if let input { return try InputSource(path: RawArguments.displayed(input), format: .text) }
    if let jsonl { return try InputSource(path: RawArguments.displayed(jsonl), format: .json) }
    return nil
  }

  /// - Throws: `ValidationError` unless exactly one is given.
  static func checkOne(_ sources: [(name: String, isGiven: Bool)]) throws {
    let given = sources.filter(\.isGiven).map(\.name)
    let names = sources.map(\.name).joined(separator: ", ")
    if given.isEmpty { throw ValidationError("no input: give one of \(names)") }
    if given.count > 1 {
      let list = given.joined(separator: " and ")
      throw ValidationError("\(list) exclude each other: give one of \(names)")
    }
  }
}
