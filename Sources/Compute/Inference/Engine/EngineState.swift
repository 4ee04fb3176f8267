internal import Kernels

/// What the threads of an engine share behind its lock: queue, cost model, calls and who is idle.
struct EngineState: Sendable {
  /// How far the engine's life has come.
  enum Phase: Sendable, Equatable {
    /// Loaded; no threads yet.
    case loaded
    /// Compute threads run their warm-up.
    case warming
    /// Calls are taken.
    case serving
    /// No more calls are taken; threads end when the queue is empty.
    case draining
  }

  /// Threads to wake after the lock is given back.
  struct Wake: Sendable, Equatable {
    var compute = 0
    /// Of them for a team.
    var assist = 0
    var tokenize = 0
    var everyone = false
    /// Whether a thread that computes bulk work should pause for interactive work.
    var pause = false
  }

  /// A unit as a tokenising thread brings it back.
  enum Tokenized: Sendable {
    case ready(index: Int, UnitEstimate)
    case finished(index: Int)
  }

  /// What a compute thread does next.
  struct Step: Sendable {
    /// Its batch, or nil.
    var batch: BatchPlan?
    /// The batch's selections with their calls.
    var work: [(selection: Selection, record: CallRecord)] = []
    /// The cost model as of now.
    var cost: CostModel
    /// Calls whose deadline has passed.
    var expired: [CallRecord] = []
    /// Whether the thread ends.
    var ends = false
    /// The team that the thread leads while it runs its batch; nil: it computes alone.
    var leads: Team?
    /// The team that the thread assists, where it has no batch.
    var assists: Team?
    var wake = Wake()
  }

  var queue: BatchQueue
  var cost: CostModel
  private(set) var counts = BatchCounts()
  var phase = Phase.loaded
  private(set) var records: [CallID: CallRecord] = [:]
  /// When each compute thread began its step; nil while it is parked.
  private var stepStarts: [UInt64?]
  private var idleTokenizers = 0
  /// One for each compute thread to lead.
  private let teams: [Team]
  /// The thread whose team is open.
  private var leader: Int?
  /// Results of the warm-ups that have ended.
  var warmUps: [WarmUpResult] = []

  init(limits: QueueLimits, cost: CostModel) {
    queue = BatchQueue(limits: limits)
    self.cost = cost
    stepStarts = Array(repeating: nil, count: limits.threadCount)
    teams = (0..<limits.threadCount).map { _ in Team() }
  }

  /// All compute threads are warm: calls are taken, and costs predicted from what they measured.
  mutating func warmedUp() {
    // The slowest thread's times: a start on a busy machine should not promise too much.
    var slowest: CostMeasurement?
    for case .measured(let measured) in warmUps
    where measured.manyShortNanoseconds >= slowest?.manyShortNanoseconds ?? 0 {
      slowest = measured
    }
    if let slowest { cost = CostModel(slowest, tokensPerByte: cost.tokensPerByte) }
    queue.batchFixedCost = cost.batchCost
    if phase == .warming { phase = .serving }
  }

  // MARK: - Calls

  /// Queues a call. Its record is known to threads from here on.
  mutating func admit(
    _ record: CallRecord, _ call: InferenceCall, bytes: Int, estimates: [UnitEstimate],
    now: UInt64
  ) -> (BatchQueue.Admission, Wake) {
    let admission = queue.admit(
      priority: call.priority, deadline: call.deadline, bytes: bytes,
      tokenizeOnly: record.work.tokenizeOnly, estimates: estimates, now: now)
    guard case .admitted(let id) = admission else { return (admission, Wake()) }
    records[id] = record
    // An idle compute thread tokenises a short call itself: one hand-over in place of two.
    var wake = computeWake()
    if wake.compute == 0 { wake.tokenize = tokenizeWake().tokenize }
    return (admission, wake)
  }

  /// Takes a call away. Nil when it has been answered.
  mutating func remove(_ id: CallID) -> (CallRecord, Wake)? {
    _ = queue.remove(id)
    guard let record = records.removeValue(forKey: id) else { return nil }
    return (record, Wake(everyone: isDrained))
  }

  /// Whether nothing is left for threads to take.
  private var isDrained: Bool { phase == .draining && queue.queuedUnits == 0 }

  // MARK: - Compute threads

  /// The next step of a compute thread, or nil: it parks.
  mutating func nextStep(thread: Int, now: UInt64) -> Step? {
    var step = Step(cost: cost)
    for id in queue.removeExpired(now: now) {
      if let record = records.removeValue(forKey: id) { step.expired.append(record) }
    }
    step.batch = queue.takeBatch(thread: thread, now: now)
    step.work = step.batch.map(work) ?? []
    if step.batch == nil, step.expired.isEmpty {
      stepStarts[thread] = nil
      if let leader, leader != thread, teams[leader].isOpen {
        step.assists = teams[leader]
        return step
      }
      guard isDrained else { return nil }
      step.ends = true
      return step
    }
    stepStarts[thread] = now
    step.leads = openTeam(thread, step.batch)
    step.wake = computeWake()
    if step.wake.compute == 0 { step.wake = tokenizeWake() }
    // Those that park because nothing was left to take must see the end of the queue.
    step.wake.everyone = isDrained
    if step.leads != nil { step.wake.assist = stepStarts.count { $0 == nil } }
    return step
  }

