internal import ArgumentParser
internal import CommandSupport
internal import MillpondClient
internal import ServiceSupport

/// Which server to ask, and for how long.
struct QuestionOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("The server to ask. Default: MILLPOND_SERVER.", valueName: "HOST:PORT"))
  var server: String?

  @Option(help: ArgumentHelp("Wait so long for the server to be ready.", valueName: "SECONDS"))
  var wait: Double?

  @Option(help: ArgumentHelp("How long the answer may take.", valueName: "MS"))
  var deadline: Int = 5_000

  @Flag(help: "Print one JSON object, for programs.")
  var json = false

  func validate() throws {
    if let wait, !(0...1e6).contains(wait) {
      throw ValidationError("--wait \(wait): it is seconds from 0 on")
    }
    if !(0...86_400_000).contains(deadline) {
      throw ValidationError("--deadline \(deadline): it is milliseconds from 0 to 86400000")
    }
  }

  /// Lends a client of the server to the body.
  ///
  /// - Throws: `CommandFailure`, and what the body throws.
  func withClient<Value: Sendable>(
    _ body: @escaping @Sendable (MillpondClient, CallOptions, ServerAddress) async throws -> Value
  ) async throws -> Value {
    guard let address = try ServerAddressOption.address(server) else {
      throw CommandFailure(
        .misuse, "give --server HOST:PORT, or set \(ServeSettings.serverVariable)")
    }
    let (wait, deadline) = (wait.map { Duration.seconds($0) }, deadline)
    return try await Interruption.cancelling {
      let client = try await ServerSession.connect(to: address, wait: wait)
      defer { client.close() }
      return try await body(client, CallOptions(timeout: .milliseconds(deadline)), address)
    }
  }
}

/// What a server serves.
struct Info: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what a server serves: its models and workers.",
    discussion: """
        millpond info --server 127.0.0.1:7070
        millpond info --server 127.0.0.1:7070 --json | jq -r '.models[].fingerprint'
      """)

  @OptionGroup var question: QuestionOptions

  func run() async throws {
    let json = question.json
    try await question.withClient { client, call, address in
      let information = try await client.info(call: call)
      try StandardStreams.write(
        json
          ? InfoReport.json(information)
          : Array(InfoReport.text(information, at: address).utf8))
    }
  }
}

/// Whether a server works.
struct Health: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Ask whether a server lives, is ready and makes progress.",
    discussion: """
      Exit status 0: ready. 1: reached, not ready. 3: not reached.

        millpond health --server 127.0.0.1:7070 && echo ready
        millpond health --server 127.0.0.1:7070 --wait 30
      """)

  @OptionGroup var question: QuestionOptions

  func run() async throws {
    let json = question.json
    let isReady = try await question.withClient { client, call, address in
      let health = try await client.health(call: call)
      try StandardStreams.write(
        json ? HealthReport.json(health) : Array(HealthReport.text(health, at: address).utf8))
      return health.isReady
    }
    if !isReady { throw CommandEnded(status: .inputFailed) }
  }
}
