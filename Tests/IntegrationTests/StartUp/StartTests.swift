import MillpondClient
import TestSupport
import Testing

extension Integration {
  @Suite("Servers start as asked, or say why not")
  struct StartTests {
    @Test("a worker at a port in use ends with 4 and names the address")
    func workerPortInUse() async throws {
      let taken = try await SharedServer.worker.server.address.description
      let process = try ChildProcess(
        Executables.worker(), ["--model", Fixtures.small("debian-sections"), "--listen", taken])
      #expect(try await process.exit() == .status(4))
      #expect(process.standardOutput.isEmpty)
      #expect(process.standardError.contains(taken))
      #expect(process.standardError.contains("in use"), "it said: \(process.standardError)")
    }

    @Test("a coordinator at a port in use ends with 4 and names the address")
    func coordinatorPortInUse() async throws {
      let taken = try await SharedServer.worker.server.address.description
      let result = try await millpond(
        "serve", "--model", try Fixtures.small("debian-sections"), "--listen", taken)
      #expect(result.exit == .status(4))
      #expect(result.output.isEmpty)
      #expect(result.messages.contains(taken))
      #expect(result.messages.contains("in use"), "it said: \(result.messages)")
    }

    @Test("a coordinator whose worker cannot start ends with 4, and the reason is told")
    func workerCannotStart() async throws {
      let copy = try ModelCopy()
      try copy.remove("tokenizer.json")
      let result = try await millpond(
        "serve", "--model", "broken=\(copy.directory)", "--model",
        "whole=\(try Fixtures.small("debian-sections"))", "--listen", "127.0.0.1:0")
      #expect(result.exit == .status(4))
      #expect(result.output.isEmpty)
      #expect(result.messages.contains("tokenizer.json"))
      #expect(result.messages.contains("broken"))
    }

    @Test("variables for other libraries' threads and cores change no answer")
    func foreignVariables() async throws {
      let clean: [String: String?] = ["OPENBLAS_CORETYPE": nil]
      let poisoned: [String: String?] = [
        "OPENBLAS_CORETYPE": "Haswell", "OPENBLAS_NUM_THREADS": "7", "GOTO_NUM_THREADS": "7",
      ]
      let servers = [
        try await TestServer.worker(.sections(), environment: clean),
        try await TestServer.worker(.sections(), environment: poisoned),
        try await TestServer.coordinator([.sections()], environment: poisoned),
      ]
      var fingerprints: Set<String> = []
      var values: Set<[Float]> = []
      for server in servers {
        try await server.withClient { client in
          let answer = try await client.classify(["a library"], call: .sections)
          fingerprints.insert(answer.fingerprint)
          values.insert(try answer.values()[0].values)
        }
      }
      #expect(fingerprints.count == 1)
      #expect(values.count == 1)
    }

    @Test("a forced instruction set that is unknown ends a worker with 4")
    func unknownInstructionSet() async throws {
      let process = try ChildProcess(
        Executables.worker(),
        ["--model", Fixtures.small("debian-sections"), "--listen", "127.0.0.1:0"],
        environment: ["MILLPOND_ISA": "mmx"])
      #expect(try await process.exit() == .status(4))
      #expect(process.standardError.contains("MILLPOND_ISA"))
    }

    @Test(
      "a worker's wrong command line ends with 2",
      arguments: [
        ["--listen", "127.0.0.1:0"], ["--model", "x", "--threads", "0"],
        ["--model", "x", "--listen", "nonsense"], ["--model", "x", "--precision", "f64"],
        ["--model", "x", "--cache", "/tmp", "--no-cache"], ["--model", "x", "--no-such-flag"],
        ["--model", "x", "--metrics", "9090"], ["--model", "x", "--log-format", "xml"],
      ])
    func workerMisuse(arguments: [String]) async throws {
      let process = try ChildProcess(Executables.worker(), arguments)
      #expect(try await process.exit() == .status(2))
      #expect(process.standardOutput.isEmpty)
      #expect(!process.standardError.isEmpty)
    }

    @Test("a worker ends with 0 on SIGTERM, on SIGINT, and when its supervisor is gone")
    func workerEnds() async throws {
      for way in ["SIGTERM", "SIGINT", "end of input"] {
        let server = try await TestServer.worker(.sections())
        switch way {
        case "SIGTERM": server.process.send(15)
        case "SIGINT": server.process.send(2)
        default: server.process.endInput()
        }
        #expect(try await server.process.exit(within: .seconds(5)) == .status(0), "\(way)")
      }
    }

    @Test("a worker is told to lower its limit")
    func maxTokens() async throws {
      let server = try await TestServer.worker(.sections(), ["--max-tokens", "16"])
      try await server.withClient { client in
        #expect(try await client.info().models.first?.maxTokens == 16)
        let long = String(repeating: "word ", count: 50)
        let results = try await client.classify([.text(long)]).results
        #expect(results[0].error?.message.contains("the limit is 16") == true)
      }
    }
  }
}
