package import JSON

/// One run of `millpond`, ended.
package struct CommandResult: Sendable {
  package var exit: ChildProcess.Exit
  package var output: [UInt8]
  /// What it said on standard error.
  package var messages: String

  /// Standard output as text.
  package var text: String { String(decoding: output, as: UTF8.self) }

  /// Standard output as one JSON value a line.
  ///
  /// - Throws: `TestFailure` unless every line ends with LF; `JSONError`.
  package func lines() throws -> [JSON] {
    guard output.isEmpty || output.last == UInt8(ascii: "\n") else {
      throw TestFailure("the output does not end with a line end: …\(text.suffix(80))")
    }
    return try output.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .dropLast().map { try JSON.parse(Array($0)) }
  }
}

/// Runs `millpond` with these arguments until it ends.
///
/// - Throws: `TestFailure` if it does not.
package func millpond(
  _ arguments: [[UInt8]], input: [UInt8] = [], environment: [String: String?] = [:],
  within limit: Duration = Patience.usual
) async throws -> CommandResult {
  let process = try ChildProcess(
    Executables.millpond(), arguments, environment: environment, input: .bytes(input))
  return try await process.result(within: limit)
}

extension ChildProcess {
  /// What it came to, once it has ended.
  ///
  /// - Throws: `TestFailure` if it goes on.
  package func result(within limit: Duration = Patience.usual) async throws -> CommandResult {
    CommandResult(
      exit: try await exit(within: limit), output: standardOutput, messages: standardError)
  }
}

/// Runs `millpond` with arguments that are text.
package func millpond(
  _ arguments: String..., input: String = "", environment: [String: String?] = [:],
  within limit: Duration = Patience.usual
) async throws -> CommandResult {
  try await millpond(
    arguments.map { Array($0.utf8) }, input: Array(input.utf8), environment: environment,
    within: limit)
}