  /// An interactive batch for a thread that pauses a bulk one, or nil.
  mutating func nextStep(pausing thread: Int, now: UInt64) -> Step? {
    guard let batch = queue.takeBatch(thread: thread, of: .interactive, now: now) else {
      return nil
    }
    var step = Step(batch: batch, work: work(of: batch), cost: cost)
    stepStarts[thread] = now
    step.wake.everyone = isDrained
    return step
  }

  private func work(of batch: BatchPlan) -> [(selection: Selection, record: CallRecord)] {
    batch.selections.compactMap { selection in
      records[selection.call].map { (selection, $0) }
    }
  }

  /// A batch that takes less is over before another thread is there: 150 µs.
  private static let sharedCostMin: UInt64 = 150_000

  /// Opens the thread's team for a batch behind which nothing waits, while other threads are idle.
  private mutating func openTeam(_ thread: Int, _ batch: BatchPlan?) -> Team? {
    guard let batch, batch.cost >= Self.sharedCostMin, leader == nil,
      queue.takeableUnits == 0, stepStarts.contains(where: { $0 == nil })
    else { return nil }
    leader = thread
    teams[thread].open()
    return teams[thread]
  }

  /// A compute thread has finished its batch, which it ran in `parts`.
  mutating func batchFinished(
    thread: Int, _ batch: BatchPlan, parts: [MeasuredPart], sizes: [BatchSize]
  ) {
    queue.batchFinished(thread: thread, elapsed: parts.reduce(0) { $0 + $1.elapsed })
    if leader == thread { leader = nil }
    for part in parts {
      cost.batchMeasured(inputs: part.inputs, measured: part.measured, elapsed: part.elapsed)
    }
    for size in sizes { counts.add(size) }
    queue.batchFixedCost = cost.batchCost
    queue.slowdown = cost.slowdown
    for selection in batch.selections {
      queue.unitsFinished(selection.call, count: selection.count)
      forgetAnswered(selection.call)
    }
  }

  // MARK: - Tokenising threads

  /// Raw units for a tokenising thread, or nil: it parks.
  mutating func nextTokenizing(wasIdle: inout Bool) -> (Selection, CallRecord)? {
    if let selection = queue.takeRaw(), let record = records[selection.call] {
      if wasIdle { idleTokenizers -= 1 }
      wasIdle = false
      return (selection, record)
    }
    if !wasIdle { idleTokenizers += 1 }
    wasIdle = true
    return nil
  }

  /// Whether tokenising threads end.
  var tokenizersEnd: Bool { isDrained }

  /// A tokenising thread brings units of a call back.
  mutating func tokenized(_ id: CallID, _ units: [Tokenized]) -> Wake {
    for unit in units {
      switch unit {
      case .ready(let index, let estimate): queue.unitReady(id, index: index, estimate)
      case .finished(let index): queue.unitFinishedTokenizing(id, index: index)
      }
    }
    forgetAnswered(id)
    var wake = computeWake()
    wake.everyone = isDrained
    return wake
  }

  private mutating func forgetAnswered(_ id: CallID) {
    if !queue.contains(id) { records[id] = nil }
  }

  // MARK: - Who is woken

  /// As many idle compute threads as would find work.
  private func computeWake() -> Wake {
    let idle = stepStarts.count { $0 == nil }
    guard queue.takeableUnits > 0 else { return Wake() }
    guard idle > 0 else { return Wake(pause: queue.hasTakeable(.interactive)) }
    let batches = queue.queuedCost / max(1, queue.limits.batchCostMin) + 1
    return Wake(compute: min(idle, queue.takeableUnits, Int(min(batches, 1_024))))
  }

  /// A tokenising thread, if one is idle and would find work.
  private func tokenizeWake() -> Wake {
    Wake(tokenize: idleTokenizers > 0 && queue.wantsTokenizing ? 1 : 0)
  }

  // MARK: - Progress

  /// The longest time that a compute thread has been in its step; nil when all are parked.
  func oldestStep(now: UInt64) -> UInt64? {
    stepStarts.compactMap { $0.map { now.minus($0) } }.max()
  }

  /// The longest time that a compute thread has not moved in its step; nil when all are parked.
  /// `beats` has each thread's last. A thread that leads a team may wait for those that assist.
  func longestStillness(beats: [UInt64], now: UInt64) -> UInt64? {
    stepStarts.indices.compactMap { thread in
      guard let start = stepStarts[thread] else { return nil }
      var last = max(start, beats[thread])
      if thread == leader {
        for other in stepStarts.indices where stepStarts[other] == nil {
          last = max(last, beats[other])
        }
      }
      return now.minus(last)
    }.max()
  }
}

/// A batch, or a part of one, that was computed at once. In nanoseconds.
struct MeasuredPart: Sendable, Equatable {
  /// What its units were predicted to cost with their true lengths.
  var inputs: UInt64
  /// The processor time it took.
  var measured: UInt64
  /// The time it took by the clock.
  var elapsed: UInt64
}

/// What a compute thread measured in its warm-up, or why it failed.
enum WarmUpResult: Sendable, Equatable {
  /// Times of a few batches.
  case measured(CostMeasurement)
  /// The workspace or a batch failed.
  case failed(EngineError)
}
