import JSON
import MillpondClient
import TestSupport
import Testing

extension Integration {
  @Suite("Servers and models by the command line")
  struct ServerCommandTests {
    @Test("a server that is not there ends every command with 3 and is named")
    func notReached() async throws {
      let commands = [
        ["embed", "text"], ["classify", "text"], ["tokenize", "text"],
        ["score", "--query", "q", "text"], ["info"], ["health"],
      ]
      for command in commands {
        let result = try await millpond(
          ([command[0], "--server", "127.0.0.1:1", "--json"] + command.dropFirst())
            .map { Array($0.utf8) })
        #expect(result.exit == .status(3), "\(command[0])")
        #expect(result.output.isEmpty)
        #expect(result.messages.contains("127.0.0.1:1"))
      }
    }

    @Test("--wait waits for a server to be ready, and no longer than told")
    func wait() async throws {
      let (result, duration) = try await timed {
        try await millpond("embed", "--server", "127.0.0.1:1", "--wait", "0.5", "text")
      }
      #expect(result.exit == .status(3))
      #expect(duration >= .milliseconds(300))
      // A server's address while it does not run yet.
      let address = try await TestServer.worker(.sections()).address.description
      let waiting = try ChildProcess(
        Executables.millpond(),
        ["classify", "--server", address, "--wait", "20", "--json", "a library"])
      let late = try await TestServer.worker(.sections(), ["--listen", address])
      #expect(try await waiting.exit() == .status(0))
      #expect(late.process.isRunning)
      #expect(String(decoding: waiting.standardOutput, as: UTF8.self).hasPrefix(#"{"index":0,"#))
    }

    @Test("MILLPOND_SERVER names the server where no flag does")
    func variable() async throws {
      let address = try await SharedServer.sectionsWorker.server.address.description
      let result = try await millpond(
        "classify", "--json", "a library", environment: ["MILLPOND_SERVER": address])
      #expect(result.exit == .status(0))
      #expect(try result.lines().count == 1)
    }

    @Test("--model DIR needs no server, and leaves no worker behind")
    func withoutServer() async throws {
      let model = try Fixtures.small("debian-sections")
      let process = try ChildProcess(
        Executables.millpond(),
        ["classify", "--model", model, "--threads", "1", "--json", "--input", "-"], input: .held)
      try process.write(Array("a library\n".utf8))
      try await eventually("a line is answered") { !process.standardOutput.isEmpty }
      let workers = TestServer.children(of: process.processID)
      #expect(workers.count == 1)
      process.endInput()
      #expect(try await process.exit() == .status(0))
      try await eventually("its worker ends") { workers.allSatisfy { !TestServer.isRunning($0) } }
      let reference = try await call("classify", "--name", "sections", "--json", "a library")
      #expect(process.standardOutput == reference.output)
      #expect(process.standardError.isEmpty)
    }

    @Test("Ctrl-C on a command with its own worker ends both")
    func interruptWithoutServer() async throws {
      let model = try Fixtures.small("debian-sections")
      let process = try ChildProcess(
        Executables.millpond(), ["classify", "--model", model, "--json", "--input", "-"],
        input: .held)
      try process.write(Array("a library\n".utf8))
      try await eventually("a line is answered") { !process.standardOutput.isEmpty }
      let workers = TestServer.children(of: process.processID)
      process.send(2)
      #expect(try await process.exit(within: .seconds(5)) == .status(130))
      try await eventually("its worker ends") { workers.allSatisfy { !TestServer.isRunning($0) } }
    }

    @Test("--model with a broken directory ends with 4, naming the file")
    func brokenModel() async throws {
      let copy = try ModelCopy()
      try copy.remove("tokenizer.json")
      let result = try await millpond("classify", "--model", copy.directory, "--json", "text")
      #expect(result.exit == .status(4))
      #expect(result.output.isEmpty)
      #expect(result.messages.contains("tokenizer.json"))
    }

    @Test("a worker program that is not there ends with 4, naming it")
    func missingProgram() async throws {
      let model = try Fixtures.small("debian-sections")
      for command in [
        ["classify", "--model", model, "text"], ["serve", "--model", model],
        ["inspect", "--model", model],
      ] {
        let result = try await millpond(
          (command + ["--worker-binary", "/nowhere/worker"]).map { Array($0.utf8) })
        #expect(result.exit == .status(4))
        #expect(result.messages.contains("/nowhere/worker"))
      }
    }

