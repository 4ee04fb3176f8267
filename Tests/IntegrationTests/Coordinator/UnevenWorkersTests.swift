import MillpondClient
import TestSupport
import Testing

extension Integration {
  @Suite("A coordinator copes with workers that are not all well")
  struct UnevenWorkersTests {
    private static let stop: Int32 = 19
    private static let proceed: Int32 = 18

    private func workers(_ client: MillpondClient) async throws -> [Int] {
      try await client.info().workers.filter { $0.state == "ready" }.map(\.processID)
    }

    @Test("a piece that is late goes to another worker")
    func stuckWorker() async throws {
      let server = try await TestServer.coordinator([.sections()], ["--replicas", "2"])
      let client = try await server.client()
      defer { client.close() }
      let reference = try ClassificationReference.load().filter { $0.maxTokens == nil }
      let inputs = Input.texts(reference.map(\.text))
      let stuck = try await workers(client)[0]
      killProcess(stuck, Self.stop)
      defer { killProcess(stuck, Self.proceed) }
      // Whichever worker has the pieces first: more than one call, and none may hang.
      for _ in 0..<3 {
        let call = CallOptions.sections.with { $0.timeout = Patience.usual }
        let answers = try await client.classify(inputs, call: call).values()
        #expect(
          difference(answers.map(\.values), reference.map(\.probabilities)) <= Tolerance.value)
      }
    }

    @Test("a worker that cannot be started again is told, waited for, and comes back")
    func modelGone() async throws {
      let copy = try ModelCopy()
      let server = try await TestServer.coordinator([copy.model("sections")])
      let client = try await server.client()
      defer { client.close() }
      try copy.move("tokenizer.json", to: "away.json")
      killProcess(try await workers(client)[0], 9)
      try await eventually("it is not ready") { try await !client.health().isReady }
      let health = try await millpond("health", "--server", server.address.description)
      #expect(health.exit == .status(1))
      let error = try await callError {
        let call = CallOptions.sections.with { $0.timeout = .milliseconds(200) }
        _ = try await client.classify(["a library"], call: call)
      }
      #expect(error.code == .deadlineExceeded)
      try copy.move("away.json", to: "tokenizer.json")
      let call = CallOptions.sections.with { $0.timeout = Patience.usual }
      #expect(try await client.classify(["a library"], call: call).values().count == 1)
      #expect(try await client.health().isReady)
      // Those that did not come up have been waited for.
      #expect(TestServer.children(of: server.process.processID).count == 1)
    }

    @Test("an answer never mixes two versions of a model")
    func twoVersions() async throws {
      let copy = try ModelCopy()
      try copy.changeWeights()
      let old = try await TestServer.worker(.sections())
      let new = try await TestServer.worker(copy.model("sections"))
      let server = try await TestServer.coordinator(
        [], ["--worker", old.address.description, "--worker", new.address.description])
      let client = try await server.client()
      defer { client.close() }
      try await eventually("both are ready") { try await workers(client).count == 2 }
      let inputs = (0..<600).map { Input.text("description number \($0)") }
      var versions: [String: [[Float]]] = [:]
      for worker in [old, new] {
        try await worker.withClient { client in
          let answer = try await client.classify(inputs, call: .sections)
          versions[answer.fingerprint] = try answer.values().map(\.values)
        }
      }
      #expect(versions.count == 2)
      for _ in 0..<6 {
        let answer = try await client.classify(inputs, call: .sections)
        let expected = try #require(versions[answer.fingerprint])
        #expect(difference(try answer.values().map(\.values), expected) == 0)
      }
    }

    @Test("a coordinator is no worker, and a port where nobody listens is none")
    func notWorkers() async throws {
      let other = try await SharedServer.coordinator.server.address.description
      let server = try await TestServer.coordinator(
        [.sections()], ["--worker", other, "--worker", "127.0.0.1:1"])
      let client = try await server.client()
      defer { client.close() }
      #expect(try await client.classify(["a library"], call: .sections).values().count == 1)
      #expect(try await workers(client).count == 1)
      let info = try await client.info()
      #expect(info.workers.count == 3)
      #expect(info.models.map(\.name) == ["sections"])
    }

    @Test("calls that nobody waits for any more are dropped, and those after them are answered")
    func overload() async throws {
      let texts = try EmbeddingReference.load().texts
      // No two are equal: those would be computed once.
      let long = Input.texts((0..<100).map { Array("\($0) ".utf8) + texts[107 + $0 % 5] })
      try await ServerKind.coordinator.withClient { client in
        // Some minutes of work, each part of it wanted within half a second.
        let call = CallOptions.miniLM.with {
          $0.truncation = .right
          $0.timeout = .milliseconds(500)
        }
        let (codes, duration) = try await timed {
          try await withThrowingTaskGroup(of: MillpondError.Code.self) { group in
            for _ in 0..<40 {
              group.addTask {
                try await callError {
                  for result in try await client.embed(long, call: call).results {
                    _ = try result.get()
                  }
                }.code
              }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
          }
        }
        #expect(codes.isSubset(of: [.deadlineExceeded, .resourceExhausted]))
        #expect(duration < .seconds(5))
        let (_, after) = try await timed {
          _ = try await client.embed(["x"], call: .miniLM.with { $0.timeout = Patience.usual })
            .values()
        }
        #expect(after < .seconds(3))
      }
    }

    @Test("connections leave nothing behind", arguments: ServerKind.allCases)
    func descriptors(kind: ServerKind) async throws {
      try await kind.withServer { server in
        let before = try TestServer.openDescriptors(of: server.process.processID)
        for _ in 0..<3 {
          var clients: [MillpondClient] = []
          for _ in 0..<50 { clients.append(try await server.client()) }
          for client in clients {
            _ = try await client.tokenize(["x"], call: .miniLM).values()
          }
          for client in clients { client.close() }
        }
        try await eventually("the descriptors are closed") {
          try TestServer.openDescriptors(of: server.process.processID) <= before
        }
      }
    }
  }
}
