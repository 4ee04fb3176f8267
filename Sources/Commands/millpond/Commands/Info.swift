internal import ArgumentParser
internal import CommandSupport
internal import MillpondClient
internal import ServiceSupport

/// Which server to ask, and for how long. Of several, one that answers is asked.
struct QuestionOptions: ParsableArguments {
  @OptionGroup var list: ServerListOption

  @Option(help: ArgumentHelp("Wait so long for the server to be ready.", valueName: "SECONDS"))
  var wait: Double?

  @Option(help: ArgumentHelp("How long the answer may take. Default: 5000.", valueName: "MS"))
  var deadline: Int?

  @Flag(help: "Print one JSON object, for programs.")
  var json = false

  @OptionGroup var caller: CallerFlags

  func validate() throws {
    if let wait, !(0...1e6).contains(wait) {
      throw ValidationError("--wait \(wait): it is seconds from 0 on")
    }
    if let deadline, !(0...86_400_000).contains(deadline) {
      throw ValidationError("--deadline \(deadline): it is milliseconds from 0 to 86400000")
    }
  }

  /// Lends a client of the server to the body.
  ///
  /// - Throws: `CommandFailure`, and what the body throws.
  func withClient<Value: Sendable>(
    _ body: @escaping @Sendable (MillpondClient, CallOptions, ServerList) async throws -> Value
  ) async throws -> Value {
    guard let servers = try list.servers() else {
      throw CommandFailure(
        .misuse, "give --server HOST:PORT, or set \(ServeSettings.serverVariable)")
    }
    let (wait, deadline) = (wait.map { Duration.seconds($0) }, deadline ?? 5_000)
    let caller = caller
    return try await Interruption.cancelling {
      let client = try await ServerSession.connect(
        to: servers, token: caller.tokenInForce, wait: wait)
      defer { client.close() }
      let options = caller.apply(to: CallOptions(timeout: .milliseconds(deadline)))
      return try await body(client, options, servers)
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
      Exit status 0: ready. 1: reached, not ready. 3: not reached. With --watch it is the last \
      state's, 3 when no server is reached any more, and 130 after Ctrl-C.

        millpond health --server 127.0.0.1:7070 && echo ready
        millpond health --server 127.0.0.1:7070 --wait 30
        millpond health --server 127.0.0.1:7070 --watch --json
      """)

  @OptionGroup var question: QuestionOptions

  @Flag(
    help: """
      Go on, and print the state after each change, until Ctrl-C, or --deadline if one is given.
      """)
  var watch = false

  func run() async throws {
    let (json, watch, hasDeadline) = (question.json, watch, question.deadline != nil)
    let isReady = try await question.withClient { client, call, servers in
      if watch {
        return try await Self.watch(
          client, call, hasDeadline: hasDeadline, report: { Self.page($0, servers, json) })
      }
      let health = try await client.health(call: call)
      try StandardStreams.write(Self.page(health, servers, json))
      return health.isReady
    }
    if !isReady { throw CommandEnded(status: .inputFailed) }
  }

  private static func page(_ health: ServerHealth, _ servers: ServerList, _ json: Bool) -> [UInt8] {
    json ? HealthReport.json(health) : Array(HealthReport.text(health, at: servers).utf8)
  }

  /// - Returns: whether the last state was ready.
  private static func watch(
    _ client: MillpondClient, _ call: CallOptions, hasDeadline: Bool,
    report: (ServerHealth) -> [UInt8]
  ) async throws -> Bool {
    var call = call
    if !hasDeadline { call.timeout = nil }
    var isReady = false
    for try await health in client.watchHealth(call: call) {
      isReady = health.isReady
      try StandardStreams.write(report(health))
    }
    return isReady
  }
}
