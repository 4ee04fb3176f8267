import MillpondClient
import NIOCore
import Testing
import Transport
import Wire

@Suite("Health that is watched", .timeLimit(.minutes(1)))
struct HealthWatchTests {
  @Test("the state comes at once and after each change, equal ones once")
  func changes() async throws {
    let server = try await PondServer.start()
    let client = MillpondClient(addresses: [server.address])
    var watch = client.watchHealth().makeAsyncIterator()
    #expect(try await watch.next()?.isReady == true)
    server.setReady(true)
    server.setReady(false)
    #expect(try await watch.next()?.isReady == false)
    server.setReady(true)
    #expect(try await watch.next()?.isReady == true)
    // Calls go on beside it.
    #expect(try await client.health().isReady)
  }

  @Test("a watch that nobody reads any more is cancelled at the server")
  func cancel() async throws {
    let server = try await PondServer.start()
    let client = MillpondClient(addresses: [server.address])
    for try await health in client.watchHealth() {
      #expect(health.isLive)
      break
    }
    #expect(try await eventually { server.cancelledCount == 1 })
    #expect(server.watchCount == 0)
  }

  @Test("a watch goes on at another server when its own ends", arguments: [true, false])
  func moves(drains: Bool) async throws {
    let servers = [try await PondServer.start(), try await PondServer.start()]
    defer { withExtendedLifetime(servers) {} }
    let client = MillpondClient(addresses: servers.map(\.address))
    var watch = client.watchHealth().makeAsyncIterator()
    #expect(try await watch.next()?.isReady == true)
    #expect(try await eventually { servers.contains { $0.watchCount == 1 } })
    let index = try #require(servers.firstIndex { $0.watchCount == 1 })
    let other = servers[1 - index]
    other.setReady(false)
    if drains { servers[index].beginDraining() } else { try await servers[index].kill() }
    #expect(try await watch.next()?.isReady == false)
    #expect(other.watchCount == 1)
  }

  @Test("a watch that its server ends when it stops goes on at another")
  func ended() async throws {
    let servers = [try await PondServer.start(), try await PondServer.start()]
    defer { withExtendedLifetime(servers) {} }
    let client = MillpondClient(addresses: servers.map(\.address))
    var watch = client.watchHealth().makeAsyncIterator()
    #expect(try await watch.next()?.isReady == true)
    #expect(try await eventually { servers.contains { $0.watchCount == 1 } })
    let index = try #require(servers.firstIndex { $0.watchCount == 1 })
    servers[index].setReady(false, isLast: true)
    // Only then: the go-away would move the watch before its end is read.
    #expect(try await watch.next()?.isReady == false)
    servers[index].beginDraining()
    #expect(try await watch.next()?.isReady == true)
    #expect(servers[1 - index].watchCount == 1)
  }

  @Test("a watch ends at its timeout")
  func timeout() async throws {
    let server = try await PondServer.start()
    let client = MillpondClient(addresses: [server.address])
    var states = 0
    for try await _ in client.watchHealth(call: CallOptions(timeout: .milliseconds(300))) {
      states += 1
    }
    #expect(states == 1)
  }

  @Test("a watch outlives old connections")
  func age() async throws {
    let server = try await PondServer.start {
      $0.connectionAge = ConnectionAge(mean: .milliseconds(600), spread: 0, grace: .seconds(60))
    }
    let client = MillpondClient(addresses: [server.address])
    var watch = client.watchHealth().makeAsyncIterator()
    #expect(try await watch.next()?.isReady == true)
    #expect(try await eventually { try await server.acceptedCount() == 3 })
    #expect(try await eventually { server.watchCount == 1 })
    server.setReady(false)
    #expect(try await watch.next()?.isReady == false)
    #expect(try await server.connectionCount() <= 2)
  }

  @Test("without any server a watch fails, after its patience")
  func unreachable() async throws {
    let server = try await PondServer.start()
    defer { withExtendedLifetime(server) {} }
    let client = MillpondClient(
      addresses: [server.address], connectTimeout: .milliseconds(300))
    var watch = client.watchHealth().makeAsyncIterator()
    #expect(try await watch.next()?.isReady == true)
    try await server.kill()
    let error = await #expect(throws: MillpondError.self) { try await watch.next() }
    #expect(error?.code == .unavailable)
  }
}
