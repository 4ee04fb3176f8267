internal import Synchronization

/// How long tests wait for what must happen. Generous, since machines are shared: a test that meets
/// one of these has failed.
package enum Patience {
  /// For an answer, a connection's end, a process's start or end.
  package static let usual = Duration.seconds(20)

  /// Between two looks at something that cannot be waited for.
  package static let interval = Duration.milliseconds(5)
}

/// Looks again and again until `look` gives a value.
///
/// - Parameters:
///   - what: for the failure's message: "the worker is ready".
///   - look: is asked at least once.
/// - Throws: `TestFailure` when the time is over; what `look` throws.
package func eventually<Value: Sendable>(
  _ what: @autoclosure () -> String, within limit: Duration = Patience.usual,
  every interval: Duration = Patience.interval, _ look: () async throws -> Value?
) async throws -> Value {
  let end = ContinuousClock.now + limit
  while true {
    if let value = try await look() { return value }
    guard ContinuousClock.now < end else {
      throw TestFailure("waited \(limit) in vain: \(what())")
    }
    try await Task.sleep(for: interval)
  }
}

/// Looks again and again until `look` says yes.
///
/// - Throws: as the other form.
package func eventually(
  _ what: @autoclosure () -> String, within limit: Duration = Patience.usual,
  every interval: Duration = Patience.interval, _ look: () async throws -> Bool
) async throws {
  let _: Bool = try await eventually(what(), within: limit, every: interval) {
    try await look() ? true : nil
  }
}

/// The body's value and how long it took.
package func timed<Value: Sendable>(
  _ body: () async throws -> Value
) async rethrows -> (value: Value, duration: Duration) {
  let began = ContinuousClock.now
  let value = try await body()
  return (value, ContinuousClock.now - began)
}

/// Set once, read by many.
package final class Flag: Sendable {
  private let value = Atomic<Bool>(false)

  package init() {}

  package var isSet: Bool { value.load(ordering: .relaxed) }

  package func set() {
    value.store(true, ordering: .relaxed)
  }
}
