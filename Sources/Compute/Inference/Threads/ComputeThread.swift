internal import CPlatform
internal import Kernels

/// The body of a compute thread: warms its workspace up, then runs batches of its own, or assists
/// another thread's, until the engine drains. Results do not depend on how many threads there are.
struct ComputeThread: Sendable {
  let core: EngineCore
  /// 0-based.
  let index: Int

  /// A batch that has run, to be noted when the next one is taken: one lock for both.
  private struct Finished {
    var batch: BatchPlan
    /// What was measured of each part that was computed at once.
    var parts: [MeasuredPart] = []
    var sizes: [BatchSize] = []
    var textBytes = 0
    var textTokens = 0
  }

  /// Tells others that the thread moves.
  var pulse: Pulse { core.pulses[index] }

  /// What the thread owns and shares with no other.
  struct Tools {
    let encoder: any UnitEncoder
    let workspace: any ModelWorkspace
    /// For interactive batches while a bulk one is paused. Its memory becomes resident with the
    /// first of them.
    let second: any ModelWorkspace
  }

  /// What a batch was paused for, in nanoseconds.
  private struct Paused {
    var processor: UInt64 = 0
    var elapsed: UInt64 = 0
  }

  /// A unit of a batch with its call.
  private struct Member {
    var record: CallRecord
    var index: Int
    var unit: PreparedUnit
  }

  /// Runs until the engine drains.
  func run() {
    _ = cp_set_thread_nice(Self.niceness)
    guard let tools = warmUp() else { return }
    var finished: Finished?
    var hasAssisted = false
    while true {
      func next(_ state: inout EngineState) -> EngineState.Step? {
        if let done = finished {
          note(done, &state)
          finished = nil
        }
        let step = state.nextStep(thread: index, now: MonotonicClock.now())
        if step?.batch == nil { core.foundNoWork() }
        return step
      }
      let hasComputed = finished != nil || hasAssisted
      hasAssisted = false
      var found = core.monitor.withLock(next)
      if found == nil, hasComputed, spin() { found = core.monitor.withLock(next) }
      let step = found ?? core.monitor.wait(for: EngineCore.Condition.compute, next)
      core.wake(step.wake)
      if step.ends { return }
      if let team = step.assists {
        hasAssisted = true
        tools.workspace.assist(team) { core.wantsCompute }
      }
      for record in step.expired {
        record.end(Engine.expired, now: MonotonicClock.now())
      }
      if let batch = step.batch {
        finished = run(batch, step, tools)
      }
    }
  }

  /// Gives way to the threads that read and write sockets: on Linux 6.18 an embedding of one
  /// sentence came back 4 to 15 % sooner, since those ran at once when they were woken.
  private static let niceness: Int32 = 5

  /// How long a thread that has computed looks for more before it parks, in nanoseconds: waking two
  /// threads takes 100 to 200 µs, and the next call of a caller that waits is there before.
  private static let spinTime: UInt64 = 300_000

  /// Looks for work for a while. Whether there may be some.
  private func spin() -> Bool {
    let end = MonotonicClock.now() + Self.spinTime
    while !core.wantsCompute {
      if MonotonicClock.now() >= end { return false }
      Team.pause()
    }
    return true
  }

  private func note(_ done: Finished, _ state: inout EngineState) {
    state.batchFinished(thread: index, done.batch, parts: done.parts, sizes: done.sizes)
    state.cost.textsTokenized(bytes: done.textBytes, tokens: done.textTokens)
  }

  // MARK: - A batch

  private func run(
    _ batch: BatchPlan, _ step: EngineState.Step, _ tools: Tools, isPausing: Bool = false
  ) -> Finished {
    defer { step.leads?.close() }
    var finished = Finished(batch: batch)
    var members: [Member] = []
    members.reserveCapacity(batch.selections.reduce(0) { $0 + $1.count })
    for (selection, record) in step.work {
      record.taken(at: MonotonicClock.now())
      for (index, unit) in record.takePrepared(selection.ready) {
        members.append(Member(record: record, index: index, unit: unit))
      }
      let preparation = core.prepare(record, selection.raw, tools.encoder, pulse: pulse)
      finished.textBytes += preparation.textBytes
      finished.textTokens += preparation.textTokens
      record.finish(
        preparation.finished, tokenizeTime: preparation.nanoseconds, now: MonotonicClock.now(),
        pulse: pulse)
      for (index, unit) in preparation.ready {
        members.append(Member(record: record, index: index, unit: unit))
      }
    }
    // Raw units were taken by estimates: where they came out longer, the batch runs in parts.
    var start = 0
    while start < members.count {
      let end = endOfPart(members, from: start)
      compute(members[start..<end], tools, step, isPausing: isPausing, &finished)
      start = end
    }
    return finished
  }

