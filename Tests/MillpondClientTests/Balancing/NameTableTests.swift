import MillpondClient
import NIOCore
import Testing

@Suite("Names of servers")
struct NameTableTests {
  private let start = NIODeadline.uptimeNanoseconds(9_000_000_000)
  private let name = ServerAddress(host: "pond", port: 7)
  private let literal = ServerAddress(host: "10.0.0.9", port: 7)
  private let found = [
    ServerAddress(host: "10.0.0.1", port: 7), ServerAddress(host: "10.0.0.2", port: 7),
  ]
  private var table: NameTable

  init() {
    table = NameTable([literal, name]) { $0.hasPrefix("10.") }
  }

  @Test("an address is known at once, a name when it is resolved")
  mutating func resolving() {
    #expect(table.addresses == [literal])
    #expect(table.isPending)
    #expect(table.failures.map(\.message) == ["pond:7: the name is not resolved yet"])
    #expect(table.takeDue(olderThan: nil, now: start) == [name])
    #expect(table.takeDue(olderThan: .zero, now: start).isEmpty)
    table.resolved(name, .success(found), now: start, chance: 0.5)
    #expect(table.addresses == [literal] + found)
    #expect(!table.isPending)
    #expect(table.nextDue == nil)
  }

  @Test("a name is resolved again when it is old enough")
  mutating func again() {
    _ = table.takeDue(olderThan: nil, now: start)
    table.resolved(name, .success(found), now: start, chance: 0.5)
    #expect(table.takeDue(olderThan: nil, now: start + .hours(1)).isEmpty)
    #expect(table.takeDue(olderThan: .seconds(30), now: start + .seconds(29)).isEmpty)
    #expect(table.takeDue(olderThan: .seconds(30), now: start + .seconds(30)) == [name])
  }

  @Test("a name that fails is tried again later and later, and keeps its last addresses")
  mutating func failing() throws {
    let error = MillpondError(.unavailable, "pond:7: no such host")
    _ = table.takeDue(olderThan: nil, now: start)
    table.resolved(name, .failure(error), now: start, chance: 0.5)
    #expect(!table.isPending)
    #expect(table.failures == [error])
    #expect(table.nextDue == start + .milliseconds(100))
    #expect(table.takeDue(olderThan: nil, now: start + .milliseconds(100)) == [name])
    table.resolved(name, .success(found), now: start, chance: 0.5)
    #expect(table.failures.isEmpty)
    _ = table.takeDue(olderThan: .zero, now: start + .seconds(1))
    table.resolved(name, .failure(error), now: start, chance: 0.5)
    #expect(table.addresses == [literal] + found)
    #expect(table.failures.isEmpty)
    #expect(table.nextDue != nil)
  }
}
