internal import ArgumentParser
internal import CommandSupport
internal import MillpondClient

/// Texts as vectors.
struct Embed: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turn texts into vectors.",
    discussion: """
      Without --json it shows a row for each text; with it, one object a line:
      {"index":0,"embedding":[…],"tokens":9,"truncated":false}

        millpond embed --server 127.0.0.1:7070 "The tide is out." "Low water."
        millpond embed --model ./minilm --input texts.txt --json > out.jsonl
      """)

  @OptionGroup var inputs: InputOptions
  @OptionGroup(title: "Server or model") var server: ServerOptions
  @OptionGroup(title: "Texts") var prompt: PromptOption
  @OptionGroup(title: "Length") var length: LengthFlags
  @OptionGroup(title: "Output") var output: OutputFlags

  @Option(help: ArgumentHelp("Keep the first N components of each vector.", valueName: "N"))
  var dimensions: Int?

  @Flag(
    inversion: .prefixedNo, exclusivity: .exclusive,
    help: "Whether vectors have length 1. Default: as the model says.")
  var normalize: Bool?

  @OptionGroup var later: LaterEmbedFlags

  func validate() throws {
    if let dimensions, !(1...Int(UInt32.max)).contains(dimensions) {
      throw ValidationError("--dimensions \(dimensions): it is 1 or more")
    }
  }

  func run() async throws {
    if output.json {
      try await run(JSONReport<Embedding>())
    } else {
      try await run(EmbedReport(Page(columns: StandardStreams.columns)))
    }
  }

  private func run(_ report: some AnswerReport<Embedding> & Sendable) async throws {
    let source = try inputs.source()
    let (length, prompt, dimensions, normalize) = (length, prompt.prompt, dimensions, normalize)
    let status = try await server.withClient { client, call in
      let call = length.apply(to: call)
      let options = EmbedOptions(prompt: prompt, dimensions: dimensions, normalize: normalize)
      return try await CallRun(source, report: report).run(kinds: [.text, .ids], name: "embed") {
        (values) throws(MillpondError) in
        try await client.embed(values.map(\.wire), options: options, call: call).results
      }
    }
    try status.endCommand()
  }
}

extension ExitStatus {
  /// - Throws: `CommandEnded` unless it is success.
  func endCommand() throws {
    if self != .success { throw CommandEnded(status: self) }
  }
}
