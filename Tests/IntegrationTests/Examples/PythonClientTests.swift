import MillpondClient
import TestSupport
import Testing

extension Integration {
  @Suite("The client example in Python")
  struct PythonClientTests {
    private static let program = Fixtures.repositoryPath("deploy/examples/client.py")

    @Test("it replays Protos/conformance, the golden answers against a coordinator")
    func conformance() async throws {
      let server = try await TestServer.coordinator(
        [TestServer.Model("all-MiniLM-L6-v2", try Fixtures.miniLM())])
      let process = try ChildProcess(
        try await python(),
        [
          Self.program, "--conformance", Fixtures.repositoryPath("Protos/conformance"),
          "--server", server.address.description,
        ])
      let exit = try await process.exit(within: .seconds(60))
      #expect(exit == .status(0), "it said: \(process.standardError.suffix(2_000))")
    }

    @Test("it embeds, classifies and ranks with a server")
    func example() async throws {
      let server = try await SharedServer.coordinator.server
      let process = try ChildProcess(
        try await python(), [Self.program, "--server", server.address.description])
      let exit = try await process.exit(within: .seconds(60))
      #expect(exit == .status(0), "it said: \(process.standardError.suffix(2_000))")
      #expect(!process.standardOutput.isEmpty)
    }

    /// A Python that has protobuf: Debian's, where `python3-protobuf` puts it, or the first of
    /// PATH.
    private func python() async throws -> String {
      for path in ["/usr/bin/python3", "/usr/local/bin/python3"] {
        guard let process = try? ChildProcess(path, ["-c", "import google.protobuf"]) else {
          continue
        }
        if try await process.exit() == .status(0) { return path }
      }
      throw TestFailure("no Python with protobuf: apt-get install python3-protobuf")
    }
  }
}
