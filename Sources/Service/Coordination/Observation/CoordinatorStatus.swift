internal import NIOCore
internal import Status

/// Answers live, ready and metrics on the coordinator's event loop: what that loop does not answer,
/// nobody else answers for it.
struct CoordinatorStatus: StatusSource {
  let handle: CoordinatorHandle

  func ask(_ question: StatusQuestion, answer: @escaping @Sendable (StatusAnswer) -> Void) {
    handle.tell { state in
      switch question {
      case .live: answer(StatusAnswer(isGood: true, "live"))
      case .ready:
        let reason = state.unreadiness
        answer(StatusAnswer(isGood: reason == nil, reason ?? "ready"))
      case .metrics: answer(StatusAnswer(state.metrics()))
      }
    }
  }
}
