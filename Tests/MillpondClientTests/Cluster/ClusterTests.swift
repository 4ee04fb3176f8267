import MillpondClient
import NIOCore
import Testing
import Transport
import Wire

/// Three servers and a client of all of them.
private struct Cluster {
  let servers: [PondServer]
  let client: MillpondClient

  /// - Parameter more: addresses beside the servers'.
  init(
    _ count: Int = 3, more: [ServerAddress] = [], connectTimeout: Duration = .seconds(5),
    _ configure: (inout ServerConfiguration) -> Void = { _ in }
  ) async throws {
    var servers: [PondServer] = []
    for _ in 0..<count { servers.append(try await PondServer.start(.answer, configure)) }
    self.servers = servers
    client = MillpondClient(
      addresses: more + servers.map(\.address), connectTimeout: connectTimeout)
  }

  /// Waits until every server has a connection.
  func connected() async throws {
    _ = try await client.health()
    for server in servers {
      #expect(try await eventually { try await server.connectionCount() > 0 })
    }
    // The hellos are on their way.
    #expect(
      try await eventually {
        _ = try await client.embed(["tide"])
        return servers.allSatisfy { server in server.heads.contains { $0.method == .embed } }
      })
  }
}

/// In-process servers over loopback sockets. Each test has its own.
@Suite("Client of several servers", .timeLimit(.minutes(2)))
struct ClusterTests {
  private let overloaded = Status(
    .resourceExhausted, reason: .overloaded, "the queue is full", isRetryable: true,
    retryAfterMicroseconds: 300_000)

  @Test("nothing is connected before the first call; then one connection to each")
  func lazily() async throws {
    let cluster = try await Cluster()
    for server in cluster.servers {
      #expect(try await server.acceptedCount() == 0)
    }
    try await cluster.connected()
    for server in cluster.servers {
      #expect(try await server.acceptedCount() == 1)
    }
  }

  @Test("calls are spread evenly, one at a time and many at once", arguments: [1, 16])
  func spread(tasks: Int) async throws {
    let cluster = try await Cluster()
    try await cluster.connected()
    let before = cluster.servers.map(\.callCount)
    // So many that what the machine does beside them evens out.
    let count = 12_000
    let load = try await Load.run(cluster.client, calls: count, tasks: tasks)
    #expect(load.answered == count)
    for (server, before) in zip(cluster.servers, before) {
      #expect((count / 3 * 8 / 10...count / 3 * 12 / 10).contains(server.callCount - before))
    }
  }

