internal import Synchronization

/// When a compute thread last moved: noted by the thread in the midst of its work, read by any. Long
/// work is told from a thread that is stuck by it.
final class Pulse: Sendable {
  private let time = Atomic<UInt64>(0)

  init() {}

  /// The thread moves, at `now` or, for work that cannot say so itself, until then.
  func beat(at now: UInt64 = MonotonicClock.now()) {
    time.store(now, ordering: .relaxed)
  }

  /// The thread begins with something during which it does not beat, and which may take so many
  /// nanoseconds.
  func beat(allowing nanoseconds: UInt64) {
    beat(at: MonotonicClock.now() + min(nanoseconds, 1 << 62))
  }

  /// The last beat, which may be yet to come; 0 where there was none.
  var last: UInt64 { time.load(ordering: .relaxed) }
}
