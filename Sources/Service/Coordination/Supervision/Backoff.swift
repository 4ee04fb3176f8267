/// How long to wait before the next try: doubling, bounded, with jitter so that many do not come
/// back at once.
package struct Backoff: Sendable {
  private let first: Duration
  private let max: Duration
  private var failures = 0

  /// - Parameters:
  ///   - first: the wait after the first failure.
  ///   - max: the longest wait.
  package init(first: Duration = .milliseconds(100), max: Duration = .seconds(5)) {
    self.first = first
    self.max = max
  }

  /// - Parameter jitter: 0…1, by chance; the wait varies by a fifth to either side.
  package mutating func next(jitter: Double) -> Duration {
    let doubled = first * (1 << min(failures, 16))
    failures += 1
    return min(doubled, max) * (0.8 + 0.4 * jitter)
  }

  /// The last try held.
  package mutating func reset() {
    failures = 0
  }
}
