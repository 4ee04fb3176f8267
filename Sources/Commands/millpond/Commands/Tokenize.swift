internal import ArgumentParser
internal import CommandSupport
internal import MillpondClient

/// Texts as token ids.
struct Tokenize: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show the tokens of each text, special ones included.",
    discussion: """
      It never refuses for length; with --truncate it shows what would run.
      Without --json it shows each token over its id; with it, one object a line:
      {"index":0,"ids":[…],"tokens":["…"]}

        millpond tokenize --model Models/all-MiniLM-L6-v2 "The tide is out."
      """)

  @OptionGroup var inputs: InputOptions
  @OptionGroup(title: "Server or model") var server: ServerOptions
  @OptionGroup(title: "Texts") var prompt: PromptOption
  @OptionGroup(title: "Length") var length: LengthFlags
  @OptionGroup(title: "Output") var output: OutputFlags

  func run() async throws {
    if output.json {
      try await run(JSONReport<Tokenization>())
    } else {
      try await run(TokenizeReport(Page(columns: StandardStreams.columns)))
    }
  }

  private func run(_ report: some AnswerReport<Tokenization> & Sendable) async throws {
    let source = try inputs.source()
    let (length, prompt) = (length, prompt.prompt)
    let status = try await server.withClient { client, call in
      let call = length.apply(to: call)
      return try await CallRun(source, report: report).run(kinds: .all, name: "tokenize") {
        (values) throws(MillpondError) in
        try await client.tokenize(values.map(\.wire), prompt: prompt, call: call).results
      }
    }
    try status.endCommand()
  }
}
