import Discovery
import TestSupport
import Testing

@Suite("Names that a real DNS server answers for", .timeLimit(.minutes(2)))
struct DNSWatchTests {
  /// Backs off to half a second, so that tests see an end of trouble soon.
  private static var impatient: AddressWatchConfiguration {
    var pace = AddressWatchConfiguration.dns
    pace.backoffMin = .milliseconds(200)
    pace.backoffMax = .milliseconds(500)
    pace.emptyAfter = .seconds(2)
    return pace
  }

  @Test("the addresses of a name, of both families, are followed by TTL")
  func addresses() async throws {
    let server = try await NameServer.start(hosts: [
      "10.0.0.1 w.test", "10.0.0.2 w.test", "fd00::1 w.test", "10.0.0.9 other.test",
    ])
    let source = try await WatchedSource("dns:w.test:7071", resolver: server.resolver)
    try await source.has(["10.0.0.1:7071", "10.0.0.2:7071", "[fd00::1]:7071"])
    try server.change(hosts: ["10.0.0.2 w.test", "10.0.0.3 w.test", "fd00::1 w.test"])
    try await source.has(["10.0.0.2:7071", "10.0.0.3:7071", "[fd00::1]:7071"])
    try server.change(hosts: ["10.0.0.3 w.test"])
    try await source.has(["10.0.0.3:7071"])
    #expect(source.changes == 3)
    #expect(source.log.count(containing: "warning") == 0)
  }

  @Test("it is not asked again before the TTL is over, but for a tenth")
  func byTTL() async throws {
    let server = try await NameServer.start(hosts: ["10.0.0.1 w.test"], ttl: 3)
    let source = try await WatchedSource("dns:w.test:7071", resolver: server.resolver)
    try await source.has(["10.0.0.1:7071"])
    try server.change(hosts: ["10.0.0.2 w.test"])
    let (_, waited) = try await timed { try await source.has(["10.0.0.2:7071"]) }
    // 2.7 s, less the time that it took to see the first answer.
    #expect(waited >= .seconds(2))
  }

  @Test("services are followed: targets, ports, and only the first priority")
  func services() async throws {
    let name = "_millpond._tcp.w.test"
    let hosts = ["10.0.0.1 a.test", "fd00::1 a.test", "10.0.0.2 b.test", "10.0.0.3 c.test"]
    let server = try await NameServer.start(
      hosts: hosts,
      records: [
        "srv-host=\(name),a.test,7071,1,10", "srv-host=\(name),b.test,7072,1,0",
        "srv-host=\(name),c.test,7073,2,10",
      ])
    let source = try await WatchedSource(
      "srv:\(name)", resolver: server.resolver, pace: Self.impatient)
    try await source.has(["10.0.0.1:7071", "[fd00::1]:7071", "10.0.0.2:7072"])
    try await server.restart(records: [
      "srv-host=\(name),b.test,7079,1,10", "srv-host=\(name),missing.test,7071,1,10",
    ])
    try await source.has(["10.0.0.2:7079"])
    try await server.restart(records: ["srv-host=\(name),c.test,7073,2,10"])
    try await source.has(["10.0.0.3:7073"])
  }

  @Test("a dead server changes nothing; its return is seen")
  func deadServer() async throws {
    let server = try await NameServer.start(hosts: ["10.0.0.1 w.test", "10.0.0.2 w.test"])
    let source = try await WatchedSource(
      "dns:w.test:7071", resolver: server.resolver, pace: Self.impatient)
    try await source.has(["10.0.0.1:7071", "10.0.0.2:7071"])
    try await server.kill()
    try await source.logs("kept=2 reason=w.test A: ")
    // Longer than `emptyAfter`, with many tries.
    try await Task.sleep(for: .seconds(4))
    #expect(source.addresses == ["10.0.0.1:7071", "10.0.0.2:7071"])
    #expect(source.log.count(containing: "warning") == 1)
    try server.change(hosts: ["10.0.0.2 w.test"])
    try await server.restart()
    try await source.has(["10.0.0.2:7071"])
    #expect(source.log.count(containing: "can be had again") == 1)
  }

