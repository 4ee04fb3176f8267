import NIOCore
import NIOEmbedded
import Status
import Synchronization
import Testing

@Suite("Watching a value on an event loop")
struct ChangeWatchTests {
  /// A value that a test changes, and what a watcher was told.
  private final class Watched: Sendable {
    struct State {
      var value = 1
      var looks = 0
      var told: [[Int]] = []
    }

    let state = Mutex(State())

    var told: [[Int]] { state.withLock { $0.told } }
    var looks: Int { state.withLock { $0.looks } }

    func set(_ value: Int) { state.withLock { $0.value = value } }

    func look() -> Int {
      state.withLock { state in
        state.looks += 1
        return state.value
      }
    }

    func tell(_ value: Int, _ isLast: Bool) {
      state.withLock { $0.told.append([value, isLast ? 1 : 0]) }
    }
  }

  @Test("a change is told within 250 ms, the deadline ends it, and then nobody looks")
  func changes() {
    let loop = EmbeddedEventLoop()
    let watched = Watched()
    let watch = ChangeWatch(on: loop, look: watched.look)
    #expect(watch.watch(until: .now() + .hours(1), watched.tell) != nil)
    #expect(watched.told == [[1, 0]])
    loop.advanceTime(by: .milliseconds(250))
    watched.set(2)
    loop.advanceTime(by: .milliseconds(249))
    #expect(watched.told == [[1, 0]])
    loop.advanceTime(by: .milliseconds(1))
    #expect(watched.told == [[1, 0], [2, 0]])
    watch.end()
    loop.run()
    #expect(watched.told == [[1, 0], [2, 0], [2, 1]])
    let looks = watched.looks
    loop.advanceTime(by: .seconds(10))
    // The timer finds nobody once and stops.
    #expect(watched.looks <= looks + 1)
  }

  @Test("a cancelled watcher is told nothing more, and others are")
  func cancel() throws {
    let loop = EmbeddedEventLoop()
    let (watched, other) = (Watched(), Watched())
    let watch = ChangeWatch(on: loop, look: watched.look)
    let first = try #require(watch.watch(until: nil, watched.tell))
    #expect(watch.watch(until: nil, other.tell) != nil)
    #expect(watch.cancel(first))
    #expect(!watch.cancel(first))
    watched.set(5)
    loop.advanceTime(by: .milliseconds(250))
    #expect(watched.told == [[1, 0]])
    #expect(other.told == [[1, 0], [5, 0]])
  }

  @Test("one too many is not told anything")
  func bound() {
    let loop = EmbeddedEventLoop()
    let watched = Watched()
    let watch = ChangeWatch(on: loop, watchersMax: 0, look: watched.look)
    #expect(watch.watch(until: nil, watched.tell) == nil)
    #expect(watched.told.isEmpty)
  }
}
