internal import ArgumentParser
internal import CommandSupport
internal import Coordination
internal import Logging
internal import Logs
internal import MillpondClient
internal import ServiceSupport

/// Who answers: servers that run, or a worker started for the length of the command.
struct ServerOptions: ParsableArguments {
  @OptionGroup var list: ServerListOption

  @Option(
    help: ArgumentHelp(
      "Call no server: start a worker with this model directory for the length of the command.",
      valueName: "[NAME=]DIR"))
  var model: String?

  @Option(help: ArgumentHelp("Which model, at a server with several.", valueName: "NAME"))
  var name: String?

  @Option(help: ArgumentHelp("Wait so long for the server to be ready.", valueName: "SECONDS"))
  var wait: Double?

  @Option(
    help: ArgumentHelp(
      "How long a call may take; 0 is already too late. Default: no limit.",
      valueName: "MS"))
  var deadline: Int?

  @Option(help: ArgumentHelp("With --model: compute threads.", valueName: "N"))
  var threads: Int?

  @Option(
    help: ArgumentHelp("With --model: what products are computed in.", valueName: "f32|bf16|int8"))
  var precision: String?

  @Option(
    help: ArgumentHelp(
      "With --model: the worker program. Default: millpond-worker beside this program.",
      valueName: "PATH"))
  var workerBinary: String?

  @OptionGroup var overrides: ModelOverrideOptions

  @OptionGroup var head: HeadFlags

  func validate() throws {
    if !list.server.isEmpty, model != nil {
      throw ValidationError("--server and --model exclude each other")
    }
    if let wait, !(0...1e6).contains(wait) {
      throw ValidationError("--wait \(wait): it is seconds from 0 on")
    }
    if let deadline, !(0...Self.deadlineMax).contains(deadline) {
      throw ValidationError(
        "--deadline \(deadline): it is milliseconds from 0 to \(Self.deadlineMax)")
    }
    if let threads, threads < 1 { throw ValidationError("--threads \(threads): it is 1 or more") }
    try precision.map(Self.checkPrecision)
    if model == nil {
      let given = [
        threads.map { _ in "--threads" }, precision.map { _ in "--precision" },
        workerBinary.map { _ in "--worker-binary" }, overrides.given.first?.flag,
      ]
      if let flag = given.compactMap({ $0 }).first {
        throw ValidationError("\(flag) goes with --model, where a worker is started")
      }
    }
  }

  /// A day, in milliseconds.
  private static let deadlineMax = 86_400_000

  private static func checkPrecision(_ text: String) throws {
    do throws(ValueError) {
      _ = try Precision.check(text)
    } catch {
      throw ValidationError("--precision \(text): \(error.message)")
    }
  }

  /// Lends a client of the server, or of a worker of our own, to the body.
  ///
  /// The options for calls hold the model to name and the deadline.
  ///
  /// - Throws: `CommandFailure`, `CoordinationError` if the worker could not start, and what the
  ///   body throws.
  func withClient<Value: Sendable>(
    _ body: @escaping @Sendable (MillpondClient, CallOptions) async throws -> Value
  ) async throws -> Value {
    let target = try target()
    let options = self
    return try await Interruption.cancelling {
      switch target {
      case .servers(let servers):
        let wait = options.wait.map { Duration.seconds($0) }
        let client = try await ServerSession.connect(
          to: servers, token: options.head.caller.tokenInForce, wait: wait)
        defer { client.close() }
        let model = try await ServerSession.model(named: options.name, at: client)
        return try await body(client, options.call(model: model))
      case .worker(let launch):
        let logger = Logger.standardError(label: "millpond", level: .warning)
        return try await withWorker(launch, logger: logger) { host, port in
          let address = ServerAddress(host: host, port: port)
          let client = try await ServerSession.connect(to: address)
          defer { client.close() }
          return try await body(client, options.call(model: launch.modelName))
        }
      }
    }
  }

  private enum Target {
    case servers(ServerList)
    case worker(WorkerLaunch)
  }

  private func target() throws(CommandFailure) -> Target {
    if let model { return .worker(try launch(model)) }
    guard let servers = try list.servers() else {
      throw CommandFailure(
        .misuse,
        "give --server HOST:PORT or --model DIR, or set \(ServeSettings.serverVariable)")
    }
    return .servers(servers)
  }

  private func launch(_ text: String) throws(CommandFailure) -> WorkerLaunch {
    let model: ModelArgument
    do throws(ValueError) {
      model = try ModelArgument(RawArguments.displayed(text))
    } catch {
      throw CommandFailure(.misuse, "--model \(text): \(error.message)")
    }
    if let name, name != model.name {
      throw CommandFailure(.misuse, "--name \(name): the model is named '\(model.name)'")
    }
    let variable = Environment.current[ServeSettings.workerBinaryVariable]
    return WorkerLaunch(
      binary: try WorkerProgram.path(workerBinary ?? variable), modelName: model.name,
      modelDirectory: model.directory,
      arguments: (threads.map { ["--threads", "\($0)"] } ?? [])
        + (precision.map { ["--precision", $0] } ?? [])
        + overrides.given.flatMap { [$0.flag, $0.value] })
  }

  private func call(model: String?) -> CallOptions {
    head.apply(
      to: CallOptions(model: model, timeout: deadline.map { .milliseconds($0) }))
  }
}

/// The addresses of servers, from flags or from the environment.
struct ServerListOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The server to call; several that serve the same share the calls. Default: MILLPOND_SERVER.",
      valueName: "HOST:PORT[,…]"))
  var server: [String] = []

  /// Nil if neither names one.
  ///
  /// - Throws: `.misuse` for what is no address, naming where it stands.
  func servers() throws(CommandFailure) -> ServerList? {
    let variable = ServeSettings.serverVariable
    var (source, texts) = ("--server", server)
    if server.isEmpty {
      guard let text = Environment.current[variable], !text.isEmpty else { return nil }
      (source, texts) = (variable, [text])
    }
    do throws(ServerList.NotAnAddress) {
      return try ServerList(texts)
    } catch {
      throw CommandFailure(.misuse, "\(source) \(error.text): it is HOST:PORT")
    }
  }
}
