import Logging
import NIOCore
import Status
import Synchronization
import TestSupport

/// A service that answers, or keeps questions until it is told to.
final class TestSource: StatusSource {
  private struct State {
    var holds = false
    var held: [@Sendable (StatusAnswer) -> Void] = []
    var asked = 0
  }

  private let state = Mutex(State())

  /// Questions so far.
  var asked: Int { state.withLock { $0.asked } }

  func hold() { state.withLock { $0.holds = true } }

  /// Answers what is held, from this thread, twice.
  func release() {
    let held = state.withLock { state in
      state.holds = false
      defer { state.held = [] }
      return state.held
    }
    for answer in held {
      answer(StatusAnswer(isGood: true, "late"))
      answer(StatusAnswer(isGood: false, "again"))
    }
  }

  func ask(_ question: StatusQuestion, answer: @escaping @Sendable (StatusAnswer) -> Void) {
    let isHeld = state.withLock { state in
      state.asked += 1
      if state.holds { state.held.append(answer) }
      return state.holds
    }
    guard !isHeld else { return }
    switch question {
    case .live: answer(StatusAnswer(isGood: true, "live"))
    case .ready: answer(StatusAnswer(isGood: false, "model 'x' is warming up"))
    case .metrics:
      var text = PrometheusText()
      text.gauge("g", "G.", 1)
      answer(StatusAnswer(text))
    }
  }
}

/// A listener on a port of the system's choice, with a `TestSource`.
struct TestListener {
  let listener: StatusListener
  let source = TestSource()

  var port: Int { listener.address.port ?? 0 }

  init(_ limits: StatusLimits = .defaults) async throws {
    listener = try await StatusListener.bind(
      host: "127.0.0.1", port: 0, source: source, limits: limits,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  /// Lends a listener and ends it.
  static func with(
    _ limits: StatusLimits = .defaults, _ body: (TestListener) async throws -> Void
  ) async throws {
    let listener = try await TestListener(limits)
    do {
      try await body(listener)
    } catch {
      await listener.listener.shutDown()
      throw error
    }
    await listener.listener.shutDown()
  }
}

extension StatusLimits {
  /// The defaults with one time of 100 ms.
  static func short(_ time: WritableKeyPath<StatusLimits, TimeAmount>) -> StatusLimits {
    var limits = StatusLimits.defaults
    limits[keyPath: time] = .milliseconds(100)
    return limits
  }
}