  /// The end of the part that fits the workspace. At least one unit always fits.
  private func endOfPart(_ members: [Member], from start: Int) -> Int {
    var end = start
    var tokens = 0
    while end < members.count, end - start < core.limits.batchUnitsMax {
      tokens += members[end].unit.ids.count
      if end > start, tokens > core.limits.batchTokensMax { break }
      end += 1
    }
    return end
  }

  private func compute(
    _ members: ArraySlice<Member>, _ tools: Tools, _ step: EngineState.Step, isPausing: Bool,
    _ finished: inout Finished
  ) {
    let start = MonotonicClock.now()
    let startOnProcessor = MonotonicClock.threadTime()
    let units = members.map(\.unit)
    let workspace = isPausing ? tools.second : tools.workspace
    let pauses = !isPausing && step.batch?.priority == .bulk && step.leads == nil
    let records = step.work.map(\.record)
    var paused = Paused()
    var isGivenUp = false
    let results: [InputResult]
    do throws(EngineError) {
      let output = try workspace.forward(units, team: step.leads) {
        let now = MonotonicClock.now()
        pulse.beat(at: now)
        isGivenUp = !records.contains { $0.isAwaited(now: now) }
        if !isGivenUp, pauses, core.wantsPause { pause(tools, &paused) }
        return !isGivenUp
      }
      results = Answering.results(
        of: units, works: members.map(\.record.work), output: output, model: core.model)
      finished.sizes.append(
        BatchSize(inputs: units.count, tokens: units.reduce(0) { $0 + $1.ids.count }))
    } catch {
      // The inputs of this batch fail; the thread goes on.
      let reason = isGivenUp ? Engine.expired : error
      results = units.map { _ in .failed(reason) }
    }
    let now = MonotonicClock.now()
    let costs = units.map { step.cost.cost(tokens: $0.ids.count) }
    let predicted = costs.reduce(0, +)
    // The time of a thread that was helped is not what the batch cost, nor that of half a batch.
    if step.leads == nil, !isGivenUp {
      finished.parts.append(
        MeasuredPart(
          inputs: predicted,
          measured: MonotonicClock.threadTime().minus(startOnProcessor + paused.processor),
          elapsed: now.minus(start + paused.elapsed)))
    }
    let scale = Double(now.minus(start + paused.elapsed)) / Double(max(1, predicted))
    deliver(members, results, times: costs.map { Double($0) * scale }, now: now)
  }

  /// Runs interactive batches in the middle of a bulk one, until there are none or bulk work has
  /// lost its patience.
  private func pause(_ tools: Tools, _ paused: inout Paused) {
    let start = MonotonicClock.now()
    let startOnProcessor = MonotonicClock.threadTime()
    var finished: Finished?
    while true {
      let now = MonotonicClock.now()
      let isPatient = now.minus(start) < core.limits.bulkPatience
      let step: EngineState.Step? = core.monitor.withLock { state in
        if let done = finished { note(done, &state) }
        guard isPatient else { return nil }
        let step = state.nextStep(pausing: index, now: now)
        if step == nil { core.foundNothingPressing() }
        return step
      }
      guard let step, let batch = step.batch else { break }
      core.wake(step.wake)
      finished = run(batch, step, tools, isPausing: true)
    }
    paused.elapsed += MonotonicClock.now().minus(start)
    paused.processor += MonotonicClock.threadTime().minus(startOnProcessor)
  }

  /// Gives results to their calls, one lock a call: the members of a call are neighbours.
  private func deliver(
    _ members: ArraySlice<Member>, _ results: [InputResult], times: [Double], now: UInt64
  ) {
    var position = members.startIndex
    while position < members.endIndex {
      let record = members[position].record
      var own: [(index: Int, result: InputResult)] = []
      var time = 0.0
      while position < members.endIndex, members[position].record === record {
        let offset = position - members.startIndex
        own.append((members[position].index, results[offset]))
        time += times[offset]
        position += 1
      }
      record.finish(own, computeTime: UInt64(time), now: now, pulse: pulse)
    }
  }
}
