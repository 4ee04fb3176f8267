import MillpondClient
import TestSupport
import Testing

extension Integration {
  @Suite("Equal work that is open at once is done once")
  struct SharingTests {
    private func coordinator(_ workers: [StubWorker]) async throws -> TestServer {
      try await TestServer.coordinator(
        [], workers.flatMap { ["--worker", $0.address.description] })
    }

    @Test("32 concurrent calls with the same three texts make three computations")
    func computedOnce() async throws {
      let worker = try await StubWorker()
      worker.behave { $0.delay = .milliseconds(300) }
      let server = try await coordinator([worker])
      try await server.withClient { client in
        let texts = ["the tide", "is", "out"]
        let answers = try await withThrowingTaskGroup(of: [[Float]].self) { group in
          for _ in 0..<32 {
            group.addTask {
              try await client.embed(Input.texts(texts.map { Array($0.utf8) })).values().map(
                \.vector)
            }
          }
          return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.count == 32)
        #expect(answers.allSatisfy { $0 == texts.map(StubWorker.vector) })
        #expect(worker.texts.sorted() == texts.sorted())
      }
    }

    @Test("a caller that gives up does not take the others' answer with it")
    func cancelledCaller() async throws {
      let worker = try await StubWorker()
      worker.behave { $0.delay = .milliseconds(400) }
      let server = try await coordinator([worker])
      try await server.withClient { client in
        let first = Task { try await client.embed(Input.texts([Array("shared".utf8)])) }
        try await eventually("the worker has it") { worker.texts.count == 1 }
        let second = Task {
          try await client.embed(Input.texts([Array("shared".utf8)])).values().map(\.vector)
        }
        try await Task.sleep(for: .milliseconds(50))
        first.cancel()
        #expect(try await second.value == [StubWorker.vector(of: "shared")])
        #expect(worker.texts == ["shared"])
      }
    }

    @Test("a worker whose answer has too few results fails the calls that wait for it, and no more")
    func incompleteAnswer() async throws {
      let worker = try await StubWorker()
      worker.behave {
        $0.delay = .milliseconds(200)
        $0.missingResults = 1
        $0.tokenNanoseconds = 1_000_000
      }
      let server = try await coordinator([worker])
      try await server.withClient { client in
        // Long enough to be cut; the second has some of the first's inputs.
        let texts = (0..<40).map { Array("a text that is not short, number \($0)".utf8) }
        let calls = [texts, Array(texts[20...])].map { texts in
          Task { try await client.embed(Input.texts(texts)).values() }
        }
        for call in calls {
          await #expect(throws: MillpondError.self) { try await call.value }
        }
        worker.behave { $0.missingResults = 0 }
        let whole = try await client.embed(Input.texts(texts)).values()
        #expect(whole.count == 40)
      }
    }

    @Test("a call that asks for it is computed for itself")
    func sharingOff() async throws {
      let worker = try await StubWorker()
      worker.behave { $0.delay = .milliseconds(300) }
      let server = try await coordinator([worker])
      try await server.withClient { client in
        let call = CallOptions().with { $0.sharing = .off }
        async let one = client.embed(Input.texts([Array("same".utf8)]), call: call)
        async let other = client.embed(Input.texts([Array("same".utf8)]), call: call)
        _ = try await (one, other)
        #expect(worker.texts == ["same", "same"])
      }
    }
  }
}
