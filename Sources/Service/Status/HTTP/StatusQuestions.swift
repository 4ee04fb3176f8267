package import NIOCore
internal import Synchronization

/// The questions that a service has not answered yet: their number is bounded, and answers that
/// come after the end are dropped.
package final class StatusQuestions: Sendable {
  private struct State {
    /// Where answers go; nil after the end.
    var eventLoop: (any EventLoop)?
    var openCount = 0
  }

  private let source: any StatusSource
  private let openMax: Int
  private let state: Mutex<State>

  /// Questions to `source`, whose answers are taken on `eventLoop`.
  package init(to source: any StatusSource, on eventLoop: any EventLoop, openMax: Int) {
    self.source = source
    self.openMax = openMax
    state = Mutex(State(eventLoop: eventLoop))
  }

  /// Asks; `take` gets the answer on the event loop, or nothing if none comes.
  ///
  /// - Returns: false if too many questions are open: nothing was asked.
  package func ask(
    _ question: StatusQuestion, take: @escaping @Sendable (StatusAnswer) -> Void
  ) -> Bool {
    let isRoom = state.withLock { state in
      guard state.openCount < openMax else { return false }
      state.openCount += 1
      return true
    }
    guard isRoom else { return false }
    let isAnswered = Once()
    source.ask(question) { [self] answer in
      guard isAnswered.isFirst() else { return }
      // Within the lock, so that the loop is there while it is given something.
      state.withLock { state in
        state.openCount -= 1
        state.eventLoop?.execute { take(answer) }
      }
    }
    return true
  }

  /// Answers that come from now on are dropped.
  package func end() {
    state.withLock { $0.eventLoop = nil }
  }
}

/// Tells the first from those that come after.
private final class Once: Sendable {
  private let isDone = Atomic(false)

  func isFirst() -> Bool { !isDone.exchange(true, ordering: .relaxed) }
}
