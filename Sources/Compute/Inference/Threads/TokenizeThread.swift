/// The body of a tokenising thread: takes raw units while compute threads are busy, so that
/// batches are made from true lengths and compute threads do not stop to read texts.
struct TokenizeThread: Sendable {
  let core: EngineCore

  /// Runs until the engine drains.
  func run() {
    let encoder = core.model.makeEncoder()
    var isIdle = false
    while true {
      let step: (Selection, CallRecord)?? = core.monitor.wait(for: EngineCore.Condition.tokenize) {
        state in
        if let work = state.nextTokenizing(wasIdle: &isIdle) { return .some(.some(work)) }
        return state.tokenizersEnd ? .some(nil) : nil
      }
      guard let work = step, let (selection, record) = work else { return }
      tokenize(selection, record, encoder)
    }
  }

  private func tokenize(
    _ selection: Selection, _ record: CallRecord, _ encoder: any UnitEncoder
  ) {
    record.taken(at: MonotonicClock.now())
    let preparation = core.prepare(record, selection.raw, encoder)
    record.keep(preparation.ready, tokenizeTime: preparation.nanoseconds)
    let wake = core.monitor.withLock { state in
      state.cost.textsTokenized(
        bytes: preparation.textBytes, tokens: preparation.textTokens)
      let units =
        preparation.ready.map { index, unit in
          EngineState.Tokenized.ready(
            index: index,
            UnitEstimate(
              cost: state.cost.cost(tokens: unit.ids.count), tokens: unit.ids.count))
        } + preparation.finished.map { EngineState.Tokenized.finished(index: $0.index) }
      return state.tokenized(selection.call, units)
    }
    core.wake(wake)
    record.finish(preparation.finished, now: MonotonicClock.now())
  }
}
