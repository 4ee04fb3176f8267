internal import ArgumentParser

/// Measures models and servers.
struct Bench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure models and servers.",
    discussion: """
      Each run reads /proc/stat: one during which others used more than 5 % of the processors is \
      discarded and repeated, within a bound.

        millpond bench embed --model Models/all-MiniLM-L6-v2 --jsonl texts.jsonl
        millpond bench embed --server 127.0.0.1:7070 --jsonl texts.jsonl --json
        millpond bench kernels
        millpond bench start --model Models/all-MiniLM-L6-v2
        millpond bench coordinator --server 127.0.0.1:7070
      """,
    subcommands: [
      BenchEmbed.self, BenchKernels.self, BenchStart.self, BenchCoordinator.self,
    ])
}
