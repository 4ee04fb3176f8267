internal import Status
internal import Wire

/// What became of one model's calls since the start.
struct TrafficRecord {
  /// Calls of one method that ended in one way.
  struct Kind: Hashable {
    var method: Method
    var code: StatusCode
  }

  /// What a call came to.
  struct Outcome {
    var method: Method
    var code: StatusCode
    var reason: StatusReason
    var inputCount: Int
    /// Seconds from its arrival to its answer.
    var duration: Double
    /// Seconds until its first piece was sent; nil where none was.
    var wait: Double?
    /// As the workers said.
    var timings: Timings
  }

  private(set) var calls: [Kind: UInt64] = [:]
  private(set) var refusals: [StatusReason: UInt64] = [:]
  private(set) var inputs: UInt64 = 0
  private(set) var durations: [Method: Histogram] = [:]
  private(set) var waits = Histogram()
  private(set) var queueing = Histogram()
  private(set) var tokenizing = Histogram()
  private(set) var computing = Histogram()
  private(set) var recent = RollingPercentiles()

  var answeredCalls: UInt64 { calls.reduce(0) { $0 + ($1.key.code == .ok ? $1.value : 0) } }
  var failedCalls: UInt64 { calls.reduce(0) { $0 + ($1.key.code == .ok ? 0 : $1.value) } }
  var refusedCalls: UInt64 { refusals.values.reduce(0, +) }

  /// - Parameter now: nanoseconds.
  mutating func ended(_ outcome: Outcome, now: UInt64) {
    calls[Kind(method: outcome.method, code: outcome.code), default: 0] += 1
    if let wait = outcome.wait { waits.observe(wait) }
    guard outcome.code == .ok else {
      if outcome.reason != .unspecified { refusals[outcome.reason, default: 0] += 1 }
      return
    }
    inputs += UInt64(outcome.inputCount)
    durations[outcome.method, default: Histogram()].observe(outcome.duration)
    recent.observe(outcome.duration, now: now)
    guard outcome.timings.computeMicroseconds > 0 else { return }
    queueing.observe(Double(outcome.timings.queueMicroseconds) / 1e6)
    tokenizing.observe(Double(outcome.timings.tokenizeMicroseconds) / 1e6)
    computing.observe(Double(outcome.timings.computeMicroseconds) / 1e6)
  }
}
