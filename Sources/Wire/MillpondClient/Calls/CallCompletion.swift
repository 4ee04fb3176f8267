internal import Synchronization

/// Resumes a waiting task once, by the answer or by cancellation, whichever is first.
final class CallCompletion: Sendable {
  typealias Outcome = Result<[AnswerPart], MillpondError>

  private enum State {
    case idle
    case waiting(CheckedContinuation<Outcome, Never>)
    case early(Outcome)
    case done
  }

  private let state = Mutex(State.idle)

  var isDone: Bool {
    state.withLock {
      if case .waiting = $0 { false } else { true }
    }
  }

  func set(_ continuation: CheckedContinuation<Outcome, Never>) {
    let early: Outcome? = state.withLock { state in
      if case .early(let outcome) = state {
        state = .done
        return outcome
      }
      state = .waiting(continuation)
      return nil
    }
    if let early { continuation.resume(returning: early) }
  }

  func finish(_ outcome: Outcome) {
    let continuation: CheckedContinuation<Outcome, Never>? = state.withLock { state in
      switch state {
      case .idle:
        state = .early(outcome)
        return nil
      case .waiting(let continuation):
        state = .done
        return continuation
      case .early, .done: return nil
      }
    }
    continuation?.resume(returning: outcome)
  }
}
