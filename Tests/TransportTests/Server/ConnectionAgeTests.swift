import NIOCore
import Testing
import Transport
import Wire

@Suite("Age of connections")
struct ConnectionAgeTests {
  private let age = ConnectionAge(mean: .seconds(600), spread: 0.1, grace: .seconds(60))
  private let opened = NIODeadline.uptimeNanoseconds(1_000)

  private func old(_ message: String) -> Status {
    Status(.unavailable, reason: .draining, message, isRetryable: true)
  }

  @Test(
    "a connection is told to go away at its own age, once",
    arguments: [(0.0, 540), (0.5, 600), (1.0, 660)] as [(Double, Int64)])
  func goAway(chance: Double, seconds: Int64) {
    var lifetime = ConnectionLifetime(age, opened: opened, chance: chance)
    let limit = opened + .seconds(seconds)
    #expect(lifetime.step(now: opened) == .none)
    #expect(lifetime.step(now: limit - .milliseconds(1)) == .none)
    #expect(
      lifetime.step(now: limit + .milliseconds(1))
        == .goAway(old("the connection is \(seconds) s old")))
    #expect(lifetime.step(now: limit + .seconds(59)) == .none)
  }

  @Test("what does not end in the time for it is closed, once")
  func grace() {
    var lifetime = ConnectionLifetime(age, opened: opened, chance: 0.5)
    let told = opened + .seconds(700)
    _ = lifetime.step(now: told)
    #expect(lifetime.step(now: told + .seconds(59)) == .none)
    #expect(
      lifetime.step(now: told + .seconds(60))
        == .close(old("the connection is 760 s old, its calls did not end in 60 s")))
    #expect(lifetime.step(now: told + .seconds(1_000)) == .none)
  }
}

/// Over loopback sockets.
@Suite("Old connections", .timeLimit(.minutes(1)))
struct OldConnectionTests {
  private func server(grace: TimeAmount) async throws -> TestServer {
    try await TestServer.start {
      $0.connectionAge = ConnectionAge(mean: .milliseconds(300), spread: 0.1, grace: grace)
    }
  }

  @Test("an old connection goes away, when its calls are answered; a new one takes calls")
  func age() async throws {
    let server = try await server(grace: .seconds(60))
    defer { server.stop() }
    let peer = try RawPeer(port: server.port)
    peer.send(.hello(), .request(1, model: "hold", body: [7]))
    let goAway = try #require(try peer.readAnswer()?.goAway)
    #expect(goAway.lastCallID == 1)
    #expect(goAway.status.code == .unavailable)
    #expect(goAway.status.reason == .draining)
    #expect(goAway.status.message.hasPrefix("the connection is "))
    #expect(try server.isServing())
    server.service.release()
    #expect(try peer.readAnswer()?.body == ByteBuffer(bytes: [7]))
    #expect(try peer.readToEnd().isEmpty)
  }

  @Test("calls that do not end are closed under their caller, who is told why")
  func grace() async throws {
    let server = try await server(grace: .milliseconds(300))
    defer { server.stop() }
    let peer = try RawPeer(port: server.port)
    peer.send(.hello(), .request(1, model: "hold"))
    #expect(try peer.readAnswer()?.goAway != nil)
    let second = try #require(try peer.readAnswer()?.goAway)
    #expect(second.status.message.hasSuffix(" s old, its calls did not end in 300 ms"))
    #expect(try peer.readToEnd().isEmpty)
    await server.service.wait(of: .cancelled)
  }
}
