internal import ArgumentParser
internal import Benchmarks
internal import Glibc

extension Bench {
  /// What is embedded where no file is given.
  static let sentence = BenchmarkText.text(
    Array("A worker process holds exactly one model and answers the calls of its clients.".utf8))
}

/// Checks of what the user wrote.
enum BenchLimits {
  /// Refuses a number outside its range, naming the flag.
  static func check(_ flag: String, _ value: Int, _ range: ClosedRange<Int>) throws {
    guard range.contains(value) else {
      throw ValidationError("\(flag) \(value): it must be \(range.lowerBound)…\(range.upperBound)")
    }
  }

  /// The path of a program in this program's folder.
  static func programBeside(_ name: String) throws(BenchmarksError) -> String {
    guard let folder = ProgramFolder.path else {
      throw BenchmarksError(.notStarted, "cannot find this program's folder")
    }
    return "\(folder)/\(name)"
  }
}

/// Where reports and failures go.
enum BenchOutput {
  /// Runs a benchmark. One that fails ends the process with the status that its error means.
  static func reporting(_ benchmark: () async throws -> Void) async throws {
    do {
      try await benchmark()
    } catch let error as BenchmarksError {
      StandardStreams.write("Error: \(error.message)\n", to: STDERR_FILENO)
      Glibc.exit(status(error.code))
    }
  }

  private static func status(_ code: BenchmarksError.Code) -> Int32 {
    switch code {
    case .overloaded, .callFailed: 1
    case .invalidInput: 2
    case .unreachable: 3
    case .notStarted: 4
    }
  }

  /// Writes a report, and a warning on standard error when every run was disturbed.
  static func write(_ json: String, _ text: String, asJSON: Bool, isUndisturbed: Bool) {
    if !isUndisturbed {
      StandardStreams.write(
        "millpond bench: other load disturbed every run: the figures are those of the run "
          + "disturbed least\n", to: STDERR_FILENO)
    }
    StandardStreams.write(asJSON ? json : text, to: STDOUT_FILENO)
  }
}
