internal import Synchronization

/// A call in flight: its units, what is known of them, and its answer in the end.
///
/// Each unit is at one thread at a time (the queue sees to that); the lock is taken once for a
/// batch or chunk, and by the thread that ends the call.
final class CallRecord: Sendable {
  private struct State: Sendable {
    var prepared: [PreparedUnit?]
    var results: [InputResult?]
    var unfinished: Int
    var firstTaken: UInt64?
    var timings = CallTimings()
    var isAnswered = false
  }

  /// The checked call.
  let work: CallWork
  /// When it came.
  let arrival: UInt64
  /// When its answer is worth nothing any more; nil: never.
  private let deadline: UInt64?
  private let model: any ServedModel
  private let onCompletion: @Sendable (InferenceAnswer) -> Void
  private let state: Mutex<State>

  /// A call that came at `arrival` with at least one unit.
  init(
    work: CallWork, model: any ServedModel, arrival: UInt64, deadline: UInt64? = nil,
    onCompletion: @escaping @Sendable (InferenceAnswer) -> Void
  ) {
    self.work = work
    self.model = model
    self.arrival = arrival
    self.deadline = deadline
    self.onCompletion = onCompletion
    let count = work.units.count
    state = Mutex(
      State(
        prepared: Array(repeating: nil, count: count),
        results: Array(repeating: nil, count: count), unfinished: count))
  }

  /// Whether somebody waits for the answer.
  func isAwaited(now: UInt64) -> Bool {
    if let deadline, deadline <= now { return false }
    return state.withLock { !$0.isAnswered }
  }

  /// Notes that a thread began with units of this call.
  func taken(at now: UInt64) {
    state.withLock { state in
      if state.firstTaken == nil { state.firstTaken = now }
    }
  }

  /// Keeps units that a tokenising thread has prepared.
  func keep(_ units: [(index: Int, unit: PreparedUnit)], tokenizeTime: UInt64) {
    state.withLock { state in
      state.timings.tokenize += tokenizeTime
      for (index, unit) in units { state.prepared[index] = unit }
    }
  }

  /// Hands out kept units for a batch, in the given order.
  func takePrepared(_ indices: [Int]) -> [(index: Int, unit: PreparedUnit)] {
    guard !indices.isEmpty else { return [] }
    return state.withLock { state in
      indices.compactMap { index in
        guard let unit = state.prepared[index] else { return nil }
        state.prepared[index] = nil
        return (index, unit)
      }
    }
  }

  /// Takes results of units in, and answers the call when they were the last. What compares units
  /// is done without the lock; `pulse` is the calling thread's and beats before each.
  func finish(
    _ results: [(index: Int, result: InputResult)], tokenizeTime: UInt64 = 0,
    computeTime: UInt64 = 0, now: UInt64, pulse: Pulse? = nil
  ) {
    let ended: Ended? = state.withLock { state in
      state.timings.tokenize += tokenizeTime
      state.timings.compute += computeTime
      guard !state.isAnswered else { return nil }
      for (index, result) in results where state.results[index] == nil {
        state.results[index] = result
        state.unfinished -= 1
      }
      guard state.unfinished == 0 else { return nil }
      return takeAll(&state, now: now)
    }
    if let ended { answer(ended, missing: Answering.missing, pulse) }
  }

  /// Ends the call early. Inputs that have results keep them when `error` is a passed deadline;
  /// any other error is the answer to the whole call.
  func end(_ error: EngineError, now: UInt64) {
    let ended: Ended? = state.withLock { state in
      guard !state.isAnswered else { return nil }
      return takeAll(&state, now: now)
    }
    guard let ended else { return }
    if error.code == .deadlineExceeded {
      answer(ended, missing: .failed(error), nil)
    } else {
      onCompletion(InferenceAnswer(outcome: .failure(error), timings: ended.timings))
    }
  }

  // MARK: - Answering

  /// What the one thread that ends the call takes from under the lock.
  private struct Ended {
    var results: [InputResult?]
    var timings: CallTimings
  }

  private func takeAll(_ state: inout State, now: UInt64) -> Ended {
    state.isAnswered = true
    var timings = state.timings
    timings.queue = (state.firstTaken ?? now).minus(arrival)
    timings.total = now.minus(arrival)
    let results = state.results
    state.results = []
    return Ended(results: results, timings: timings)
  }

  /// Answers with what there is; units without a result get `missing`.
  private func answer(_ ended: Ended, missing: InputResult, _ pulse: Pulse?) {
    var timings = ended.timings
    let start = MonotonicClock.now()
    let slots = Answering.slots(
      work, ended.results.map { $0 ?? missing }, model: model, pulse: pulse)
    if work.finish.comparesUnits {
      let elapsed = MonotonicClock.now().minus(start)
      timings.compute += elapsed
      timings.total += elapsed
    }
    onCompletion(InferenceAnswer(outcome: .success(slots), timings: timings))
  }
}
