internal import Dispatch
internal import Glibc
internal import Synchronization

/// Ctrl-C while a command works.
package enum Interruption {
  /// How long the work has to end in order after Ctrl-C; a second Ctrl-C does not wait.
  package static let patienceSeconds = 5

  /// Runs the body until it ends, or until Ctrl-C or SIGTERM cancels it.
  ///
  /// - Throws: what the body throws; `CommandFailure` `.interrupted` after Ctrl-C.
  package static func cancelling<Value: Sendable>(
    _ body: @escaping @Sendable () async throws -> Value
  ) async throws -> Value {
    let signals = InterruptSignals([SIGINT, SIGTERM])
    defer { signals.stop() }
    return try await withThrowingTaskGroup(of: Value?.self) { group in
      defer { group.cancelAll() }
      group.addTask { try await body() }
      group.addTask {
        for await _ in signals.stream { return nil }
        return nil
      }
      while let outcome = try await group.next() {
        if let value = outcome { return value }
        // The stream ends without a signal when this task is cancelled, which is no Ctrl-C.
        try Task.checkCancellation()
        signals.endSoon(patienceSeconds)
        throw CommandFailure(.interrupted, "interrupted")
      }
      throw CancellationError()
    }
  }

  /// Runs a body that ends by itself at Ctrl-C.
  ///
  /// - Returns: whether Ctrl-C was pressed.
  package static func noticing(_ body: () async throws -> Void) async throws -> Bool {
    let signals = InterruptSignals([SIGINT])
    defer { signals.stop() }
    try await body()
    return signals.wasRaised
  }
}

/// Signals as a stream. While this lives, they do not end the process.
private final class InterruptSignals: Sendable {
  private struct State {
    var wasRaised = false
    var exitsOnNext = false
  }

  let stream: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation
  private let state = Mutex(State())
  // Immutable after init, and dispatch sources may be used from any thread.
  nonisolated(unsafe) private let sources: [any DispatchSourceSignal]

  init(_ signals: [Int32]) {
    (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    sources = signals.map {
      DispatchSource.makeSignalSource(signal: $0, queue: .global())
    }
    for source in sources {
      source.setEventHandler { [weak self] in self?.raised() }
      source.activate()
    }
  }

  var wasRaised: Bool { state.withLock(\.wasRaised) }

  func stop() {
    for source in sources { source.cancel() }
  }

  /// The process ends at the next signal, or after so many seconds: the work may hang, as in a
  /// write that nobody reads.
  func endSoon(_ seconds: Int) {
    state.withLock { $0.exitsOnNext = true }
    DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(seconds)) {
      _exit(ExitStatus.interrupted.rawValue)
    }
  }

  private func raised() {
    let exits = state.withLock { state in
      state.wasRaised = true
      return state.exitsOnNext
    }
    if exits { _exit(ExitStatus.interrupted.rawValue) }
    continuation.yield()
  }
}
