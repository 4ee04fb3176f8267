internal import CPlatform
internal import Glibc
internal import Logging
internal import Subprocess
internal import Synchronization
internal import SystemPackage

/// How to start a worker of our own.
package struct WorkerLaunch: Sendable, Hashable {
  /// Path of `millpond-worker`.
  package var binary: String
  package var modelName: String
  package var modelDirectory: String
  /// More flags, such as `--threads 2`.
  package var arguments: [String]

  package init(
    binary: String, modelName: String, modelDirectory: String, arguments: [String] = []
  ) {
    self.binary = binary
    self.modelName = modelName
    self.modelDirectory = modelDirectory
    self.arguments = arguments
  }
}

/// One run of a worker's process, from spawn to exit.
///
/// The worker listens on a port that the system chooses and prints `ready HOST:PORT`. Its standard
/// input is a pipe that we hold: its end tells the worker that we are gone, however we went. Its
/// standard error is ours.
enum WorkerProcess {
  /// How long a worker may take to end once its standard input has ended: what it had is answered
  /// before, or given up.
  private static let endTimeout = Duration.seconds(5)

  /// What a run came to.
  struct Exit: Sendable {
    var wasReady: Bool
    var description: String
  }

  /// Runs a worker until it exits or the task is cancelled, which ends it in an orderly way.
  ///
  /// - Parameters:
  ///   - onReady: called once with the worker's address and process id.
  /// - Throws: `.programMissing` if it cannot be spawned.
  static func run(
    _ launch: WorkerLaunch, logger: Logger,
    onReady: @escaping @Sendable (WorkerAddress, Int) -> Void
  ) async throws -> Exit {
    let ready = Mutex(false)
    var options = PlatformOptions()
    // A group of its own: Ctrl-C at the terminal reaches us alone, and we end our workers.
    options.processGroupID = 0
    options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: endTimeout)]
    do {
      let result = try await Subprocess.run(
        .path(FilePath(launch.binary)), arguments: Arguments(arguments(launch)),
        environment: .inherit, platformOptions: options, input: .inputWriter,
        output: .sequence, error: .currentStandardError
      ) { execution in
        for try await line in execution.standardOutput.strings() {
          guard let address = readyAddress(line) else { continue }
          ready.withLock { $0 = true }
          onReady(address, Int(execution.processIdentifier.value))
        }
      }
      return Exit(wasReady: ready.withLock { $0 }, description: "\(result.terminationStatus)")
    } catch let error as SubprocessError {
      throw CoordinationError(.programMissing, "cannot run \(launch.binary): \(error)")
    }
  }

  private static func arguments(_ launch: WorkerLaunch) -> [String] {
    [
      "--model", "\(launch.modelName)=\(launch.modelDirectory)", "--listen", "127.0.0.1:0",
      "--exit-on-stdin-end",
    ] + launch.arguments
  }

  /// `ready HOST:PORT`.
  private static func readyAddress(_ line: String) -> WorkerAddress? {
    let line = line.drop { $0.isWhitespace }
    guard line.hasPrefix("ready ") else { return nil }
    let text = line.dropFirst("ready ".count).prefix { !$0.isWhitespace }
    guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...])
    else { return nil }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    return WorkerAddress(host: String(host), port: port)
  }
}
