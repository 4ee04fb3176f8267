import JSON
import MillpondClient
import TestSupport
import Testing

/// These wait for a bound of the client: they run beside all others.
@Suite("millpond against servers that are none", .timeLimit(.minutes(2)))
struct BadServerTests {
  @Test("a port that accepts and says nothing is given up, with 3")
  func silent() async throws {
    let listener = try RawListener()
    let (result, duration) = try await timed {
      try await millpond("embed", "--server", "127.0.0.1:\(listener.port)", "--json", "text")
    }
    #expect(result.exit == .status(3))
    #expect(result.messages.contains("127.0.0.1:\(listener.port)"))
    #expect(duration < .seconds(15))
  }

  @Test(
    "a server of another protocol is given up, with 3",
    arguments: ["HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", "\u{0}", ""])
  func otherProtocol(says: String) async throws {
    let listener = try RawListener()
    let process = try ChildProcess(
      Executables.millpond(), ["embed", "--server", "127.0.0.1:\(listener.port)", "text"])
    try await listener.acceptAndSay(Array(says.utf8))
    #expect(try await process.exit() == .status(3))
    #expect(process.standardOutput.isEmpty)
    #expect(!process.standardError.isEmpty)
  }
}

extension Integration {
  @Suite("millpond when its server goes")
  struct LostServerTests {
    @Test("lines after the server's end are UNAVAILABLE, each in its place")
    func serverGone() async throws {
      let server = try await TestServer.worker(.sections())
      let process = try ChildProcess(
        Executables.millpond(),
        ["classify", "--server", server.address.description, "--json", "--input", "-"],
        input: .held)
      try process.write(Array("a library\n".utf8))
      try await eventually("a line is answered") { !process.standardOutput.isEmpty }
      server.process.send(9)
      _ = try await server.process.exit()
      try process.write(Array("a game\na font\n".utf8))
      process.endInput()
      let result = try await process.result()
      #expect(result.exit == .status(1))
      let lines = try result.lines()
      expectInOrder(lines, count: 3)
      #expect(lines.map(\.errorCode) == [nil, "UNAVAILABLE", "UNAVAILABLE"])
    }

    @Test("a line of a hundred thousand brackets is an error at its index")
    func nesting() async throws {
      let deep = String(repeating: "[", count: 100_000)
      let result = try await call(
        "tokenize", "--name", "minilm", "--json", "--jsonl", "-",
        input: "\(deep)\n\"one\"\n{\"query\":\(deep)\n")
      #expect(result.exit == .status(1))
      #expect(
        try result.lines().map(\.errorCode) == ["INVALID_ARGUMENT", nil, "INVALID_ARGUMENT"])
    }
  }
}
