/// What one run of a load came to.
package struct LoadRun: Sendable, Equatable {
  package var texts = 0
  package var tokens = 0
  /// From the first call's start to the last one's answer.
  package var nanoseconds: UInt64 = 0
  /// Of each call that was answered, from when it was due to its answer.
  package var latencies: [UInt64] = []
  /// Attempts that an overloaded target refused.
  package var refusals = 0

  /// Nothing yet.
  package init() {}

  /// Seconds of the run.
  package var seconds: Double { Double(nanoseconds) / 1e9 }

  /// Adds the calls of another caller.
  mutating func add(_ other: LoadRun) {
    texts += other.texts
    tokens += other.tokens
    latencies += other.latencies
    refusals += other.refusals
  }
}
