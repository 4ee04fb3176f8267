import JSON
import MillpondClient
import TestSupport
import Testing

/// Runs `millpond` against the shared coordinator, with its address put behind the command.
func call(
  _ command: String, _ arguments: [String], input: [UInt8] = []
) async throws -> CommandResult {
  let address = try await SharedServer.coordinator.server.address.description
  return try await millpond(
    ([command, "--server", address] + arguments).map { Array($0.utf8) }, input: input)
}

/// The same, with input that is text.
func call(
  _ command: String, _ arguments: String..., input: String = ""
) async throws -> CommandResult {
  try await call(command, arguments, input: Array(input.utf8))
}

extension JSON {
  /// The keys of an object in their order.
  var keys: [String] { members.map { String(decoding: $0.key, as: UTF8.self) } }

  /// `error.code` of a line.
  var errorCode: String? { self["error"]?["code"]?.string }

  /// `error.message` of a line.
  var errorMessage: String? { self["error"]?["message"]?.string }
}

/// Every line has its place in the input as its index, and either a value or an error.
func expectInOrder(
  _ lines: [JSON], count: Int, sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(
    lines.map { $0["index"]?.int } == (0..<count).map { $0 }, sourceLocation: sourceLocation)
  #expect(
    lines.allSatisfy { $0.errorCode == nil || $0.keys == ["index", "error"] },
    sourceLocation: sourceLocation)
}
