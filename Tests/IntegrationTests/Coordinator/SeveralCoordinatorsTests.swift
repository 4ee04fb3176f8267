import JSON
import MillpondClient
import TestSupport
import Testing

extension Integration {
  @Suite("Several coordinators that serve the same")
  struct SeveralCoordinatorsTests {
    private static let kill: Int32 = 9
    private static let terminate: Int32 = 15

    private func coordinators(_ count: Int) async throws -> [TestServer] {
      var servers: [TestServer] = []
      for _ in 0..<count { servers.append(try await TestServer.coordinator([.sections()])) }
      return servers
    }

    @Test("one that has not heard of its worker yet costs a client of both no call")
    func unknowing() async throws {
      let worker = try await TestServer.worker(.sections())
      let knowing = try await TestServer.coordinator(
        [], ["--worker", worker.address.description])
      // It serves the other model, and nothing listens where its worker is to be.
      let unknowing = try await TestServer.coordinator([.reranker()], ["--worker", "127.0.0.1:1"])
      let client = MillpondClient(addresses: [knowing.address, unknowing.address])
      defer { client.close() }
      for number in 0..<40 {
        let texts = Input.texts([Array("text \(number)".utf8)])
        let values = try await client.classify(texts, call: .sections).values()
        #expect(values.count == 1)
      }
      let alone = try await unknowing.withClient { client in
        try await callError { _ = try await client.classify(["x"], call: .sections) }
      }
      #expect(alone.code == .unavailable && alone.isRetryable)
    }

    @Test(
      "one that is killed, or told to end, costs a client of them no call",
      arguments: [Self.kill, Self.terminate])
    func oneGoes(signal: Int32) async throws {
      let servers = try await coordinators(2)
      let client = try await MillpondClient.connect(to: servers.map(\.address))
      defer { client.close() }
      let call = CallOptions.sections.with { $0.timeout = Patience.usual }
      let expected = try await client.classify(["a library"], call: call).values()
      let calls = try await withThrowingTaskGroup(of: Int.self) { group in
        let isOver = Flag()
        for _ in 0..<4 {
          group.addTask {
            var calls = 0
            while !isOver.isSet {
              let answers = try await client.classify(["a library"], call: call).values()
              #expect(answers == expected)
              calls += 1
            }
            return calls
          }
        }
        group.addTask {
          defer { isOver.set() }
          for _ in 0..<50 { _ = try await client.classify(["a game"], call: call) }
          servers[0].process.send(signal)
          _ = try await servers[0].process.exit()
          for _ in 0..<50 { _ = try await client.classify(["a font"], call: call) }
          return 0
        }
        return try await group.reduce(0, +)
      }
      #expect(calls > 4)
      #expect(servers[1].process.isRunning)
    }

    @Test("the command line goes on with those that are left")
    func commandLine() async throws {
      let servers = try await coordinators(2)
      let list = servers.map(\.address.description).joined(separator: ",")
      let process = try ChildProcess(
        Executables.millpond(),
        ["classify", "--server", list, "--priority", "bulk", "--json", "--input", "-"],
        input: .held)
      try process.write(Array("a library\n".utf8))
      try await eventually("a line is answered") { !process.standardOutput.isEmpty }
      servers[1].process.send(Self.kill)
      _ = try await servers[1].process.exit()
      try process.write(Array("a game\na font\n".utf8))
      process.endInput()
      let result = try await process.result()
      #expect(result.exit == .status(0))
      let lines = try result.lines()
      expectInOrder(lines, count: 3)
      #expect(lines.allSatisfy { $0["label"] != nil })
      #expect(servers[0].process.isRunning)
    }
  }
}
