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

  /// By method and code, each by its number.
  private var callCounts = [UInt64](
    repeating: 0, count: Method.allCases.count * StatusCode.allCases.count)
  private(set) var refusals: [StatusReason: UInt64] = [:]
  private(set) var inputs: UInt64 = 0
  private var durationsByMethod = [Histogram](
    repeating: Histogram(), count: Method.allCases.count)
  private(set) var waits = Histogram()
  private(set) var queueing = Histogram()
  private(set) var tokenizing = Histogram()
  private(set) var computing = Histogram()
  private(set) var recent = RollingPercentiles()

  /// The kinds of calls that there were.
  var calls: [(kind: Kind, count: UInt64)] {
    Method.allCases.flatMap { method in
      StatusCode.allCases.map { code in
        (Kind(method: method, code: code), callCounts[Self.place(method, code)])
      }
    }.filter { $0.count > 0 }
  }

  /// Of the methods that were called.
  var durations: [(method: Method, histogram: Histogram)] {
    Method.allCases.map { ($0, durationsByMethod[Self.place($0)]) }.filter { $0.1.count > 0 }
  }

  private static func place(_ method: Method) -> Int { Int(method.rawValue) - 1 }

  private static func place(_ method: Method, _ code: StatusCode) -> Int {
    place(method) * StatusCode.allCases.count + Int(code.rawValue)
  }

  var answeredCalls: UInt64 { calls.reduce(0) { $0 + ($1.kind.code == .ok ? $1.count : 0) } }
  var failedCalls: UInt64 { calls.reduce(0) { $0 + ($1.kind.code == .ok ? 0 : $1.count) } }
  var refusedCalls: UInt64 { refusals.values.reduce(0, +) }

  /// - Parameter now: nanoseconds.
  mutating func ended(_ outcome: Outcome, now: UInt64) {
    callCounts[Self.place(outcome.method, outcome.code)] += 1
    if let wait = outcome.wait { waits.observe(wait) }
    guard outcome.code == .ok else {
      if outcome.reason != .unspecified { refusals[outcome.reason, default: 0] += 1 }
      return
    }
    inputs += UInt64(outcome.inputCount)
    durationsByMethod[Self.place(outcome.method)].observe(outcome.duration)
    recent.observe(outcome.duration, now: now)
    guard outcome.timings.computeMicroseconds > 0 else { return }
    queueing.observe(Double(outcome.timings.queueMicroseconds) / 1e6)
    tokenizing.observe(Double(outcome.timings.tokenizeMicroseconds) / 1e6)
    computing.observe(Double(outcome.timings.computeMicroseconds) / 1e6)
  }
}
