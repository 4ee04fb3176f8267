internal import NIOCore

/// The coordinator's state from outside its event loop.
struct CoordinatorHandle: Sendable {
  private let state: NIOLoopBound<CoordinatorState>
  private let eventLoop: any EventLoop

  init(state: NIOLoopBound<CoordinatorState>, eventLoop: any EventLoop) {
    self.state = state
    self.eventLoop = eventLoop
  }

  /// Runs on the event loop, and gives what comes of it.
  ///
  /// - Throws: when the loop has ended.
  func ask<Value: Sendable>(
    _ body: @escaping @Sendable (CoordinatorState) -> Value
  ) async throws -> Value {
    try await eventLoop.submit { [state] in body(state.value) }.get()
  }

  /// Runs on the event loop, some time.
  func tell(_ body: @escaping @Sendable (CoordinatorState) -> Void) {
    eventLoop.execute { [state] in body(state.value) }
  }

  /// Waits until something is so, looking every few milliseconds.
  ///
  /// - Returns: whether it came to be within the time.
  func wait(
    _ time: Duration, until condition: @escaping @Sendable (CoordinatorState) -> Bool
  ) async throws -> Bool {
    let deadline = ContinuousClock.now + time
    while try await !ask(condition) {
      guard ContinuousClock.now < deadline else { return false }
      try await Task.sleep(for: .milliseconds(10))
    }
    return true
  }
}
