import MillpondClient
import Synchronization

/// Calls of several tasks at once, and how they ended.
struct Load: Sendable {
  var answered = 0
  var errors: [MillpondError] = []

  /// - Parameters:
  ///   - calls: of all tasks together.
  ///   - during: runs beside them.
  static func run(
    _ client: MillpondClient, calls: Int, tasks: Int = 16, call: CallOptions = CallOptions(),
    during: @escaping @Sendable () async throws -> Void = {}
  ) async throws -> Load {
    let left = Atomic<Int>(calls)
    return try await run(client, tasks: tasks, call: call, during: during) {
      left.subtract(1, ordering: .relaxed).oldValue > 0
    }
  }

  /// As long as `goesOn` says so.
  static func run(
    _ client: MillpondClient, tasks: Int = 16, call: CallOptions = CallOptions(),
    during: @escaping @Sendable () async throws -> Void = {},
    while goesOn: @escaping @Sendable () -> Bool
  ) async throws -> Load {
    try await withThrowingTaskGroup(of: Load.self) { group in
      group.addTask {
        try await during()
        return Load()
      }
      for _ in 0..<tasks {
        group.addTask {
          var load = Load()
          while goesOn() { await load.embed(client, call) }
          return load
        }
      }
      return try await group.reduce(into: Load()) { sum, load in
        sum.answered += load.answered
        sum.errors += load.errors
      }
    }
  }

  private mutating func embed(_ client: MillpondClient, _ call: CallOptions) async {
    do throws(MillpondError) {
      _ = try await client.embed(["tide"], call: call).values()
      answered += 1
    } catch {
      errors.append(error)
    }
  }
}

/// Looks again and again until `look` says yes.
///
/// - Returns: false if it did not within 20 s: machines are shared.
func eventually(_ look: () async throws -> Bool) async throws -> Bool {
  let end = ContinuousClock.now + .seconds(20)
  while try await !look() {
    guard ContinuousClock.now < end else { return false }
    try await Task.sleep(for: .milliseconds(5))
  }
  return true
}