    @Test("inspect --json has the keys of the contract")
    func inspect() async throws {
      let keys = [
        "architecture", "task", "conversion", "rule", "pooling", "normalize", "score",
        "activation", "labels", "maxTokens", "dimensions", "parameters", "unusedTensors",
        "fingerprint",
      ]
      let minilm = try await millpond("inspect", "--model", try Fixtures.miniLM(), "--json")
      #expect(minilm.exit == .status(0))
      let embedder = try #require(try minilm.lines().first)
      #expect(embedder.keys == keys)
      #expect(embedder["architecture"]?.string == "BertModel")
      #expect(embedder["task"]?.string == "embed")
      #expect(
        embedder["conversion"]?.string == "none" || embedder["conversion"]?.string == "embedding")
      #expect(embedder["pooling"]?.string == "mean")
      #expect(embedder["normalize"]?.bool == true)
      #expect(embedder["score"]?.string == "cosine")
      #expect(embedder["labels"]?.count == 0)
      #expect(embedder["maxTokens"]?.int == 256)
      #expect(embedder["dimensions"]?.int == 384)
      #expect(embedder["parameters"]?.int == 22_713_216)
      let sections = try await millpond(
        "inspect", "--model", try Fixtures.small("debian-sections"), "--json")
      let classifier = try #require(try sections.lines().first)
      #expect(classifier.keys == keys)
      #expect(classifier["task"]?.string == "classify")
      #expect(classifier["score"]?.string == "none")
      #expect(classifier["activation"]?.string == "softmax")
      #expect(classifier["labels"]?.count == 20)
      #expect(classifier["dimensions"]?.kind == .null)
      let text = try await millpond("inspect", "--model", try Fixtures.miniLM())
      #expect(text.exit == .status(0))
      #expect(text.text.contains("BertModel"))
      let served = try await SharedServer.coordinator.server.withClient { try await $0.info() }
      #expect(
        Set(served.models.map(\.fingerprint)).isSuperset(
          of: [embedder, classifier].compactMap { $0["fingerprint"]?.string }))
    }

    @Test("inspect of a broken directory ends with 4, naming file and key")
    func inspectBroken() async throws {
      let copy = try ModelCopy()
      try copy.setTopLevel("config.json", "hidden_act", to: #""swagger""#)
      let result = try await millpond("inspect", "--model", copy.directory, "--json")
      #expect(result.exit == .status(4))
      #expect(result.output.isEmpty)
      #expect(result.messages.contains("config.json") && result.messages.contains("hidden_act"))
    }

    @Test("info and health print one object with --json, and lines for people without")
    func infoAndHealth() async throws {
      let info = try await call("info", "--json")
      #expect(info.exit == .status(0))
      let object = try #require(try info.lines().first)
      #expect(
        object.keys == ["role", "version", "uptimeSeconds", "residentBytes", "models", "workers"])
      #expect(object["role"]?.string == "coordinator")
      #expect(
        object["models"]?.elements.compactMap { $0["name"]?.string }
          == ["minilm", "reranker", "sections"])
      #expect(object["workers"]?.count == 4)
      let health = try await call("health", "--json")
      #expect(health.exit == .status(0))
      let state = try #require(try health.lines().first)
      #expect(state.keys == ["live", "ready", "progressing", "models"])
      #expect(["live", "ready", "progressing"].allSatisfy { state[$0]?.bool == true })
      for command in ["info", "health"] {
        let text = try await call(command)
        #expect(text.exit == .status(0))
        #expect(text.text.contains("minilm"))
      }
    }

    @Test("check says whether serve would start")
    func check() async throws {
      let good = try await millpond("check", "--model", try Fixtures.small("debian-sections"))
      #expect(good.exit == .status(0))
      let copy = try ModelCopy()
      try copy.remove("model.safetensors")
      let bad = try await millpond("check", "--model", "broken=\(copy.directory)")
      #expect(bad.exit == .status(4))
      #expect((bad.text + bad.messages).contains("model.safetensors"))
      let wrong = try await millpond("check", "--model", "x=a", "--replicas", "y=2")
      #expect(wrong.exit == .status(2))
    }

    @Test("serve takes flags over variables over a file, and --print-config shows them")
    func configuration() async throws {
      let path = ScratchFolder.shared.newPath("millpond.json")
      try writeFile(
        path, #"{"listen":"127.0.0.1:1111","models":["f=file"],"replicas":3,"threads":5}"#)
      let result = try await millpond(
        "serve", "--print-config", "--config", path, "--listen", "127.0.0.1:3333",
        environment: ["MILLPOND_LISTEN": "127.0.0.1:2222", "MILLPOND_REPLICAS": "2"])
      #expect(result.exit == .status(0))
      for part in ["127.0.0.1:3333", "f=file", "5"] { #expect(result.text.contains(part)) }
      for part in ["1111", "2222"] { #expect(!result.text.contains(part)) }
      let wrong = try await millpond("serve", "--print-config", "--config", "/nowhere/file.json")
      #expect(wrong.exit == .status(2))
      #expect(wrong.messages.contains("/nowhere/file.json"))
    }
  }
}
