internal import CKernels
internal import Synchronization

/// Threads that compute the operations of one batch together: each operation is cut into parts,
/// and whoever is free takes the next one. Bits do not depend on who takes what, nor on how many
/// take part: a part is the same work wherever it is done.
///
/// One thread leads: it opens the team, runs operations and closes it. Others come and go between
/// parts with `assist`. Waiting threads spin, so a team is for batches of a few milliseconds.
///
/// `@unchecked Sendable`: `body` and `count` are written by the leader only while no part is open, and
/// read by others only between taking a part and finishing it, which `parts` and `finished` order.
package final class Team: @unchecked Sendable {
  /// Parts of the present operation that nobody has taken.
  private let parts = Atomic<Int>(0)
  /// Parts of the present operation that are done.
  private let finished = Atomic<Int>(0)
  private let isOpenNow = Atomic<Bool>(false)
  private let assisting = Atomic<Int>(0)
  private var count = 0
  private var body: ((Int, Scratch) -> Void)?

  package init() {}

  /// Tells the processor that this thread spins.
  package static func pause() { ck_pause() }

  /// Whether others may assist.
  package var isOpen: Bool { isOpenNow.load(ordering: .acquiring) }

  /// Threads that take parts now.
  var memberCount: Int { 1 + assisting.load(ordering: .relaxed) }

  /// Lets others assist, until `close()`.
  package func open() { isOpenNow.store(true, ordering: .releasing) }

  /// Sends all others away. The leader's own thread only, between operations.
  package func close() { isOpenNow.store(false, ordering: .releasing) }

  /// Calls `body` with 0..<count, begun in this order, and the scratch of the thread that it runs on,
  /// each once, on this thread and those that assist. Returns when all calls have ended. The leader only.
  func run(_ count: Int, _ scratch: Scratch, _ body: @escaping (Int, Scratch) -> Void) {
    self.body = body
    self.count = count
    finished.store(0, ordering: .relaxed)
    parts.store(count, ordering: .releasing)
    while takePart(scratch) {}
    var spins = 0
    while finished.load(ordering: .acquiring) < count {
      spins += 1
      // Another thread of this machine may need the processor to finish its part.
      if spins % 4_096 == 0 { ck_yield() } else { ck_pause() }
    }
    self.body = nil
  }

  /// Takes parts until the team closes or `leaves()` is true, asked about every microsecond.
  package func assist(_ scratch: Scratch, leaves: () -> Bool) {
    assisting.add(1, ordering: .relaxed)
    defer { assisting.subtract(1, ordering: .relaxed) }
    var spins = 0
    while isOpen {
      if takePart(scratch) { continue }
      ck_pause()
      spins += 1
      if spins % 32 == 0, leaves() { return }
    }
  }

  private func takePart(_ scratch: Scratch) -> Bool {
    var left = parts.load(ordering: .acquiring)
    while left > 0 {
      let (taken, current) = parts.weakCompareExchange(
        expected: left, desired: left - 1, ordering: .acquiringAndReleasing)
      if taken {
        // Until this part is finished the leader is in `run`, with this body.
        body?(count - left, scratch)
        finished.add(1, ordering: .releasing)
        return true
      }
      left = current
    }
    return false
  }
}
