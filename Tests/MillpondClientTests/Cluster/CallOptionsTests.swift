import MillpondClient
import Testing
import Wire

@Suite("Options and cancelling of calls", .timeLimit(.minutes(1)))
struct CallOptionsTests {
  @Test("what a call is told arrives, and the answer tells its fingerprint")
  func head() async throws {
    let server = try await PondServer.start()
    let client = MillpondClient(addresses: [server.address])
    let options = CallOptions(
      model: "pond", timeout: .seconds(60), priority: .bulk, fingerprint: "pond-f32",
      sharing: .off, requestID: "r-1", traceparent: "00-1-2-01", token: "secret")
    let answer = try await client.embed(["tide", "ebb"], call: options)
    #expect(answer.fingerprint == "pond-f32")
    #expect(answer.results.count == 2)
    var head = try #require(server.heads.first)
    #expect(head.remainingMicroseconds.map { (1_000_000...60_000_000).contains($0) } == true)
    head.remainingMicroseconds = nil
    #expect(
      head
        == RequestHead(
          method: .embed, model: "pond", priority: .bulk, inputCount: 2, textByteCount: 7,
          requestID: "r-1", traceparent: "00-1-2-01", token: "secret", fingerprint: "pond-f32",
          sharing: .off))
  }

  @Test("by default nothing is asked for")
  func defaults() async throws {
    let server = try await PondServer.start()
    let client = MillpondClient(addresses: [server.address])
    _ = try await client.embed(["tide"])
    #expect(server.heads == [RequestHead(method: .embed, inputCount: 1, textByteCount: 4)])
  }

  @Test("cancelling the task cancels the call, where it waits too")
  func cancel() async throws {
    let server = try await PondServer.start(.hold)
    let client = MillpondClient(addresses: [server.address], connectTimeout: .seconds(60))
    let call = Task { try await client.embed(["tide"]) }
    #expect(try await eventually { server.heldCount == 1 })
    call.cancel()
    let error = await #expect(throws: MillpondError.self) { try await call.value }
    #expect(error?.code == .cancelled)
    #expect(try await eventually { server.cancelledCount == 1 })
    try await server.kill()
    let waiting = Task { try await client.embed(["tide"]) }
    waiting.cancel()
    let second = await #expect(throws: MillpondError.self) { try await waiting.value }
    #expect(second?.code == .cancelled)
  }

  @Test("closing the client ends its calls; later ones are cancelled")
  func close() async throws {
    let server = try await PondServer.start(.hold)
    let client = MillpondClient(addresses: [server.address])
    let held = Task { try await client.embed(["tide"]) }
    #expect(try await eventually { server.heldCount == 1 })
    client.close()
    let error = await #expect(throws: MillpondError.self) { try await held.value }
    #expect(error == MillpondError(.unavailable, "the client was closed"))
    let later = await #expect(throws: MillpondError.self) { try await client.embed(["tide"]) }
    #expect(later?.code == .cancelled)
    #expect(try await eventually { try await server.connectionCount() == 0 })
  }

  @Test("a client that nobody has any more closes its connections")
  func released() async throws {
    let server = try await PondServer.start()
    do {
      let client = try await MillpondClient.connect(to: server.address)
      #expect(try await client.embed(["tide"]).values().count == 1)
    }
    #expect(try await eventually { try await server.connectionCount() == 0 })
  }
}
