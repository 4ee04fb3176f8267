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
      With --tokens, or on a model made for that, "embeddings":[[…],…] is a vector for each token; \
      with --sparse, "sparse":{"ids":[…],"weights":[…]} the weights of the vocabulary.
      --output writes a NumPy file in place of that: row i is input i, and of NaN where it failed; \
      errors go to standard error.

        millpond embed --server 127.0.0.1:7070 "The tide is out." "Low water."
        millpond embed --model ./minilm --input texts.txt --json > out.jsonl
        millpond embed --model ./minilm --input texts.txt --output vectors.npy --element-type f16
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

  @OptionGroup var shape: EmbedShapeFlags

  func validate() throws {
    if let dimensions, !(1...Int(UInt32.max)).contains(dimensions) {
      throw ValidationError("--dimensions \(dimensions): it is 1 or more")
    }
    if shape.sparse, dimensions != nil || normalize != nil {
      let flag = dimensions != nil ? "--dimensions" : "--normalize"
      throw ValidationError("\(flag) goes with vectors, not with --sparse")
    }
    if shape.file != nil, output.json {
      throw ValidationError("--json and --output exclude each other")
    }
  }

  func run() async throws {
    if let path = shape.file {
      try await run(to: RawArguments.displayed(path))
    } else if output.json {
      try await run(JSONReport<Embedding>())
    } else {
      try await run(EmbedReport(Page(columns: StandardStreams.columns)))
    }
  }

  private var options: EmbedOptions {
    EmbedOptions(
      prompt: prompt.prompt, dimensions: dimensions, normalize: normalize, output: shape.output,
      elementType: shape.elementType.value)
  }

  private func run(_ report: some AnswerReport<Embedding> & Sendable) async throws {
    let source = try inputs.source()
    let (length, options) = (length, options)
    let status = try await server.withClient { client, call in
      let call = length.apply(to: call)
      if await givesTokens(options.output, call, client) {
        source.limitSlices(to: .tokenLevel)
      }
      return try await CallRun(source, report: report).run(kinds: [.text, .ids], name: "embed") {
        (values) throws(MillpondError) in
        try await client.embed(values.map(\.wire), options: options, call: call).results
      }
    }
    try status.endCommand()
  }

  /// Writes an .npy file.
  private func run(to path: String) async throws {
    let source = try inputs.source()
    let empty = try NumpyHeader(shape.elementType.value)
    let (length, options) = (length, options)
    let status = try await server.withClient { client, call in
      let call = length.apply(to: call)
      let file = try NumpyFile(path: path)
      let model = await ServerSession.model(of: call, at: client)
      var header = empty
      header.columnCount = options.dimensions ?? model?.dimensions ?? 0
      return try await NumpyRun(source, to: file, header).run {
        (values) throws(MillpondError) in
        try await client.embed(values.map(\.wire), options: options, call: call).results
      }
    }
    try status.endCommand()
  }

  /// Whether answers hold a vector for each token.
  private func givesTokens(
    _ output: EmbedOutput, _ call: CallOptions, _ client: MillpondClient
  ) async -> Bool {
    guard output == .modelDefault else { return output == .tokens }
    return await ServerSession.model(of: call, at: client)?.outputs.first == "tokens"
  }
}

extension ExitStatus {
  /// - Throws: `CommandEnded` unless it is success.
  func endCommand() throws {
    if self != .success { throw CommandEnded(status: self) }
  }
}
