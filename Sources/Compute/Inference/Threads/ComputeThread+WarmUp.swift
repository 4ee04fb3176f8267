extension ComputeThread {
  /// Makes the thread's encoder and workspace and runs a few batches: that brings weights and
  /// scratch into memory, and measures what short and long inputs cost. Nil when that failed.
  func warmUp() -> Tools? {
    do throws(EngineError) {
      let workspace = try makeWorkspace()
      let measured = try measure(workspace)
      report(measured)
      return Tools(
        encoder: core.model.makeEncoder(), workspace: workspace, second: try makeWorkspace())
    } catch {
      report(.failed(error))
      return nil
    }
  }

  private func makeWorkspace() throws(EngineError) -> any ModelWorkspace {
    let pulse = pulse
    return try core.model.makeWorkspace(
      tokensMax: core.limits.batchTokensMax, unitsMax: core.limits.batchUnitsMax
    ) {
      pulse.beat()
    }
  }

  private func report(_ result: WarmUpResult) {
    core.monitor.withLock { $0.warmUps.append(result) }
    core.monitor.signal(EngineCore.Condition.warmUp)
  }

  /// A first batch that takes longer than this is the only one: 150 ms.
  private static let firstBatchMax: UInt64 = 150_000_000
  /// What a batch costs beyond its tokens, in tokens, for a model that large: reading, widening and
  /// packing all weights takes as long as multiplying them with so many rows (Qwen3-0.6B's shape on
  /// one thread of an AMD EPYC 9005: 207 ms for 16 tokens, 375 ms for 64).
  private static let largeBatchTokens: UInt64 = 40

  /// Processor times of a few batches. The first pays for page faults and is not counted, but where
  /// it shows that the model is large: what it took is then divided by what large models have in
  /// common, so that such a worker is ready after one batch, and served batches correct the rest.
  private func measure(_ workspace: any ModelWorkspace) throws(EngineError) -> WarmUpResult {
    let limit = core.model.description.maxTokens
    let shortTokens = min(16, limit)
    let shortCount = max(1, min(8, core.limits.batchUnitsMax, core.limits.batchTokensMax / 16))
    let first = try time(workspace, tokens: shortTokens)
    guard first <= Self.firstBatchMax else {
      let tokens = UInt64(shortTokens)
      let perToken = first / (Self.largeBatchTokens + tokens)
      let many = first + perToken * tokens * UInt64(shortCount - 1)
      return .measured(
        CostMeasurement(
          shortTokens: shortTokens, shortNanoseconds: first, shortCount: shortCount,
          manyShortNanoseconds: many, longTokens: shortTokens, longNanoseconds: first))
    }
    let short = try time(workspace, tokens: shortTokens)
    let many = try time(workspace, tokens: shortTokens, count: shortCount)
    // Long enough to see attention, short enough for the start: about 20 ms.
    let perToken = max(1, many / UInt64(shortTokens * shortCount))
    let longTokens = min(limit, max(shortTokens, Int(min(20_000_000 / perToken, 4_096))))
    let long = try time(workspace, tokens: longTokens)
    return .measured(
      CostMeasurement(
        shortTokens: shortTokens, shortNanoseconds: short, shortCount: shortCount,
        manyShortNanoseconds: many, longTokens: longTokens, longNanoseconds: long))
  }

  private func time(
    _ workspace: any ModelWorkspace, tokens: Int, count: Int = 1
  ) throws(EngineError) -> UInt64 {
    // Ids spread over the vocabulary; what they mean does not matter.
    let vocabulary = core.model.description.vocabularySize
    let ids = (0..<tokens).map { Int32(($0 &* 7_919) % max(1, vocabulary)) }
    var unit = PreparedUnit(ids: ids, segmentStart: ids.count, truncated: false)
    unit.request = core.model.description.defaultRequest
    let start = MonotonicClock.threadTime()
    _ = try workspace.forward(Array(repeating: unit, count: count), team: nil, checkpoint: nil)
    return MonotonicClock.threadTime().minus(start)
  }
}
