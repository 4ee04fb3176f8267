import Discovery
import Testing

@Suite("Which names are asked for in place of one")
struct SearchListTests {
  /// As Kubernetes writes it.
  private static let cluster = SearchList(
    dotsMin: 5, domains: ["ns.svc.cluster.local", "svc.cluster.local", "cluster.local"])

  private func candidates(_ name: String, _ list: SearchList = cluster) throws -> [String] {
    list.candidates(for: try DNSName(name)).map(\.text)
  }

  @Test("with few dots the domains come first")
  func fewDots() throws {
    #expect(
      try candidates("workers") == [
        "workers.ns.svc.cluster.local", "workers.svc.cluster.local", "workers.cluster.local",
        "workers",
      ])
  }

  @Test("with enough dots the name itself comes first")
  func manyDots() throws {
    let list = SearchList(dotsMin: 1, domains: ["d"])
    #expect(try candidates("a", list) == ["a.d", "a"])
    #expect(try candidates("a.b", list) == ["a.b", "a.b.d"])
  }

  @Test("with a dot at its end it is asked for alone")
  func absolute() throws {
    #expect(try candidates("workers.") == ["workers"])
  }

  @Test("a domain of only a dot, and names that get too long, are left out")
  func leftOut() throws {
    let long = [63, 63, 63, 50].map { String(repeating: "a", count: $0) }.joined(separator: ".")
    #expect(
      try candidates(long, SearchList(dotsMin: 9, domains: [".", "long.domain", "d"])) == [
        long + ".d", long,
      ])
  }
}
