internal import CPlatform
internal import Synchronization

/// Callers that each send their next call when the last one was answered.
package struct ClosedLoad: Sendable {
  private let target: any EmbedTarget
  private let calls: [Range<Int>]
  private let concurrency: Int

  /// - Parameters:
  ///   - calls: the inputs of each call; callers go through them in turn, for ever.
  ///   - concurrency: callers, at least 1.
  package init(target: any EmbedTarget, calls: [Range<Int>], concurrency: Int) {
    self.target = target
    self.calls = calls
    self.concurrency = max(1, concurrency)
  }

  /// Calls until the time is over and then waits for the open calls, which count too.
  ///
  /// - Throws: what a call throws, unless it is an overload.
  package func run(nanoseconds: UInt64) async throws -> LoadRun {
    let start = cp_monotonic_nanoseconds()
    let next = Counter()
    let lanes = try await withThrowingTaskGroup(of: LoadRun.self) { group in
      for lane in 0..<concurrency {
        group.addTask { [self] in try await caller(lane, next, until: start + nanoseconds) }
      }
      return try await group.reduce(into: [LoadRun]()) { $0.append($1) }
    }
    var whole = LoadRun()
    for lane in lanes { whole.add(lane) }
    whole.nanoseconds = cp_monotonic_nanoseconds() - start
    return whole
  }

  private func caller(_ lane: Int, _ next: Counter, until end: UInt64) async throws -> LoadRun {
    var run = LoadRun()
    repeat {
      let range = calls[next.next() % calls.count]
      let start = cp_monotonic_nanoseconds()
      run.tokens += try await call(range, lane, &run.refusals)
      run.latencies.append(cp_monotonic_nanoseconds() - start)
      run.texts += range.count
    } while cp_monotonic_nanoseconds() < end
    return run
  }

  private func call(_ range: Range<Int>, _ lane: Int, _ refusals: inout Int) async throws -> Int {
    // Bounds the time that a target may refuse in a row.
    for _ in 0..<10_000 {
      do throws(BenchmarksError) {
        return try await target.embed(range, lane: lane)
      } catch {
        guard error.code == .overloaded else { throw error }
        refusals += 1
        try await Task.sleep(for: max(error.retryAfter, .milliseconds(1)))
      }
    }
    throw BenchmarksError(.callFailed, "the target refused a call 10,000 times in a row")
  }
}

/// A number that several tasks draw from.
private final class Counter: Sendable {
  private let value = Atomic<Int>(0)

  func next() -> Int { value.add(1, ordering: .relaxed).oldValue }
}
