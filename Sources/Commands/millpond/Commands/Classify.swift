internal import ArgumentParser
internal import CommandSupport
internal import MillpondClient

/// Texts, or pairs, as a value for each label.
struct Classify: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Find the label of each text.",
    discussion: """
      Without --json it shows the likeliest labels with their probabilities; with it, one object \
      a line:
      {"index":0,"label":"games","probabilities":[…],"tokens":9,"truncated":false}
      On a model that classifies each token, or each step of a text, "labels":["O","PER",…] and \
      "probabilities":[[…],…] have an entry for each.

        millpond classify --server 127.0.0.1:7070 "A falling block game"
        cut -f2 list.tsv | millpond classify --model ./sections --input -
      """)

  @OptionGroup var inputs: InputOptions
  @OptionGroup(title: "Server or model") var server: ServerOptions
  @OptionGroup(title: "Length") var length: LengthFlags
  @OptionGroup(title: "Output") var output: OutputFlags

  @Flag(help: "Give logits in place of probabilities.")
  var raw = false

  func run() async throws {
    if output.json {
      try await run(JSONReport<LabelValues>())
    } else {
      try await run(ClassifyReport(Page(columns: StandardStreams.columns)))
    }
  }

  private func run(_ report: some AnswerReport<LabelValues> & Sendable) async throws {
    let source = try inputs.source()
    let (length, raw) = (length, raw)
    let status = try await server.withClient { client, call in
      let call = length.apply(to: call)
      let model = await ServerSession.model(of: call, at: client)
      if model?.task == "token-classify" { source.limitSlices(to: .tokenLevel) }
      return try await CallRun(source, report: report).run(kinds: .all, name: "classify") {
        (values) throws(MillpondError) in
        let answer = try await client.classify(values.map(\.wire), raw: raw, call: call)
        return answer.results.map { $0.map { LabelValues($0, isRaw: raw) } }
      }
    }
    try status.endCommand()
  }
}
