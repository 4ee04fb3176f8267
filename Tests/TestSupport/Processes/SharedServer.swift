/// A server that several tests use, started when the first asks for it.
package actor SharedServer {
  private let start: @Sendable () async throws -> TestServer
  private var started: Task<TestServer, any Error>?

  private init(_ start: @escaping @Sendable () async throws -> TestServer) {
    self.start = start
  }

  /// A worker with the default model, `minilm`.
  package static let worker = SharedServer { try await .worker(.miniLM(), ["--threads", "2"]) }

  /// A coordinator with two workers of `minilm`, and one each of `sections` and `reranker`.
  package static let coordinator = SharedServer {
    try await .coordinator(
      [.miniLM(), .sections(), .reranker()], ["--replicas", "1", "--replicas", "minilm=2"])
  }

  /// A worker with the small classifier, `sections`.
  package static let sectionsWorker = SharedServer { try await .worker(.sections()) }

  /// A worker with the small cross-encoder, `reranker`.
  package static let rerankerWorker = SharedServer { try await .worker(.reranker()) }

  /// The server, which runs.
  ///
  /// - Throws: `TestFailure` if it could not start, or has ended since.
  package var server: TestServer {
    get async throws {
      let task = started ?? Task { [start] in try await start() }
      started = task
      let server = try await task.value
      if let exit = server.process.pollExit() {
        throw TestFailure(
          "a shared server has ended with \(exit); it said: \(server.process.standardError)")
      }
      return server
    }
  }
}
