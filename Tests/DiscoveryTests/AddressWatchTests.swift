import Discovery
import NIOCore
import Testing

@Suite("The addresses of a source over time")
struct AddressWatchTests {
  /// Neither side of the jitter.
  private static let middle = 0.5

  /// A watch and the time that it is told.
  private struct Watched {
    var watch: AddressWatch
    var now = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    init(_ configuration: AddressWatchConfiguration = .dns) {
      watch = AddressWatch(configuration)
    }

    mutating func learned(
      _ outcome: AddressOutcome, after: TimeAmount = .zero, jitter: Double = middle
    ) -> AddressWatch.Step {
      now = now + after
      return watch.learned(outcome, now: now, jitter: jitter)
    }

    mutating func found(
      _ numbers: Int..., ttl: Duration = .seconds(5), problem: String? = nil
    ) -> AddressWatch.Step {
      learned(.found(numbers.map(address), ttl: ttl, problem: problem))
    }

    /// What is known, by number.
    var known: [Int] { watch.addresses.map(\.port).sorted() }
  }

  private static func address(_ number: Int) -> Address {
    Address(host: "10.0.0.1", port: number)
  }

  private static let down = AddressOutcome.failed(.unavailable, "no server answers")
  private static let none = AddressOutcome.failed(.noAddresses, "there is no such name")

  @Test("what is new and what is gone is said, sorted, and nothing twice")
  func changes() {
    var watched = Watched()
    let first = watched.found(3, 1, 3)
    #expect(first.added == [1, 3].map(Self.address))
    #expect(first.removed.isEmpty)
    let second = watched.found(1, 2)
    #expect(second.added == [Self.address(2)])
    #expect(second.removed == [Self.address(3)])
    let third = watched.found(2, 1)
    #expect(third.added.isEmpty && third.removed.isEmpty && third.notices.isEmpty)
    #expect(watched.known == [1, 2])
  }

  @Test(
    "an answer holds as its TTL says, for 1 to 300 s, a tenth more or less",
    arguments: [
      (0, 0.5, 1_000), (1, 0.0, 900), (1, 1.0, 1_100), (60, 0.5, 60_000), (60, 0.0, 54_000),
      (300, 1.0, 330_000), (100_000, 0.5, 300_000),
    ])
  func ttl(seconds: Int, jitter: Double, milliseconds: Int) {
    var watched = Watched()
    let step = watched.learned(
      .found([Self.address(1)], ttl: .seconds(seconds)), jitter: jitter)
    #expect(isNear(step.wait, .milliseconds(milliseconds)))
  }

  /// But for the rounding of the jitter.
  private func isNear(_ duration: Duration, _ expected: Duration) -> Bool {
    abs((duration - expected) / .microseconds(1)) < 1
  }

  @Test("failures wait longer and longer up to 30 s, and a success begins anew")
  func backoff() {
    var watched = Watched()
    let waits = (0..<8).map { _ in watched.learned(Self.down).wait.components.seconds }
    #expect(waits == [1, 2, 4, 8, 16, 30, 30, 30])
    _ = watched.found(1)
    #expect(watched.learned(Self.down).wait == .seconds(1))
  }

  @Test("a hundred failures later it still waits 30 s")
  func manyFailures() {
    var watched = Watched()
    for _ in 0..<100 { _ = watched.learned(Self.down) }
    #expect(isNear(watched.learned(Self.down, jitter: 1).wait, .seconds(33)))
  }

  @Test("while nobody answers the last addresses are kept, for a day and longer")
  func keptWhileDown() {
    var watched = Watched()
    _ = watched.found(1, 2)
    for _ in 0..<100 {
      let step = watched.learned(Self.down, after: .hours(1))
      #expect(step.removed.isEmpty)
    }
    #expect(watched.known == [1, 2])
  }

  @Test("no addresses are believed after 30 s of nothing else")
  func emptied() {
    var watched = Watched()
    _ = watched.found(1, 2)
    #expect(watched.learned(Self.none, after: .hours(1)).removed.isEmpty)
    #expect(watched.learned(Self.none, after: .milliseconds(29_999)).removed.isEmpty)
    let step = watched.learned(Self.none, after: .milliseconds(1))
    #expect(step.removed == [1, 2].map(Self.address))
    #expect(step.notices == [.emptied])
    #expect(watched.known.isEmpty)
    #expect(watched.learned(Self.none, after: .seconds(60)).notices.isEmpty)
  }

  @Test("a server that does not answer in between, or an address, begins the 30 s anew")
  func emptyInterrupted() {
    var watched = Watched()
    _ = watched.found(1)
    _ = watched.learned(Self.none)
    _ = watched.learned(Self.down, after: .seconds(20))
    #expect(watched.learned(Self.none, after: .seconds(20)).removed.isEmpty)
    #expect(watched.learned(Self.none, after: .seconds(29)).removed.isEmpty)
    _ = watched.found(1)
    #expect(watched.learned(Self.none, after: .seconds(1)).removed.isEmpty)
    #expect(watched.learned(Self.none, after: .seconds(30)).removed == [Self.address(1)])
  }

  @Test("an empty answer is one that says there are none")
  func foundNothing() {
    var watched = Watched()
    _ = watched.found(1)
    #expect(watched.found().notices == [.troubled("no addresses")])
    #expect(watched.known == [1])
  }

  @Test("trouble is told when it begins, when it changes and when it ends")
  func notices() {
    var watched = Watched()
    #expect(watched.learned(Self.down).notices == [.troubled("no server answers")])
    #expect(watched.learned(Self.down).notices.isEmpty)
    #expect(watched.learned(Self.none).notices == [.troubled("there is no such name")])
    #expect(watched.found(1).notices == [.recovered])
    #expect(watched.found(1).notices.isEmpty)
    #expect(watched.found(1, problem: "AAAA: refused").notices == [.troubled("AAAA: refused")])
    #expect(watched.found(1, problem: "AAAA: refused").notices.isEmpty)
    #expect(watched.found(1).notices == [.recovered])
  }

  @Test("4,096 addresses are kept, those in force first, and it is said when some are cut")
  func cut() {
    var watched = Watched()
    _ = watched.found(60_000)
    let many = (1...5_000).map(Self.address) + [Self.address(60_000)]
    let step = watched.learned(.found(many, ttl: .seconds(5)))
    #expect(step.notices == [.cut])
    #expect(step.added == (1...4_095).map(Self.address))
    #expect(step.removed.isEmpty)
    #expect(watched.watch.addresses.count == 4_096)
    let again = watched.learned(.found(many.reversed(), ttl: .seconds(5)))
    #expect(again.added.isEmpty && again.removed.isEmpty && again.notices.isEmpty)
    _ = watched.found(1)
    #expect(watched.learned(.found(many, ttl: .seconds(5))).notices == [.cut])
  }

  @Test("a file is looked at each second, whatever it holds")
  func filePace() {
    var watched = Watched(.file)
    #expect(watched.found(1, ttl: .seconds(100)).wait == .seconds(1))
    for _ in 0..<10 { #expect(watched.learned(Self.down).wait == .seconds(1)) }
  }
}
