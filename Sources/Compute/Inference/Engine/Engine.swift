internal import Synchronization

/// Runs one model: inputs go through the tokenizer into the queue and from there in batches to the
/// compute threads; calls are answered as values. Knows nothing of networks.
///
/// Threads are the engine's own, never Swift's cooperative pool: `threadCount` compute threads,
/// each running whole batches, and tokenising threads that work ahead while those are busy. A
/// compute thread that would be idle tokenises what it computes itself, so a short call on an idle
/// engine needs one hand-over. The same input gives the same bits on any of them.
///
/// Order of use: `init` loads, `warmUp()` starts the threads, `submit(_:)` takes calls, and
/// `shutDown()` answers what is queued and ends the threads.
package final class Engine: Sendable {
  /// What a passed deadline answers.
  static let expired = EngineError(
    .deadlineExceeded, "the deadline passed before this input was computed")

  /// What the engine is.
  package let info: EngineInfo
  private let core: EngineCore
  private let tokenizerThreadCount: Int
  private let threads = Mutex<[NativeThread]>([])

  /// An engine over a model that is loaded already. `limits` bound its queue and batches.
  package init(
    model: any ServedModel, info: EngineInfo, limits: QueueLimits, tokenizerThreadCount: Int
  ) {
    self.info = info
    self.tokenizerThreadCount = tokenizerThreadCount
    core = EngineCore(model: model, limits: limits)
  }

  deinit { shutDown() }

  // MARK: - Start and end

  /// Starts the threads, runs a few batches on each compute thread and returns when all are ready:
  /// calls are taken from then on. Blocks. Throws `.startUp` or what the first batch threw; the
  /// engine is of no use then. A second call does nothing.
  package func warmUp() throws(EngineError) {
    let isFirst = core.monitor.withLock { state in
      guard state.phase == .loaded else { return false }
      state.phase = .warming
      return true
    }
    guard isFirst else { return }
    do throws(EngineError) {
      for index in 0..<core.limits.threadCount {
        let body = ComputeThread(core: core, index: index)
        try start("mp-compute-\(index)") { body.run() }
      }
      for index in 0..<tokenizerThreadCount {
        let body = TokenizeThread(core: core)
        try start("mp-tokenize-\(index)") { body.run() }
      }
    } catch {
      shutDown()
      throw error
    }
    let results = core.monitor.wait(for: EngineCore.Condition.warmUp) { state in
      state.warmUps.count == state.queue.limits.threadCount ? state.warmUps : nil
    }
    for case .failed(let error) in results {
      shutDown()
      throw error
    }
    core.monitor.withLock { state in
      state.warmedUp()
    }
  }

  private func start(
    _ name: String, _ body: @escaping @Sendable () -> Void
  ) throws(EngineError) {
    let thread = try NativeThread(name: name, body: body)
    threads.withLock { $0.append(thread) }
  }

  /// Takes no more calls, answers all that are queued, ends the threads and waits for them. Blocks
  /// for the backlog; cancel calls first to make it short. Not to be called on a thread of the
  /// engine. A second call does nothing.
  package func shutDown() {
    core.monitor.withLock { $0.phase = .draining }
    core.wake(EngineState.Wake(everyone: true))
    let ending = threads.withLock { threads in
      let ending = threads
      threads = []
      return ending
    }
    for thread in ending { thread.join() }
  }

  // MARK: - Calls

  /// Takes a call. Its answer comes through `onCompletion`, exactly once, also when it is refused:
  /// then on this thread before `submit` returns. Does not block.
  @discardableResult
  package func submit(_ call: InferenceCall) -> CallHandle {
    let now = MonotonicClock.now()
    let handle = CallHandle(core: core)
    do throws(EngineError) {
      let (phase, cost) = core.monitor.withLock { ($0.phase, $0.cost) }
      try check(phase)
      let work = try CallWork(call, model: core.model.description)
      let record = CallRecord(
        work: work, model: core.model, arrival: now, deadline: call.deadline,
        onCompletion: call.onCompletion)
      guard !work.units.isEmpty else {
        record.finish([], now: now)
        return handle
      }
      try admit(call, record, cost, handle, now: now)
    } catch {
      call.onCompletion(InferenceAnswer(outcome: .failure(error), timings: CallTimings()))
    }
    return handle
  }

  /// Throws why no call is taken.
  private func check(_ phase: EngineState.Phase) throws(EngineError) {
    switch phase {
    case .serving: return
    case .loaded, .warming:
      throw EngineError(
        .unavailable, reason: .warmingUp, "model \(info.name) is warming up")
    case .draining:
      throw EngineError(
        .unavailable, reason: .draining, "model \(info.name) is draining: it takes no more calls")
    }
  }

  private func admit(
    _ call: InferenceCall, _ record: CallRecord, _ cost: CostModel, _ handle: CallHandle,
    now: UInt64
  ) throws(EngineError) {
    let bytes = record.work.heldBytes(core.model.description)
    if let deadline = call.deadline, deadline <= now {
      record.end(Self.expired, now: now)
      return
    }
    let estimates = core.estimates(record.work, cost)
    let (phase, admission, wake) = core.monitor.withLock { state in
      // Checked again: threads of a draining engine may have ended since.
      guard state.phase == .serving else {
        return (state.phase, BatchQueue.Admission.expired, EngineState.Wake())
      }
      let (admission, wake) = state.admit(
        record, call, bytes: bytes, estimates: estimates, now: now)
      if case .admitted(let id) = admission { handle.admitted(id) }
      return (state.phase, admission, wake)
    }
    try check(phase)
    switch admission {
    case .admitted:
      core.wake(wake)
    case .expired:
      record.end(Self.expired, now: now)
    case .full(let queuedWait, let heldBytes, let retryAfter):
      let limits = core.limits
      throw EngineError(
        .resourceExhausted, reason: .overloaded,
        "model \(info.name) is overloaded: \(queuedWait / 1_000_000) ms of work (limit "
          + "\(limits.waitMax / 1_000_000) ms) and \(heldBytes) bytes (limit \(limits.bytesMax)) "
          + "are queued",
        retryAfter: .nanoseconds(Int64(clamping: retryAfter)))
    case .tooLarge:
      throw EngineError(
        .invalidArgument, reason: .callTooLarge,
        "the call needs \(bytes) bytes with its results; one call may need "
          + "\(core.limits.callBytesMax)")
    }
  }

  // MARK: - Load

  /// The load of this moment.
  package func load() -> LoadReport {
    let now = MonotonicClock.now()
    return core.monitor.withLock { state in
      LoadReport(
        backlogNanoseconds: state.queue.onClock(state.queue.backlog(now: now)),
        queuedInputs: state.queue.queuedUnits,
        queuedBytes: state.queue.heldBytes, openCalls: state.queue.callCount,
        runningBatches: state.queue.runningCount, threadCount: state.queue.limits.threadCount,
        nanosecondsPerToken: state.cost.nanosecondsPerToken * state.cost.slowdown,
        nanosecondsPerSquaredToken: state.cost.nanosecondsPerSquaredToken * state.cost.slowdown,
        nanosecondsPerBatch: state.cost.nanosecondsPerBatch * state.cost.slowdown,
        tokensPerByte: state.cost.tokensPerByte, isDraining: state.phase == .draining)
    }
  }

  /// What batches were since the start.
  package var batchCounts: BatchCounts { core.monitor.withLock { $0.counts } }

  // MARK: - Progress

  /// How long the compute thread that has been in its step longest has been in it; nil when all
  /// are parked. A step is one batch, about 10 ms unless a single input takes longer.
  package var oldestStep: Duration? {
    let now = MonotonicClock.now()
    return core.monitor.withLock { $0.oldestStep(now: now) }
      .map { .nanoseconds(Int64(clamping: $0)) }
  }

  /// How long a compute thread that is in a step has not moved; the longest of all, nil when all are
  /// parked. A thread moves with each layer, with each tile of a long one, and with each text that
  /// it reads: a batch may take a minute and its thread is never still for long. Seconds mean that a
  /// thread is stuck. (A text of megabytes is allowed 2 µs for each byte, since a tokenizer does not
  /// say that it moves.)
  package var longestStillness: Duration? {
    let beats = core.pulses.map(\.last)
    let now = MonotonicClock.now()
    return core.monitor.withLock { $0.longestStillness(beats: beats, now: now) }
      .map { .nanoseconds(Int64(clamping: $0)) }
  }
}

/// A call that was submitted.
package final class CallHandle: Sendable {
  private let core: EngineCore
  private let id = Mutex<CallID?>(nil)

  fileprivate init(core: EngineCore) {
    self.core = core
  }

  fileprivate func admitted(_ id: CallID) {
    self.id.withLock { $0 = id }
  }

  /// Takes the call back: it is answered `.cancelled` on this thread before this returns, and what
  /// of it is queued is not computed. Does nothing when the call has been answered or
  /// its answer is on the way.
  package func cancel() {
    guard let id = id.withLock({ $0 }) else { return }
    guard let (record, wake) = core.monitor.withLock({ $0.remove(id) }) else { return }
    core.wake(wake)
    record.end(
      EngineError(.cancelled, "the caller cancelled the call"), now: MonotonicClock.now())
  }
}
