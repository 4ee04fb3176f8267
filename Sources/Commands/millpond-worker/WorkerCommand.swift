internal import ArgumentParser
internal import Glibc
internal import Inference
internal import Logging
internal import WorkerService

/// `millpond-worker`: one model behind one address.
@main
struct WorkerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "millpond-worker",
    abstract: "Serves one model: embeds, classifies or scores texts.",
    discussion: """
      Prints "ready HOST:PORT" on standard output once it serves; logs go to standard error.
      Usually `millpond serve` starts it.
      """,
    subcommands: [Serve.self, Inspect.self, Bench.self],
    defaultSubcommand: Serve.self)

  static func main() async {
    do {
      var command = try parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch let error as EngineError {
      leave(.notStarted, "\(error.message)")
    } catch {
      let status = exitCode(for: error)
      let text = fullMessage(for: error)
      if status == .success {
        print(text)
        Glibc.exit(0)
      }
      // ArgumentParser's own 64 for misuse is 2 here.
      leave(status == .validationFailure ? .misuse : .failed, text)
    }
  }

  /// What the process's exit status means.
  enum Leave: Int32 {
    case failed = 1
    case misuse = 2
    case notStarted = 4
  }

  static func leave(_ reason: Leave, _ message: String) -> Never {
    let text = message.hasPrefix("Error:") ? message : "Error: \(message)"
    StandardStreams.write(text + "\n", to: STDERR_FILENO)
    Glibc.exit(reason.rawValue)
  }
}
