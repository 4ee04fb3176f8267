import Discovery
import Testing

@Suite("Lookups of names")
struct AddressLookupTests {
  private static let noSearch = SearchList(dotsMin: 1, domains: [])
  private static let cluster = SearchList(dotsMin: 5, domains: ["ns.local", "local"])

  private func lookUp(
    _ zone: inout FakeZone, _ name: String = "w.test", _ search: SearchList = noSearch,
    last: AddressLookup? = nil
  ) throws -> (outcome: AddressOutcome, lookup: AddressLookup) {
    var lookup = AddressLookup(.name(try DNSName(name), port: 7), search, last: last)
    let outcome = zone.run(&lookup)
    return (outcome, lookup)
  }

  private func found(
    _ hosts: String..., ttl: Int = 60, problem: String? = nil
  ) -> AddressOutcome {
    .found(hosts.map { Address(host: $0, port: 7) }, ttl: .seconds(ttl), problem: problem)
  }

  @Test("both families are asked for at once; the least TTL counts")
  func bothFamilies() throws {
    var zone = FakeZone([
      "w.test A": .a("10.0.0.1", "10.0.0.2", ttl: 9), "w.test AAAA": .aaaa("::1", ttl: 8),
    ])
    #expect(try lookUp(&zone).outcome == found("10.0.0.1", "10.0.0.2", "::1", ttl: 8))
    #expect(zone.asked == ["w.test A", "w.test AAAA"])
  }

  @Test("one family is enough")
  func oneFamily() throws {
    var zone = FakeZone(["w.test A": .a("10.0.0.1"), "w.test AAAA": .noData])
    #expect(try lookUp(&zone).outcome == found("10.0.0.1"))
  }

  @Test("none, because the name is not there or has no records")
  func none() throws {
    var zone = FakeZone([:])
    #expect(
      try lookUp(&zone).outcome == .failed(.noAddresses, "there is no such name"))
    zone.answers["w.test A"] = .noData
    #expect(try lookUp(&zone).outcome == .failed(.noAddresses, "it has no addresses"))
    // An alias that leads nowhere.
    zone.answers["w.test A"] = .aaaa("::1")
    #expect(try lookUp(&zone).outcome == .failed(.noAddresses, "it has no addresses"))
  }

  @Test("search domains are tried in turn, until one has addresses")
  func search() throws {
    var zone = FakeZone(["w.local AAAA": .aaaa("::1")])
    #expect(try lookUp(&zone, "w", Self.cluster).outcome == found("::1"))
    #expect(zone.asked == ["w.ns.local A", "w.ns.local AAAA", "w.local A", "w.local AAAA"])
  }

  @Test("a server that fails ends the search: another name in its place could be another's")
  func searchFails() throws {
    var zone = FakeZone(["w.ns.local A": .serverFailed, "w.local A": .a("10.6.6.6")])
    #expect(
      try lookUp(&zone, "w", Self.cluster).outcome
        == .failed(.unavailable, "w.ns.local A: server failed"))
    #expect(zone.asked.count == 2)
  }

  @Test("a family that cannot be had now is as it was before")
  func oneFamilyLost() throws {
    var zone = FakeZone(["w.test A": .a("10.0.0.1"), "w.test AAAA": .aaaa("::1")])
    let before = try lookUp(&zone).lookup
    zone.answers = ["w.test A": .a("10.0.0.2", ttl: 300), "w.test AAAA": .serverFailed]
    let now = try lookUp(&zone, last: before)
    #expect(
      now.outcome
        == found("10.0.0.2", "::1", ttl: 30, problem: "w.test AAAA: server failed"))
    // And stays so.
    #expect(try lookUp(&zone, last: now.lookup).outcome == now.outcome)
  }

  @Test("a family that never could be had does not stand in the way")
  func oneFamilyNever() throws {
    var zone = FakeZone(["w.test A": .a("10.0.0.1", ttl: 5), "w.test AAAA": .serverFailed])
    #expect(
      try lookUp(&zone).outcome
        == found("10.0.0.1", ttl: 5, problem: "w.test AAAA: server failed"))
  }

  @Test("with one family open, none in the other is not none")
  func openFamily() throws {
    var zone = FakeZone(["w.test A": .noData, "w.test AAAA": .serverFailed])
    #expect(
      try lookUp(&zone).outcome == .failed(.unavailable, "w.test AAAA: server failed"))
  }

  @Test("nothing answered is unavailable, whatever was known")
  func allLost() throws {
    var zone = FakeZone(["w.test A": .a("10.0.0.1"), "w.test AAAA": .aaaa("::1")])
    let before = try lookUp(&zone).lookup
    zone.answers = ["w.test A": .serverFailed, "w.test AAAA": .serverFailed]
    #expect(
      try lookUp(&zone, last: before).outcome
        == .failed(.unavailable, "w.test A: server failed"))
  }
}
