import NIOCore
import Status
import Testing

@Suite("Watchers of a value")
struct WatchListTests {
  private func at(_ seconds: Int64) -> NIODeadline {
    .uptimeNanoseconds(1_000_000_000_000) + .seconds(seconds)
  }

  /// A watcher that comes at 0 s and is told 1.
  private func add(
    _ list: inout WatchList<Int>, until deadline: NIODeadline? = nil
  ) throws -> WatchList<Int>.Telling {
    let telling = list.add(1, until: deadline, now: at(0))
    return try #require(telling)
  }

  @Test("a watcher is told at once and after each change, and not between")
  func changes() throws {
    var list = WatchList<Int>(countMax: 2)
    let first = try add(&list)
    #expect(first.value == 1)
    #expect(!first.isLast)
    #expect(list.looked(1, now: at(1)).map(\.value) == [])
    let tellings = list.looked(2, now: at(2))
    #expect(tellings.map(\.watcher) == [first.watcher])
    #expect(tellings.map(\.value) == [2])
    #expect(tellings.map(\.isLast) == [false])
    #expect(list.looked(2, now: at(3)).isEmpty)
    #expect(list.looked(1, now: at(4)).map(\.value) == [1])
  }

  @Test("when its deadline has passed a watcher is told for the last time, changed or not")
  func deadline() throws {
    var list = WatchList<Int>(countMax: 2)
    let short = try add(&list, until: at(2))
    let long = try add(&list, until: at(9))
    #expect(list.looked(1, now: at(1)).isEmpty)
    let tellings = list.looked(1, now: at(2))
    #expect(tellings.map(\.watcher) == [short.watcher])
    #expect(tellings.map(\.isLast) == [true])
    #expect(list.looked(2, now: at(3)).map(\.watcher) == [long.watcher])
    #expect(list.add(3, until: at(3), now: at(3))?.isLast == true)
    #expect(list.count == 1)
  }

  @Test("a watcher that goes is told nothing more")
  func remove() throws {
    var list = WatchList<Int>(countMax: 2)
    let first = try add(&list)
    let second = try add(&list)
    let isKnown = list.remove(first.watcher)
    let isKnownStill = list.remove(first.watcher)
    #expect(isKnown && !isKnownStill)
    #expect(list.looked(2, now: at(1)).map(\.watcher) == [second.watcher])
  }

  @Test("too many are not taken")
  func bound() {
    var list = WatchList<Int>(countMax: 1)
    #expect(list.add(1, until: nil, now: at(0)) != nil)
    #expect(list.add(1, until: nil, now: at(0)) == nil)
  }

  @Test("at the end all are told once more, and newcomers once")
  func end() throws {
    var list = WatchList<Int>(countMax: 2)
    let first = try add(&list)
    let second = try add(&list, until: at(9))
    let tellings = list.end(1)
    #expect(tellings.map(\.watcher) == [first.watcher, second.watcher])
    #expect(tellings.map(\.isLast) == [true, true])
    #expect(list.isEmpty)
    #expect(list.add(1, until: nil, now: at(1))?.isLast == true)
    #expect(list.looked(2, now: at(2)).isEmpty)
  }
}
