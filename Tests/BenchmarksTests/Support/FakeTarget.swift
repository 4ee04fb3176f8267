import Benchmarks
import Synchronization

/// Ten tokens a text.
final class FakeTarget: EmbedTarget {
  let facts = TargetFacts(
    kind: "engine", model: "fake", fingerprint: "f-1", precision: "f32", instructionSet: "avx2",
    blasCore: "Zen", threads: 2, workers: 0, version: "0")
  private let refusals: Mutex<Int>
  private let failure: BenchmarksError?

  init(refusals: Int = 0, failure: BenchmarksError? = nil) {
    self.refusals = Mutex(refusals)
    self.failure = failure
  }

  func embed(_ range: Range<Int>, lane: Int) async throws(BenchmarksError) -> Int {
    if let failure { throw failure }
    let isRefused = refusals.withLock { left in
      left -= 1
      return left >= 0
    }
    if isRefused { throw BenchmarksError(.overloaded, "full") }
    return range.count * 10
  }
}
