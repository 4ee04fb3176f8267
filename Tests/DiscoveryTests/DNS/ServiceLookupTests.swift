import Discovery
import Testing

@Suite("Lookups of services")
struct ServiceLookupTests {
  private static let noSearch = SearchList(dotsMin: 1, domains: [])

  private func lookUp(
    _ zone: inout FakeZone, _ search: SearchList = noSearch, last: AddressLookup? = nil
  ) throws -> (outcome: AddressOutcome, lookup: AddressLookup) {
    var lookup = AddressLookup(.service(try DNSName("_m.w")), search, last: last)
    let outcome = zone.run(&lookup)
    return (outcome, lookup)
  }

  private func found(
    _ addresses: String..., ttl: Int = 60, problem: String? = nil
  ) throws -> AddressOutcome {
    .found(try addresses.map { try Address($0) }, ttl: .seconds(ttl), problem: problem)
  }

  @Test("targets are asked for, each has its port, the least TTL of all counts")
  func targets() throws {
    var zone = FakeZone([
      "_m.w SRV": .srv([(0, 1, "a.test"), (0, 2, "b.test"), (0, 3, "a.test")], ttl: 50),
      "a.test A": .a("10.0.0.1", ttl: 40), "b.test AAAA": .aaaa("::2", ttl: 45),
    ])
    #expect(
      try lookUp(&zone).outcome == found("10.0.0.1:1", "[::2]:2", "10.0.0.1:3", ttl: 40))
    #expect(
      zone.asked == ["_m.w SRV", "a.test A", "a.test AAAA", "b.test A", "b.test AAAA"])
  }

  @Test("addresses that come along are taken without asking")
  func additional() throws {
    var zone = FakeZone([
      "_m.w SRV": .srv(
        [(0, 1, "a.test"), (0, 2, "b.test")],
        additional: [
          ("b.test", .ipv4("10.0.0.2")), ("a.test", .ipv4("10.0.0.1")), ("a.test", .ipv6("::1")),
          ("c.test", .ipv4("10.0.0.3")), ("", .other),
        ])
    ])
    #expect(try lookUp(&zone).outcome == found("10.0.0.1:1", "[::1]:1", "10.0.0.2:2"))
    #expect(zone.asked == ["_m.w SRV"])
  }

  @Test("if those of one target are missing, all are asked for")
  func additionalIncomplete() throws {
    var zone = FakeZone([
      "_m.w SRV": .srv(
        [(0, 1, "a.test"), (0, 2, "b.test")], additional: [("a.test", .ipv4("10.0.0.1"))]),
      "a.test A": .a("10.0.0.1"), "a.test AAAA": .aaaa("::1"), "b.test A": .a("10.0.0.2"),
    ])
    #expect(try lookUp(&zone).outcome == found("10.0.0.1:1", "[::1]:1", "10.0.0.2:2"))
  }

  @Test("only the lowest priority number counts")
  func priorities() throws {
    var zone = FakeZone([
      "_m.w SRV": .srv([(2, 1, "a.test"), (1, 2, "b.test"), (1, 3, "c.test"), (9, 4, "d.test")]),
      "b.test A": .a("10.0.0.2"), "c.test A": .a("10.0.0.3"), "a.test A": .a("10.0.0.1"),
    ])
    #expect(try lookUp(&zone).outcome == found("10.0.0.2:2", "10.0.0.3:3"))
  }

  @Test("a record that says there is no such service, one at port 0 and a broken one give nothing")
  func unusable() throws {
    var zone = FakeZone(["_m.w SRV": .srv([(0, 1, ""), (0, 0, "a.test"), (0, 1, "a..b")])])
    #expect(try lookUp(&zone).outcome == .failed(.noAddresses, "it has no addresses"))
  }

  @Test("a target that is gone is left out, one that cannot be looked up is as it was")
  func lostTargets() throws {
    var zone = FakeZone([
      "_m.w SRV": .srv([(0, 1, "a.test"), (0, 2, "b.test"), (0, 3, "c.test")]),
      "a.test A": .a("10.0.0.1"), "b.test A": .a("10.0.0.2"), "c.test A": .a("10.0.0.3"),
    ])
    let before = try lookUp(&zone).lookup
    zone.answers["a.test A"] = .serverFailed
    zone.answers["b.test A"] = nil
    #expect(
      try lookUp(&zone, last: before).outcome
        == found("10.0.0.1:1", "10.0.0.3:3", ttl: 30, problem: "a.test A: server failed"))
  }

  @Test("without the records themselves nothing is known")
  func noRecords() throws {
    var zone = FakeZone(["_m.w SRV": .serverFailed])
    #expect(
      try lookUp(&zone).outcome == .failed(.unavailable, "_m.w SRV: server failed"))
    zone.answers = [:]
    #expect(try lookUp(&zone).outcome == .failed(.noAddresses, "there is no such name"))
  }

  @Test("the service's name has search domains, its targets have none")
  func search() throws {
    var zone = FakeZone(["_m.w.d SRV": .srv([(0, 1, "a")]), "a A": .a("10.0.0.1")])
    let search = SearchList(dotsMin: 5, domains: ["c", "d"])
    #expect(try lookUp(&zone, search).outcome == found("10.0.0.1:1"))
    #expect(zone.asked == ["_m.w.c SRV", "_m.w.d SRV", "a A", "a AAAA"])
  }

  @Test("with thousands of targets questions go out 64 at a time, and addresses are bounded")
  func many() throws {
    let services = (1...3_000).map { (UInt16(0), UInt16($0), "t\($0).test") }
    var zone = FakeZone(["_m.w SRV": .srv(services)])
    for (_, port, target) in services {
      zone.answers["\(target) A"] = .a("10.0.\(port >> 8).\(port & 255)")
      zone.answers["\(target) AAAA"] = .aaaa("::\(port)")
    }
    var lookup = AddressLookup(.service(try DNSName("_m.w")), Self.noSearch)
    _ = lookup.begin()
    guard case .ask(let questions) = lookup.answered([zone.answers["_m.w SRV"] ?? .noData]) else {
      return #expect(Bool(false), "nothing is asked")
    }
    #expect(questions.count == 64)
    guard case .found(let addresses, _, nil) = try lookUp(&zone).outcome else {
      return #expect(Bool(false), "nothing is found")
    }
    #expect(addresses.count == 4_097)
    #expect(zone.asked.count == 6_001)
  }
}
