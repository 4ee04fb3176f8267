import MillpondClient
import NIOCore
import Testing

@Suite("Address book")
struct AddressBookTests {
  private let start = NIODeadline.uptimeNanoseconds(9_000_000_000)
  private var generator = SeededGenerator()
  private var book = AddressBook(connectionsMax: 8)

  private func addresses(_ ports: ClosedRange<Int>) -> [ServerAddress] {
    ports.map { ServerAddress(host: "h", port: $0) }
  }

  /// Connects to that many servers.
  private mutating func open(_ count: Int) -> [AddressBook.ID] {
    _ = book.update(addresses(1...count), using: &generator)
    let ids = book.takeDue(now: start).map(\.id)
    for id in ids { book.opened(id, now: start) }
    return ids
  }

  private mutating func choose(
    avoiding avoided: [AddressBook.ID] = [], isElsewhereOnly: Bool = false,
    now: NIODeadline? = nil
  ) -> AddressBook.ID? {
    book.choose(
      avoiding: avoided, isElsewhereOnly: isElsewhereOnly, now: now ?? start, using: &generator)
  }

  // MARK: Connecting

  @Test("each address is connected to once")
  mutating func connecting() {
    _ = book.update(addresses(1...3) + addresses(2...3), using: &generator)
    #expect(Set(book.takeDue(now: start).map(\.address.port)) == [1, 2, 3])
    #expect(book.takeDue(now: start).isEmpty)
    #expect(choose() == nil)
    #expect(!book.hasOpen)
  }