  @Test("a server that is killed under load costs no call, and is found again")
  func killed() async throws {
    let cluster = try await Cluster()
    try await cluster.connected()
    let victim = cluster.servers[1]
    let load = try await Load.run(cluster.client, calls: 6_000) {
      #expect(try await eventually { victim.callCount > 300 })
      try await victim.kill()
    }
    #expect(load.errors.isEmpty)
    #expect(load.answered == 6_000)
    let again = try await PondServer.start(on: victim.port)
    #expect(
      try await eventually {
        _ = try await cluster.client.embed(["tide"])
        return again.callCount > 0
      })
  }

  @Test("a server that drains under load costs no call")
  func drained() async throws {
    let cluster = try await Cluster()
    try await cluster.connected()
    let victim = cluster.servers[0]
    let load = try await Load.run(cluster.client, calls: 6_000) { () async throws in
      #expect(try await eventually { victim.callCount > 300 })
      victim.beginDraining()
      #expect(try await eventually { try await victim.connectionCount() == 0 })
    }
    #expect(load.errors.isEmpty)
    #expect(load.answered == 6_000)
  }

  @Test("a server that accepts and says nothing holds up no call")
  func blackHole() async throws {
    let hole = try LoopbackPort(listens: true)
    let cluster = try await Cluster(2, more: [hole.address])
    let began = ContinuousClock.now
    let load = try await Load.run(cluster.client, calls: 1_000)
    #expect(load.errors.isEmpty)
    // The hole is given up after 5 s.
    #expect(ContinuousClock.now - began < .seconds(5))
  }

  @Test("an overloaded server's calls go to others, and it is left alone as long as it asks")
  func overloadedOne() async throws {
    let cluster = try await Cluster()
    try await cluster.connected()
    let victim = cluster.servers[2]
    let before = victim.callCount
    victim.set(.refuse(overloaded))
    let load = try await Load.run(cluster.client, calls: 3_000)
    #expect(load.errors.isEmpty)
    #expect(victim.callCount - before < 200)
  }

  @Test("a call that two servers refuse for overload is not asked of a third")
  func overloadedAll() async throws {
    let cluster = try await Cluster()
    try await cluster.connected()
    let before = cluster.servers.map(\.callCount).reduce(0, +)
    for server in cluster.servers { server.set(.refuse(overloaded)) }
    let error = await #expect(throws: MillpondError.self) {
      try await cluster.client.embed(["tide"])
    }
    #expect(error?.code == .resourceExhausted)
    #expect(error?.retryAfter == .milliseconds(300))
    #expect(cluster.servers.map(\.callCount).reduce(0, +) - before == 2)
  }

  @Test("calls that a server answers with UNAVAILABLE go to others, and soon all calls do")
  func unavailableOne() async throws {
    let cluster = try await Cluster()
    try await cluster.connected()
    let victim = cluster.servers[2]
    let before = victim.callCount
    victim.set(.refuse(Status(.unavailable, reason: .warmingUp, "warming up")))
    let load = try await Load.run(cluster.client, calls: 3_000)
    #expect(load.errors.isEmpty)
    #expect(victim.callCount - before < 200)
  }

  @Test("a server that has stopped takes few calls with it")
  func stopped() async throws {
    let cluster = try await Cluster()
    try await cluster.connected()
    cluster.servers[2].set(.hold)
    let end = ContinuousClock.now + .seconds(4)
    let load = try await Load.run(
      cluster.client, tasks: 8, call: CallOptions(timeout: .milliseconds(100))
    ) { ContinuousClock.now < end }
    #expect(load.errors.allSatisfy { $0.code == .deadlineExceeded })
    // Measured: 20; it would be 48 if that server had no rest after a call that it let pass.
    #expect(load.errors.count < 35)
    #expect(load.answered > 1_000)
  }

  @Test(
    "an error that would be the same anywhere is given at once",
    arguments: [StatusCode.invalidArgument, .failedPrecondition, .internal, .notFound])
  func final(code: StatusCode) async throws {
    let cluster = try await Cluster()
    try await cluster.connected()
    let before = cluster.servers.map(\.callCount).reduce(0, +)
    for server in cluster.servers { server.set(.refuse(Status(code, "no", isRetryable: true))) }
    let error = await #expect(throws: MillpondError.self) {
      try await cluster.client.embed(["tide"])
    }
    #expect(error?.code.rawValue == code.rawValue)
    #expect(cluster.servers.map(\.callCount).reduce(0, +) - before == 1)
  }

  @Test("connections that become old under load are made anew, and no call fails")
  func age() async throws {
    let cluster = try await Cluster {
      $0.connectionAge = ConnectionAge(mean: .seconds(1), spread: 0.1, grace: .seconds(30))
    }
    try await cluster.connected()
    let end = ContinuousClock.now + .seconds(5)
    let load = try await Load.run(cluster.client, tasks: 8) { ContinuousClock.now < end }
    #expect(load.errors.isEmpty)
    #expect(load.answered > 1_000)
    for server in cluster.servers {
      #expect(try await server.acceptedCount() >= 3)
      #expect(try await server.connectionCount() <= 2)
    }
  }

  @Test("an old connection's open calls are answered on it, while new ones have the next")
  func openCallsOfOld() async throws {
    let cluster = try await Cluster(1) {
      $0.connectionAge = ConnectionAge(mean: .seconds(1), spread: 0, grace: .seconds(30))
    }
    let server = cluster.servers[0]
    server.set(.hold)
    let held = Task { try await cluster.client.embed(["tide"]) }
    #expect(try await eventually { server.heldCount == 1 })
    #expect(try await eventually { try await server.acceptedCount() == 2 })
    server.set(.answer)
    #expect(try await cluster.client.embed(["tide"]).values().count == 1)
    server.release()
    #expect(try await held.value.values().count == 1)
  }
}
