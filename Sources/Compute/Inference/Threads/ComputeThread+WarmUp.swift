extension ComputeThread {
  /// Makes the thread's encoder and workspace and runs a few batches on it: that brings weights and scratch
  /// into memory, and measures what a short and a long input cost. Nil when that failed.
  func warmUp() -> Tools? {
    do throws(EngineError) {
      let workspace = try core.model.makeWorkspace(
        tokensMax: core.limits.batchTokensMax, unitsMax: core.limits.batchUnitsMax)
      let measured = try measure(workspace)
      report(measured)
      return Tools(encoder: core.model.makeEncoder(), workspace: workspace)
    } catch {
      report(.failed(error))
      return nil
    }
  }

  private func report(_ result: WarmUpResult) {
    core.monitor.withLock { $0.warmUps.append(result) }
    core.monitor.signal(EngineCore.Condition.warmUp)
  }

  /// Times of inputs of a few lengths. The first batch pays for page faults and is not counted.
  private func measure(_ workspace: any ModelWorkspace) throws(EngineError) -> WarmUpResult {
    let limit = core.model.description.maxTokens
    let shortTokens = min(16, limit)
    _ = try time(workspace, tokens: shortTokens)
    let short = min(
      try time(workspace, tokens: shortTokens), try time(workspace, tokens: shortTokens))
    // Long enough to see attention, short enough for the start: about the time of two batches.
    let affordable = 2 * core.limits.batchCost / max(1, short / UInt64(shortTokens))
    let longTokens = min(limit, max(shortTokens, Int(min(affordable, 4_096))))
    let long = try time(workspace, tokens: longTokens)
    return .measured(
      shortTokens: shortTokens, shortNanoseconds: short, longTokens: longTokens,
      longNanoseconds: long)
  }

  private func time(
    _ workspace: any ModelWorkspace, tokens: Int
  ) throws(EngineError) -> UInt64 {
    // Ids spread over the vocabulary; what they mean does not matter.
    let vocabulary = core.model.description.vocabularySize
    let ids = (0..<tokens).map { Int32(($0 &* 7_919) % max(1, vocabulary)) }
    let start = MonotonicClock.now()
    _ = try workspace.forward([
      PreparedUnit(ids: ids, segmentStart: ids.count, truncated: false)
    ])
    return MonotonicClock.now().minus(start)
  }
}
