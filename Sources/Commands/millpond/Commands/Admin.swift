internal import ArgumentParser
internal import CommandSupport
internal import MillpondClient
internal import ServiceSupport

/// Commands to a running coordinator.
struct Admin: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Give a running coordinator commands: swap a model, drain a worker, reload.",
    discussion: """
      A coordinator listens for these where "serve --admin HOST:PORT" says: whoever reaches that \
      address may give them. Each step is printed when it is done. What is begun is finished, also \
      when nobody waits for it.

        millpond serve --model minilm=./minilm-v1 --admin 127.0.0.1:7069
        millpond admin swap --server 127.0.0.1:7069 minilm=./minilm-v2
        millpond admin drain --server 127.0.0.1:7069 10.0.0.5:7071
        millpond admin reload --server 127.0.0.1:7069
      """, subcommands: [Swap.self, Drain.self, Reload.self])
}

/// Which coordinator is told.
struct AdminOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where it listens for commands. Default: MILLPOND_ADMIN_SERVER.", valueName: "HOST:PORT"))
  var server: String?

  func run(_ command: ServerCommand) async throws {
    let text = server ?? Environment.current["MILLPOND_ADMIN_SERVER"]
    guard let text, let address = ServerAddress(text) else {
      throw CommandFailure(.misuse, "give --server HOST:PORT, or set MILLPOND_ADMIN_SERVER")
    }
    try await Interruption.cancelling {
      let client = try await ServerSession.connect(to: address, wait: nil)
      defer { client.close() }
      do {
        for try await line in client.administer(command) {
          try StandardStreams.write(Array((TerminalText.escaped(line) + "\n").utf8))
        }
      } catch let error as MillpondError {
        throw CommandFailure(.inputFailed, error.message)
      }
    }
  }
}

extension Admin {
  /// Another directory for a model.
  struct Swap: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Serve a model from another directory, without a dropped call.",
      discussion: """
        Starts workers of the directory beside those of the model, sends new calls to them once all \
        are ready, and ends the old ones. No answer mixes the two. The configuration file is not \
        changed: a reload, or the next start, goes by that.
        """)

    @OptionGroup var options: AdminOptions

    @Argument(
      help: ArgumentHelp("The model and the directory, at the coordinator.", valueName: "NAME=DIR"))
    var model: String

    func run() async throws {
      guard let equals = model.firstIndex(of: "="), equals != model.startIndex,
        model.index(after: equals) != model.endIndex
      else { throw CommandFailure(.misuse, "'\(model)': it is NAME=DIR") }
      try await options.run(
        .swap(
          model: String(model[..<equals]), directory: String(model[model.index(after: equals)...])))
    }
  }

  /// A worker less, or another in its place.
  struct Drain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Send a worker nothing more; one of the coordinator's own is replaced.",
      discussion: "One elsewhere is left alone until the coordinator reloads or starts anew.")

    @OptionGroup var options: AdminOptions

    @Argument(help: ArgumentHelp("The worker, as info lists it.", valueName: "HOST:PORT"))
    var worker: String

    func run() async throws {
      try await options.run(.drain(worker: worker))
    }
  }

  /// The configuration, read again.
  struct Reload: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Read the configuration file again and do what is new in it, as SIGHUP does.")

    @OptionGroup var options: AdminOptions

    func run() async throws {
      try await options.run(.reload)
    }
  }
}