  @Test("of more addresses than connections, chance chooses")
  mutating func subset() {
    var counts: [Int: Int] = [:]
    for seed in 0..<400 as Range<UInt64> {
      var book = AddressBook(connectionsMax: 8)
      var generator = SeededGenerator(seed: seed)
      _ = book.update(addresses(1...20), using: &generator)
      let chosen = book.takeDue(now: start).map(\.address.port)
      #expect(Set(chosen).count == 8)
      for port in chosen { counts[port, default: 0] += 1 }
    }
    // 160 are expected of each, with a deviation of 10.
    for port in 1...20 { #expect((110...210).contains(counts[port, default: 0])) }
  }

  @Test("more addresses than are kept are dropped")
  mutating func bounded() {
    book = AddressBook(connectionsMax: 1_000)
    _ = book.update(addresses(1...1_000), using: &generator)
    #expect(book.activeIDs.count == AddressBook.addressesMax)
  }

  @Test("one that fails is tried again later and later; one that held, soon")
  mutating func reconnect() throws {
    _ = book.update(addresses(1...1), using: &generator)
    var now = start
    var waits: [Int64] = []
    for _ in 0..<8 {
      let id = try #require(book.takeDue(now: now).first?.id)
      #expect(!book.failed(id, now: now, using: &generator))
      #expect(book.hasAllFailed)
      let due = try #require(book.nextDue)
      #expect(book.takeDue(now: due - .nanoseconds(1)).isEmpty)
      waits.append((due - now).nanoseconds / 1_000_000)
      now = due
    }
    let expected: [Int64] = [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]
    for (wait, middle) in zip(waits, expected) {
      #expect((middle * 8 / 10...middle * 12 / 10).contains(wait))
    }
    let id = try #require(book.takeDue(now: now).first?.id)
    book.opened(id, now: now)
    #expect(!book.hasAllFailed)
    now = now + .seconds(1)
    _ = book.failed(id, now: now, using: &generator)
    #expect(try #require(book.nextDue) - now <= .milliseconds(120))
  }

  @Test("one that closes each connection at once is not tried without a wait")
  mutating func shortLived() throws {
    _ = book.update(addresses(1...1), using: &generator)
    var now = start
    for _ in 0..<4 {
      let id = try #require(book.takeDue(now: now).first?.id)
      book.opened(id, now: now)
      book.wentAway(id, now: now + .milliseconds(1), using: &generator)
      now = try #require(book.nextDue)
    }
    #expect(now - start > .milliseconds(1_000))
  }

  @Test("after a go-away the next connection is made at once, and calls go to others")
  mutating func goAway() throws {
    let ids = open(2)
    let now = start + .seconds(600)
    book.wentAway(ids[0], now: now, using: &generator)
    for _ in 0..<20 { #expect(choose(now: now) == ids[1]) }
    #expect(book.hasOther(than: [ids[1]], openOnly: false, now: now))
    #expect(book.takeDue(now: now).map(\.id) == [ids[0]])
    book.opened(ids[0], now: now)
    #expect(choose(avoiding: [ids[1]], now: now) == ids[0])
  }

  @Test("one that cannot be reached makes place for another, if there is one")
  mutating func replaced() throws {
    book = AddressBook(connectionsMax: 1)
    _ = book.update(addresses(1...2), using: &generator)
    let first = try #require(book.takeDue(now: start).first)
    #expect(book.failed(first.id, now: start, using: &generator))
    #expect(book.address(of: first.id) == nil)
    let second = try #require(book.takeDue(now: start).first)
    #expect(second.address != first.address)
    // The first one failed a moment ago: it is not tried in place of this one.
    #expect(!book.failed(second.id, now: start, using: &generator))
    let later = start + .seconds(6)
    #expect(book.takeDue(now: later).map(\.id) == [second.id])
    #expect(book.failed(second.id, now: later, using: &generator))
    #expect(book.takeDue(now: later).map(\.address) == [first.address])
  }

  @Test("addresses that are gone take no calls; new ones are connected to")
  mutating func updated() throws {
    let ids = open(3)
    let kept = ids.filter { book.address(of: $0)?.port != 1 }
    #expect(book.update(addresses(2...4), using: &generator) == ids.filter { !kept.contains($0) })
    #expect(book.takeDue(now: start).map(\.address.port) == [4])
    for _ in 0..<20 { #expect(kept.contains(try #require(choose()))) }
    // Nobody minds the end of a call at one that is gone.
    for id in ids { book.callEnded(id) }
  }

  // MARK: Choosing

  @Test("calls that end at once are spread evenly")
  mutating func evenly() throws {
    let ids = open(3)
    var counts: [AddressBook.ID: Int] = [:]
    for _ in 0..<3_000 { counts[try #require(choose()), default: 0] += 1 }
    for id in ids { #expect((900...1_100).contains(counts[id, default: 0])) }
  }

  @Test("calls that stay open are spread evenly, and one with more gets none of two")
  mutating func leastOpen() throws {
    let ids = open(5)
    var counts: [AddressBook.ID: Int] = [:]
    for _ in 0..<500 {
      let id = try #require(choose())
      book.callStarted(id)
      counts[id, default: 0] += 1
    }
    for id in ids { #expect((95...105).contains(counts[id, default: 0])) }
    for _ in 0..<20 { book.callStarted(ids[2]) }
    for _ in 0..<100 { #expect(choose() != ids[2]) }
    for _ in 0..<20 + counts[ids[2], default: 0] { book.callEnded(ids[2]) }
    var chosen = 0
    for _ in 0..<100 where choose() == ids[2] { chosen += 1 }
    // Two of five name it in 40 of 100 cases, and it always wins.
    #expect((25...55).contains(chosen))
  }

  @Test("servers that failed a call are asked again only if there is no other")
  mutating func avoided() {
    let ids = open(2)
    for _ in 0..<20 { #expect(choose(avoiding: [ids[0]]) == ids[1]) }
    #expect(choose(avoiding: ids) != nil)
    #expect(choose(avoiding: ids, isElsewhereOnly: true) == nil)
    #expect(!book.hasOther(than: ids, openOnly: false, now: start))
  }

  @Test("one that refuses rests, longer and longer; if all rest, all are asked")
  mutating func resting() throws {
    let ids = open(2)
    book.refused(ids[0], now: start, chance: 0.5)
    for _ in 0..<20 { #expect(choose() == ids[1]) }
    #expect(!book.hasOther(than: [ids[1]], openOnly: true, now: start))
    #expect(book.hasOther(than: [ids[1]], openOnly: false, now: start))
    let later = start + .milliseconds(101)
    #expect(try Set((0..<40).map { _ in try #require(choose(now: later)) }) == Set(ids))
    book.refused(ids[0], now: later, chance: 0.5)
    for _ in 0..<20 { #expect(choose(now: later + .milliseconds(199)) == ids[1]) }
    book.refused(ids[1], retryAfter: .seconds(60), now: later, chance: 0.5)
    #expect(try Set((0..<40).map { _ in try #require(choose(now: later)) }) == Set(ids))
    for _ in 0..<20 { #expect(choose(now: later + .milliseconds(4_900)) == ids[0]) }
    book.answered(ids[1])
    #expect(choose(avoiding: [ids[0]], isElsewhereOnly: true, now: later) == ids[1])
  }

  @Test("many refusals at once are one rest")
  mutating func oneRest() throws {
    let ids = open(2)
    for _ in 0..<50 { book.refused(ids[0], now: start, chance: 0.5) }
    let later = start + .milliseconds(101)
    #expect(try Set((0..<40).map { _ in try #require(choose(now: later)) }) == Set(ids))
  }
}
