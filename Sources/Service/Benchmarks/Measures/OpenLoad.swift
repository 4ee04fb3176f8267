internal import CPlatform
internal import Glibc

/// Calls that come when they come, however long the answers take: as from many callers who know
/// nothing of each other.
///
/// Gaps between calls are exponential, of a generator with a fixed seed. A call's latency counts
/// from when it was due, so that a target that falls behind shows it. What is refused is not sent
/// again.
package struct OpenLoad: Sendable {
  /// Calls that are open at the same time at most; one more waits for an answer.
  package static var openCallsMax: Int { 4_096 }

  private let target: any EmbedTarget
  private let calls: [Range<Int>]
  private let callsPerSecond: Double

  /// - Parameters:
  ///   - calls: the inputs of each call; arrivals go through them in turn, for ever.
  ///   - callsPerSecond: the mean rate, above 0.
  package init(target: any EmbedTarget, calls: [Range<Int>], callsPerSecond: Double) {
    precondition(callsPerSecond > 0 && !calls.isEmpty)
    self.target = target
    self.calls = calls
    self.callsPerSecond = callsPerSecond
  }

  /// Lets calls come until the time is over and waits for the open ones, which count too.
  ///
  /// - Throws: what a call throws, unless it is an overload.
  package func run(nanoseconds: UInt64) async throws -> LoadRun {
    let start = cp_monotonic_nanoseconds()
    var arrivals = Arrivals(callsPerSecond: callsPerSecond)
    var whole = LoadRun()
    try await withThrowingTaskGroup(of: LoadRun.self) { group in
      var open = 0
      var index = 0
      while true {
        let due = start + arrivals.next()
        guard due < start + nanoseconds else { break }
        let now = cp_monotonic_nanoseconds()
        if due > now { try await Task.sleep(for: .nanoseconds(due - now)) }
        if open == Self.openCallsMax, let done = try await group.next() {
          open -= 1
          whole.add(done)
        }
        let range = calls[index % calls.count]
        let lane = index
        index += 1
        open += 1
        group.addTask { [self] in try await call(range, lane, due: due) }
      }
      for try await done in group { whole.add(done) }
    }
    whole.nanoseconds = cp_monotonic_nanoseconds() - start
    return whole
  }

  private func call(_ range: Range<Int>, _ lane: Int, due: UInt64) async throws -> LoadRun {
    var run = LoadRun()
    do throws(BenchmarksError) {
      run.tokens = try await target.embed(range, lane: lane)
      run.latencies = [cp_monotonic_nanoseconds() - due]
      run.texts = range.count
    } catch {
      guard error.code == .overloaded else { throw error }
      run.refusals = 1
    }
    return run
  }
}

/// Times of arrival in nanoseconds from the start, the same at every run.
private struct Arrivals {
  private let mean: Double
  private var time = 0.0
  private var state: UInt64 = 7

  init(callsPerSecond: Double) { mean = 1e9 / callsPerSecond }

  mutating func next() -> UInt64 {
    time -= mean * log(uniform())
    return UInt64(time)
  }

  /// SplitMix64 (Steele, Lea and Flood, 2014), as a number above 0 and up to 1.
  private mutating func uniform() -> Double {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return Double((z ^ (z >> 31)) >> 11 &+ 1) * 0x1p-53
  }
}
