import TestSupport
import Testing

extension Integration {
  @Suite("A model directory that cannot be served is a start-up error that names file and key")
  struct ModelDirectoryTests {
    @Test("a classifier's directory", arguments: ModelDamage.classifier)
    func classifier(damage: ModelDamage) async throws {
      try await expectRefused(damage, ModelCopy())
    }

    @Test("an embedding model's directory", arguments: ModelDamage.embedder)
    func embedder(damage: ModelDamage) async throws {
      try await expectRefused(damage, ModelCopy(of: Fixtures.miniLM()))
    }

    @Test("a directory that is not there")
    func missing() async throws {
      let process = try ChildProcess(
        Executables.worker(), ["--model", "/nowhere/at-all", "--listen", "127.0.0.1:0"])
      #expect(try await process.exit() == .status(4))
      #expect(process.standardError.contains("/nowhere/at-all"))
    }

    @Test("the undamaged copies are served")
    func undamaged() async throws {
      for copy in [try ModelCopy(), try ModelCopy(of: Fixtures.miniLM())] {
        let server = try await TestServer.worker(copy.model("whole"))
        #expect(server.process.isRunning)
      }
    }

    private func expectRefused(_ damage: ModelDamage, _ copy: ModelCopy) async throws {
      try damage.damage(copy)
      let process = try ChildProcess(
        Executables.worker(), ["--model", copy.directory, "--listen", "127.0.0.1:0"])
      #expect(try await process.exit() == .status(4))
      #expect(process.standardOutput.isEmpty)
      let message = process.standardError
      for part in damage.says + [copy.directory] {
        #expect(message.contains(part), "it said: \(message)")
      }
    }
  }
}
