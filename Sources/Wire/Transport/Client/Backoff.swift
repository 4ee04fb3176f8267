package import NIOCore

/// How long to wait before the next try: doubling, bounded, with jitter so that many do not come
/// back at once.
package struct Backoff: Sendable, Equatable {
  private let first: TimeAmount
  private let max: TimeAmount
  private var failures = 0

  /// - Parameters:
  ///   - first: the wait after the first failure.
  ///   - max: the longest wait, before jitter.
  package init(first: TimeAmount, max: TimeAmount) {
    self.first = first
    self.max = max
  }

  /// Between two tries to connect: 100 ms to 5 s.
  package static var reconnect: Backoff { Backoff(first: .milliseconds(100), max: .seconds(5)) }

  /// Between two tries of one call: 10 ms to 250 ms.
  package static var retry: Backoff { Backoff(first: .milliseconds(10), max: .milliseconds(250)) }

  /// - Parameter chance: 0…1; the wait differs by a fifth to either side.
  package mutating func next(chance: Double) -> TimeAmount {
    let doubled = first * (1 << min(failures, 16))
    failures += 1
    let wait = Double(min(doubled, max).nanoseconds) * (0.8 + 0.4 * chance)
    return .nanoseconds(Int64(wait))
  }

  /// The last try held.
  package mutating func reset() {
    failures = 0
  }
}
