import CommandSupport
import MillpondClient
import Testing

@Suite("Server session", .timeLimit(.minutes(1)))
struct ServerSessionTests {
  @Test("the only model is meant")
  func onlyModel() async throws {
    let model = try await StubServer().withClient {
      try await ServerSession.model(named: nil, at: $0)
    }
    #expect(model == "stub")
  }

  @Test("several models are misuse, and they are listed")
  func severalModels() async throws {
    let error = try await StubServer(models: ["rerank", "minilm", "a\u{1B}b"]).withClient {
      client in
      await #expect(throws: CommandFailure.self) {
        _ = try await ServerSession.model(named: nil, at: client)
      }
    }
    #expect(error?.status == .misuse)
    #expect(
      error?.message
        == #"the server has 3 models, choose one with --name: a\u{1b}b, minilm, rerank"#)
  }

  @Test("a name is taken as it is")
  func named() async throws {
    let model = try await StubServer(models: ["a", "b"]).withClient {
      try await ServerSession.model(named: "c", at: $0)
    }
    #expect(model == "c")
  }

  @Test("a server without models decides for itself")
  func noModels() throws {
    #expect(try ServerSession.onlyModel(of: []) == nil)
  }

  @Test("waiting ends at once when the server is ready")
  func waitReady() async throws {
    try await StubServer().run { address in
      try await ServerSession.connect(to: address, wait: .seconds(30)).close()
    }
  }

  @Test("a server that does not become ready was not reached, and the reason is told")
  func waitNotReady() async throws {
    let (address, error) = try await StubServer(isReady: false).run { address in
      let error = await #expect(throws: CommandFailure.self) {
        _ = try await ServerSession.connect(to: address, wait: .zero)
      }
      return (address, error)
    }
    #expect(error?.status == .serverNotReached)
    #expect(
      error?.message
        == "no server at \(address): not ready after 0 s: no worker is ready for stub")
  }

  @Test("an address where nobody listens was not reached, and is named")
  func unreachable() async throws {
    // Bound and closed again, so that nobody listens there.
    let address = try await StubServer().run { $0 }
    let error = await #expect(throws: CommandFailure.self) {
      while true { try await ServerSession.connect(to: address).close() }
    }
    #expect(error?.status == .serverNotReached)
    #expect(error?.message.hasPrefix("no server at \(address): ") == true)
  }

  @Test("a server that has no room for a connection refuses it, and the client does not wait")
  func full() async throws {
    var stub = StubServer()
    stub.connectionsMax = 1
    try await stub.run { address in
      let first = try await MillpondClient.connect(to: address)
      defer { first.close() }
      let error = await #expect(throws: MillpondError.self) {
        try await MillpondClient.connect(to: address)
      }
      #expect(error?.code == .resourceExhausted)
      #expect(error?.message == "1 connections are open, the limit of this server")
    }
  }
}
