import MillpondClient
import TestSupport
import Testing

extension Integration {
  @Suite("An input that workers die of")
  struct PoisonTests {
    @Test("is found and answered by an error, and everything beside it by its value")
    func isolated() async throws {
      let workers = [try await StubWorker(), try await StubWorker()]
      for worker in workers {
        worker.behave {
          $0.fatalText = "poison"
          $0.delay = .milliseconds(2)
        }
      }
      let server = try await TestServer.coordinator(
        [], workers.flatMap { ["--worker", $0.address.description] })
      try await server.withClient { client in
        let texts = (0..<64).map { $0 == 37 ? "poison" : "text \($0)" }
        let call = CallOptions().with { $0.timeout = Patience.usual }
        // Others are on the way all the while, and none of them fails.
        let others = Task {
          for number in 0..<50 {
            let text = "other \(number)"
            let vectors = try await client.embed(Input.texts([Array(text.utf8)]), call: call)
              .values()
            #expect(vectors.map(\.vector) == [StubWorker.vector(of: text)])
          }
        }
        let results = try await client.embed(Input.texts(texts.map { Array($0.utf8) }), call: call)
          .results
        for (index, result) in results.enumerated() {
          switch result {
          case .success(let value):
            #expect(value.vector == StubWorker.vector(of: texts[index]))
            #expect(index != 37)
          case .failure(let error):
            #expect(index == 37)
            #expect(error.code == .internal)
            #expect(error.message.contains("two workers died"))
          }
        }
        try await others.value
        // Found in ever smaller pieces: 64, 8, 1, and once more.
        let deaths = workers.map(\.deaths).reduce(0, +)
        #expect((2...8).contains(deaths))
      }
    }
  }
}
