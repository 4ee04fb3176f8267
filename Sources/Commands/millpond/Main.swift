internal import ArgumentParser
internal import CommandSupport
internal import Coordination
internal import Glibc
internal import MillpondClient
internal import ServiceSupport

/// The program's beginning and end: raw arguments in, exit status out.
@main
enum Main {
  static func main() async {
    let arguments = RawArguments.currentBytes.dropFirst().map { $0 }
    // First of all: what the worker program does must not inherit how we treat signals.
    if let call = WorkerCommand.call(arguments) { become(call) }
    StandardStreams.ignoreBrokenPipes()
    exit(await run(arguments.map(RawArguments.string(of:))).rawValue)
  }

  private static func become(_ call: WorkerCommand.Call) -> Never {
    do throws(CommandFailure) {
      let path = try WorkerProgram.path(
        call.program ?? Environment.current[ServeSettings.workerBinaryVariable])
      try WorkerProgram.become(path, arguments: call.arguments)
    } catch {
      exit(status(of: error).rawValue)
    }
  }

  private static func run(_ arguments: [String]) async -> ExitStatus {
    do {
      var command = try Millpond.parseAsRoot(arguments)
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
      return .success
    } catch {
      return status(of: error)
    }
  }

  /// What to tell the shell of an error, after saying it on standard error.
  private static func status(of error: any Error) -> ExitStatus {
    switch error {
    case let ended as CommandEnded: return ended.status
    case let failure as CommandFailure:
      // The user knows of Ctrl-C.
      if failure.status != .interrupted { report(failure.message) }
      return failure.status
    case is OutputClosed: return .success
    case is CancellationError: return .interrupted
    case let error as SettingsError:
      report(error.message)
      return .misuse
    case let error as CoordinationError:
      report(error.message)
      return .notStarted
    case let error as MillpondError:
      report(error.description)
      return error.isUnreachable ? .serverNotReached : .inputFailed
    default: return parserStatus(of: error)
    }
  }

  /// The parser's own errors, among them the wish for help.
  private static func parserStatus(of error: any Error) -> ExitStatus {
    let message = Millpond.fullMessage(for: error)
    guard Millpond.exitCode(for: error).isSuccess else {
      StandardStreams.report(RawArguments.displayed(message))
      return .misuse
    }
    // Help that nobody reads to its end is no error.
    try? StandardStreams.write(Array((message + "\n").utf8))
    return .success
  }

  private static func report(_ message: String) {
    StandardStreams.report("millpond: \(TerminalText.escaped(message))")
  }
}

/// A command is done, with more to tell the shell than success.
struct CommandEnded: Error {
  var status: ExitStatus
}
