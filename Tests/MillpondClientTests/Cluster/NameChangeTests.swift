import MillpondClient
import NIOCore
import Synchronization
import Testing
import Transport

@Suite("Names whose addresses change", .timeLimit(.minutes(1)))
struct NameChangeTests {
  /// What the name stands for.
  private final class Directory: Sendable {
    let addresses: Mutex<[ServerAddress]>

    init(_ servers: [PondServer]) {
      addresses = Mutex(servers.map(\.address))
    }

    func set(_ servers: [PondServer]) {
      addresses.withLock { $0 = servers.map(\.address) }
    }
  }

  private func client(_ directory: Directory, connectionsMax: Int = 8) -> MillpondClient {
    let settings = PoolSettings(
      connectionsMax: connectionsMax, nameAge: .milliseconds(50),
      nameAgeInTrouble: .milliseconds(50)
    ) { (_) throws(MillpondError) in directory.addresses.withLock { $0 } }
    return MillpondClient(
      addresses: [ServerAddress(host: "pond", port: 1)], settings: settings)
  }

  private func servers(_ count: Int) async throws -> [PondServer] {
    var servers: [PondServer] = []
    for _ in 0..<count { servers.append(try await PondServer.start()) }
    return servers
  }

  @Test("a name's new address takes calls; one that is gone ends with its open calls")
  func changes() async throws {
    let servers = try await servers(2)
    let (old, new) = (servers[0], servers[1])
    let directory = Directory([old])
    let client = client(directory)
    old.set(.hold)
    let held = Task { try await client.embed(["tide"]) }
    #expect(try await eventually { old.heldCount == 1 })
    old.set(.answer)
    directory.set([new])
    #expect(
      try await eventually {
        _ = try await client.embed(["tide"])
        return new.callCount > 0
      })
    #expect(try await old.connectionCount() == 1)
    let before = old.callCount
    for _ in 0..<20 { _ = try await client.embed(["tide"]) }
    #expect(old.callCount == before)
    old.release()
    #expect(try await held.value.values().count == 1)
    #expect(try await eventually { try await old.connectionCount() == 0 })
  }

  @Test("with more addresses than connections, one that dies makes place for another")
  func subset() async throws {
    let servers = try await servers(4)
    let client = client(Directory(servers), connectionsMax: 2)
    let load = try await Load.run(client, calls: 500)
    #expect(load.errors.isEmpty)
    let used = servers.filter { $0.callCount > 0 }
    #expect(used.count == 2)
    let unused = servers.filter { $0.callCount == 0 }
    for server in used { try await server.kill() }
    let after = try await Load.run(client, calls: 500)
    #expect(after.errors.isEmpty)
    #expect(unused.contains { $0.callCount > 0 })
  }
}
