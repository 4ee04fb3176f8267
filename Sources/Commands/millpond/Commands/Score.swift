internal import ArgumentParser
internal import CommandSupport
internal import MillpondClient

/// How well documents answer a query.
struct ScoreCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "score",
    abstract: "Rank documents by how well they answer a query.",
    discussion: """
      One query against many documents, or pairs of both from --jsonl. On an embedding model the \
      score is the cosine, on a cross-encoder its activated output.
      Without --json it shows a ranking; with it, one object a line:
      {"index":0,"score":0.93,"tokens":21,"truncated":false}

        millpond score --server 127.0.0.1:7070 --query "when is low water" \\
          "The tide is out at noon." "Boats for hire."
        millpond score --model ./reranker --query chess --input docs.txt
      """)

  @Argument(
    help: ArgumentHelp(
      "The documents. Put -- before them if one begins with a dash.", valueName: "DOCUMENT"))
  var documents: [String] = []

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("What the documents are to answer.", valueName: "TEXT"))
  var query: String?

  @Option(
    help: ArgumentHelp(
      "With --query: a file with a document on each line; - is standard input.",
      valueName: "FILE"))
  var input: String?

  @Option(
    help: ArgumentHelp(
      #"Without --query: a file with {"query":…,"document":…} on each line; - is standard input."#,
      valueName: "FILE"))
  var jsonl: String?

  @OptionGroup(title: "Server or model") var server: ServerOptions
  @OptionGroup(title: "Texts") var prompt: PromptOption
  @OptionGroup(title: "Length") var length: LengthFlags
  @OptionGroup(title: "Output") var output: OutputFlags

  @Flag(help: "Give the value before the last activation; a cosine stays as it is.")
  var raw = false

  @Option(help: ArgumentHelp("Print the N best, the best first.", valueName: "N"))
  var top: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "What to look for, on a model that takes an instruction.", valueName: "TEXT"))
  var instruction: String?

  func validate() throws {
    if let top, top < 1 { throw ValidationError("--top \(top): it is 1 or more") }
    let given: [(String, Bool)] = [("DOCUMENT …", !documents.isEmpty), ("--input", input != nil)]
    if query != nil {
      if jsonl != nil {
        throw ValidationError("--query and --jsonl exclude each other: a pair has its own query")
      }
      try InputFileOptions.checkOne(given)
    } else if jsonl == nil {
      throw ValidationError("no query: give --query with documents, or pairs with --jsonl")
    } else if let other = given.first(where: \.1) {
      throw ValidationError("\(other.0) goes with --query, not with --jsonl")
    }
  }

  func run() async throws {
    let page = Page(columns: StandardStreams.columns)
    switch (output.json, top) {
    case (true, nil): try await run(JSONReport<Score>())
    case (true, let top?): try await run(JSONTopReport(countMax: top))
    case (false, nil): try await run(RankingReport(page))
    case (false, let top?): try await run(RankingReport(page, countMax: top))
    }
  }

  private func run(_ report: some AnswerReport<Score> & Sendable) async throws {
    let source = try source()
    let (length, prompt, raw) = (length, prompt.prompt, raw)
    let query = query.map(RawArguments.bytes(of:))
    let instruction = instruction.map(RawArguments.bytes(of:))
    let kinds: InputKinds = query == nil ? .pair : .text
    let status = try await server.withClient { client, call in
      let call = length.apply(to: call)
      return try await CallRun(source, report: report).run(kinds: kinds, name: "score") {
        (values) throws(MillpondError) in
        // Each call of many carries the one query.
        try await client.score(
          queries: query.map { [$0] } ?? values.map(\.query), documents: values.map(\.document),
          raw: raw, prompt: prompt, instruction: instruction, call: call
        ).results
      }
    }
    try status.endCommand()
  }

  private func source() throws(CommandFailure) -> InputSource {
    if let input { return try InputSource(path: RawArguments.displayed(input), format: .text) }
    if let jsonl { return try InputSource(path: RawArguments.displayed(jsonl), format: .json) }
    return InputSource(texts: documents.map(RawArguments.bytes(of:)))
  }
}