  @Test("a name that is gone keeps its addresses for a while, and no longer")
  func goneName() async throws {
    let server = try await NameServer.start(hosts: ["10.0.0.1 w.test"])
    let source = try await WatchedSource(
      "dns:w.test:7071", resolver: server.resolver, pace: Self.impatient)
    try await source.has(["10.0.0.1:7071"])
    try server.change(hosts: [])
    try await source.logs("kept=1 reason=there is no such name")
    #expect(source.addresses == ["10.0.0.1:7071"])
    let (_, waited) = try await timed { try await source.has([]) }
    #expect(waited >= .seconds(1))
    try server.change(hosts: ["10.0.0.3 w.test"])
    try await source.has(["10.0.0.3:7071"])
  }

  @Test("a server that refuses is no server that says there are none")
  func refusing() async throws {
    let server = try await NameServer.start()
    let source = try await WatchedSource(
      "dns:w.elsewhere:7071", resolver: server.resolver, pace: Self.impatient)
    try await source.logs("reason=w.elsewhere A: no DNS server can be reached, or none can tell")
  }

  @Test("an answer too long for a datagram comes over TCP")
  func longAnswer() async throws {
    let hosts = (1...600).map { "10.0.\($0 >> 8).\($0 & 255) w.test" }
    let server = try await NameServer.start(hosts: hosts)
    let source = try await WatchedSource("dns:w.test:7071", resolver: server.resolver)
    try await source.has((1...600).map { "10.0.\($0 >> 8).\($0 & 255):7071" })
  }

  @Test("search domains and their number of dots are those of the configuration file")
  func searchDomains() async throws {
    let server = try await NameServer.start(hosts: ["10.0.0.1 w.ns.svc.test", "10.0.0.2 a.b.test"])
    var resolver = server.resolver
    resolver.configurationPath = ScratchFolder.shared.newPath("resolv.conf")
    try TextFile.write(
      "nameserver 127.0.0.1\nsearch ns.svc.test svc.test test\noptions ndots:5\n",
      to: resolver.configurationPath)
    let short = try await WatchedSource("dns:w:7071", resolver: resolver)
    let long = try await WatchedSource("dns:a.b:7071", resolver: resolver)
    let absolute = try await WatchedSource("dns:w.ns.svc.test.:7071", resolver: resolver)
    try await short.has(["10.0.0.1:7071"])
    try await long.has(["10.0.0.2:7071"])
    try await absolute.has(["10.0.0.1:7071"])
  }

  @Test("with one server dead, the next is asked")
  func secondServer() async throws {
    let server = try await NameServer.start(hosts: ["10.0.0.1 w.test"])
    var resolver = server.resolver
    resolver.servers.insert("127.0.0.1:\(try NameServer.freePort())", at: 0)
    let source = try await WatchedSource("dns:w.test:7071", resolver: resolver)
    try await source.has(["10.0.0.1:7071"])
  }

  @Test("the machine's own names need no server")
  func ownNames() async throws {
    var resolver = ResolverConfiguration.system
    resolver.servers = ["127.0.0.1:\(try NameServer.freePort())"]
    resolver.hostsPath = ScratchFolder.shared.newPath("hosts")
    resolver.hostsTTL = .seconds(1)
    try TextFile.write("127.0.0.1 localhost\n::1 localhost\n", to: resolver.hostsPath)
    let source = try await WatchedSource("dns:localhost:7071", resolver: resolver)
    try await source.has(["127.0.0.1:7071", "[::1]:7071"])
    try TextFile.replace(resolver.hostsPath, with: "127.0.0.2 localhost\n")
    try await source.has(["127.0.0.2:7071"])
  }

  @Test("a configuration that names no servers it could ask is told")
  func badServers() async throws {
    var resolver = ResolverConfiguration.system
    resolver.hostsPath = "/dev/null"
    resolver.servers = ["not an address"]
    let source = try await WatchedSource("dns:w.test:7071", resolver: resolver)
    try await source.logs("reason=/etc/resolv.conf: ")
  }
}
