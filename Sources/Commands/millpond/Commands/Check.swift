internal import ArgumentParser
internal import CommandSupport
internal import ServiceSupport
internal import Subprocess
internal import SystemPackage

/// Whether `serve` would start.
struct Check: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check a configuration and its models without serving them.",
    discussion: """
      Takes the flags, variables and file of "serve". Workers that run elsewhere are not called.
      Exit status 0: all well. 2: the configuration is wrong. 4: a model would not start.

        millpond check --config millpond.json
      """)

  @OptionGroup var options: ServeOptions

  func run() async throws {
    let settings = try options.settings()
    try report("configuration", "ok: listen \(settings.listen)")
    let program = settings.models.isEmpty ? "" : try WorkerProgram.path(settings.workerBinary)
    let failed = try await Interruption.cancelling {
      var failed = false
      for model in settings.models {
        let problem = try await Self.problem(
          of: model, settings.overrides.arguments(of: model.name), program)
        failed = failed || problem != nil
        try report(
          "model \(model.name)", problem.map { "failed: \($0)" } ?? "ok: \(model.directory)")
      }
      return failed
    }
    for worker in settings.workers {
      try report("worker \(worker)", "not called")
    }
    if failed { throw CommandEnded(status: .notStarted) }
  }

  private func report(_ subject: String, _ state: String) throws {
    try StandardStreams.write(Array("\(subject): \(state)\n".utf8))
  }

  /// What `millpond-worker inspect` says against the model, or nil.
  private static func problem(
    of model: ModelArgument, _ overrides: [String], _ program: String
  ) async throws -> String? {
    let result: ExecutionResult<Void, StringOutput<UTF8>, StringOutput<UTF8>>
    do {
      result = try await Subprocess.run(
        .path(FilePath(program)),
        arguments: Arguments(["inspect", "--model", model.description, "--json"] + overrides),
        output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
    } catch let error as SubprocessError {
      throw CommandFailure(.notStarted, "cannot run \(program): \(error)")
    }
    if result.terminationStatus.isSuccess { return nil }
    let said = result.standardError.split(separator: "\n").first.map(String.init)
    return TerminalText.escaped(said ?? "\(result.terminationStatus)")
  }
}
