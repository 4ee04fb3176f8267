import MillpondClient
import NIOCore
import Testing
import Transport
import Wire

@Suite("Commands to a server", .timeLimit(.minutes(1)))
struct CommandTests {
  private static let steps = ["starting", "ready", "the old workers have ended"]

  private func lines(_ client: MillpondClient) async throws -> [String] {
    var lines: [String] = []
    for try await line in client.administer(.reload) { lines.append(line) }
    return lines
  }

  @Test("a command is carried out once, however many steps it has", arguments: 0...3)
  func once(count: Int) async throws {
    let steps = Array(Self.steps.prefix(count))
    let server = try await PondServer.start(.steps(steps, isWhole: true))
    let client = MillpondClient(addresses: [server.address])
    #expect(try await lines(client) == steps)
    // Longer than a watch pauses before it goes on.
    try await Task.sleep(for: .milliseconds(300))
    #expect(server.callCount == 1)
  }

  @Test("a command whose connection is lost is not sent again, and its end is told as unknown")
  func lost() async throws {
    let servers = [
      try await PondServer.start(.steps(Self.steps, isWhole: false)),
      try await PondServer.start(.steps(Self.steps, isWhole: true)),
    ]
    let client = MillpondClient(addresses: [servers[0].address])
    var watch = client.administer(.reload).makeAsyncIterator()
    #expect(try await watch.next() == Self.steps[0])
    try await servers[0].kill()
    let error = await #expect(throws: MillpondError.self) {
      while try await watch.next() != nil {}
    }
    #expect(error?.code == .unavailable)
    #expect(servers[0].callCount == 1)
  }

  @Test("a command that is under way stays with a server that goes away")
  func drained() async throws {
    let servers = [
      try await PondServer.start(.hold), try await PondServer.start(.hold),
    ]
    let client = MillpondClient(addresses: servers.map(\.address))
    let command = Task { try await lines(client) }
    #expect(try await eventually { servers.contains { $0.heldCount == 1 } })
    let index = try #require(servers.firstIndex { $0.heldCount == 1 })
    servers[index].beginDraining()
    try await Task.sleep(for: .milliseconds(300))
    #expect(servers[index].heldCount == 1)
    #expect(servers[index].cancelledCount == 0)
    #expect(servers[1 - index].callCount == 0)
    command.cancel()
    _ = await command.result
    #expect(try await eventually { servers[index].cancelledCount == 1 })
  }
}
