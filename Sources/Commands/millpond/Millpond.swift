package import ArgumentParser
internal import Wire

/// The root of the command line.
package struct Millpond: ParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "millpond",
    abstract: "Serve text embedding, classification and scoring models, and call them.",
    discussion: """
      Start a server with a model directory as downloaded from Hugging Face, then call it:

        millpond serve --model minilm=Models/all-MiniLM-L6-v2 &
        millpond embed --server 127.0.0.1:7070 --wait 10 "The tide is out."

      Or run one command without a server:

        millpond embed --model Models/all-MiniLM-L6-v2 "The tide is out."

      Every command that prints answers takes --json: one object a line for each input.

      Exit status: 0 all well, 1 an input failed, 2 wrong command line or configuration, 3 server \
      not reached, 4 a server or worker could not start, 130 Ctrl-C.
      """,
    version: "millpond \(Version.current)",
    groupedSubcommands: [
      CommandGroup(name: "Serving", subcommands: [Serve.self, Check.self]),
      CommandGroup(
        name: "Calling",
        subcommands: [Embed.self, Classify.self, ScoreCommand.self, Tokenize.self]),
      CommandGroup(
        name: "Looking",
        subcommands: [Inspect.self, Info.self, Health.self, Top.self, Bench.self]),
      CommandGroup(name: "Operating", subcommands: [Admin.self]),
    ])

  package init() {}
}
