/// The engine's queue as a value: admission, order, batches, deadlines, accounts. No I/O, no
/// clock (time is passed in), no texts: it knows calls by id and their units by number.
///
/// A unit is raw, then at a tokenising thread, then ready, then in a batch. A compute thread may
/// take raw units too and tokenise them itself, so an idle engine needs one hand-over only.
///
/// **Order.** Interactive before bulk, first come first served within each; a batch never mixes
/// the two, so that bulk does not lengthen an interactive step, and a bulk batch pauses between
/// layers for interactive work. Bulk is not starved: when it had
/// no batch for `bulkPatience`, it gets the next one.
///
/// **Size.** A batch ends where its predicted time is closest to `batchCost`, or to a quarter of
/// what each thread has before it up to `batchCostMax` (weights are then read less often, and
/// nobody waits much longer), or, where batches have a large fixed part, to more; or earlier, so
/// that all threads finish the remaining work together.
///
/// **Cost** is predicted processor time of one thread, in nanoseconds.
///
/// **Bounds.** A call is taken whole or refused whole, by what is queued before it and not by its
/// own size: the same rule for one input and for ten thousand.
package struct BatchQueue: Sendable {
  /// A batch that a compute thread runs.
  private struct Running: Sendable {
    var cost: UInt64
    var start: UInt64
  }

  /// The bounds.
  package let limits: QueueLimits
  /// All calls that are not answered.
  var calls: [CallID: QueuedCall] = [:]
  /// Calls by class; those that are gone or have no queued units are dropped lazily.
  var lines: [CallLine]
  /// Predicted nanoseconds of a batch beyond its units; the engine keeps it up to date.
  package var batchFixedCost: UInt64 = 0
  /// Time by the clock over processor time; the engine keeps it up to date.
  package var slowdown = 1.0
  /// When bulk work last got a batch.
  var bulkServed: UInt64 = 0
  /// No queued call expires before this.
  private var nextDeadline = UInt64.max
  /// Of each thread, the one that it computes last; those before it are paused.
  private var running: [[Running]]
  private var nextID: CallID = 0
  /// Bytes of all calls that are not answered.
  package private(set) var heldBytes = 0
  /// Batches taken since the start.
  package private(set) var batchesTaken: UInt64 = 0

  /// An empty queue.
  package init(limits: QueueLimits) {
    self.limits = limits
    lines = Array(repeating: CallLine(), count: CallPriority.allCases.count)
    running = Array(repeating: [], count: limits.threadCount)
  }

  // MARK: - Admission

  /// What became of a call at the door.
  package enum Admission: Sendable, Equatable {
    /// It is queued under this id.
    case admitted(CallID)
    /// Its deadline has passed.
    case expired
    /// Too much is queued before it; there should be room after `retryAfter` nanoseconds.
    case full(queuedWait: UInt64, heldBytes: Int, retryAfter: UInt64)
    /// It is larger than any call may be.
    case tooLarge
  }

  /// Queues a call of `estimates.count` units, at least one, or refuses it.
  package mutating func admit(
    priority: CallPriority, deadline: UInt64?, bytes: Int, tokenizeOnly: Bool,
    estimates: [UnitEstimate], now: UInt64
  ) -> Admission {
    precondition(!estimates.isEmpty, "a call without units is answered, not queued")
    if let deadline, deadline <= now { return .expired }
    guard bytes <= limits.callBytesMax else { return .tooLarge }
    let wait = onClock(queuedCost / UInt64(limits.threadCount))
    guard wait < limits.waitMax, heldBytes == 0 || heldBytes + bytes <= limits.bytesMax else {
      return .full(
        queuedWait: wait, heldBytes: heldBytes, retryAfter: retryAfter(bytes: bytes, now: now))
    }
    nextID += 1
    let call = QueuedCall(
      id: nextID, priority: priority, deadline: deadline, arrival: now, bytes: bytes,
      tokenizeOnly: tokenizeOnly, estimates: estimates)
    calls[nextID] = call
    lines[priority.rawValue].ids.append(nextID)
    lines[priority.rawValue].counts.add(call.counts)
    heldBytes += bytes
    nextDeadline = min(nextDeadline, deadline ?? .max)
    return .admitted(nextID)
  }

  /// Nanoseconds until the queue should have room: until it is half drained, or, where bytes are
  /// short, until enough of them should be free at the pace of the compute time they wait for.
  private func retryAfter(bytes: Int, now: UInt64) -> UInt64 {
    let backlog = onClock(backlog(now: now) / UInt64(limits.threadCount))
    let forCost = backlog.minus(limits.waitMax / 2)
    let excess = max(0, heldBytes + bytes - limits.bytesMax)
    let share = heldBytes > 0 ? min(1, Double(excess) / Double(heldBytes)) : 0
    let forBytes = UInt64(Double(backlog) * share)
    return max(1_000_000, backlog >= limits.waitMax ? max(forCost, forBytes) : forBytes)
  }

  // MARK: - Ends of calls

  /// Forgets a call whose caller cancelled it or that failed as a whole; its units in batches are
  /// ignored when they finish. False when it is not known (any more).
  package mutating func remove(_ id: CallID) -> Bool {
    guard let call = calls.removeValue(forKey: id) else { return false }
    lines[call.priority.rawValue].counts.subtract(call.counts)
    heldBytes -= call.bytes
    return true
  }

  /// Forgets all calls with queued units whose deadline has passed, and names them. Calls whose
  /// last units are being computed are left to finish.
  package mutating func removeExpired(now: UInt64) -> [CallID] {
    guard now >= nextDeadline else { return [] }
    nextDeadline = .max
    var expired: [CallID] = []
    for call in calls.values where call.queuedCount > 0 {
      guard let deadline = call.deadline else { continue }
      if deadline <= now {
        expired.append(call.id)
      } else {
        nextDeadline = min(nextDeadline, deadline)
      }
    }
    for id in expired { _ = remove(id) }
    return expired.sorted()
  }

  /// `count` units of a batch have results. Forgets the call after its last one.
  package mutating func unitsFinished(_ id: CallID, count: Int) {
    update(id) { $0.finished(count) }
    removeIfAnswered(id)
  }

  /// Forgets a call whose units all have results.
  mutating func removeIfAnswered(_ id: CallID) {
    if calls[id]?.unfinished == 0 { _ = remove(id) }
  }

  /// Changes a call and brings the accounts of its line along. Nil when it is not known.
  @discardableResult
  mutating func update<Value>(
    _ id: CallID, _ body: (inout QueuedCall) -> Value
  ) -> Value? {
    guard let position = calls.index(forKey: id) else { return nil }
    let before = calls.values[position].counts
    let value = body(&calls.values[position])
    let call = calls.values[position]
    lines[call.priority.rawValue].counts.replace(before, by: call.counts)
    return value
  }

  // MARK: - Batches in flight

  /// Predicted nanoseconds of a batch of full size, with `share` before each thread.
  func fullBatch(share: UInt64) -> UInt64 {
    let size = min(max(limits.batchCost, share / 4), max(limits.batchCost, limits.batchCostMax))
    return max(size, limits.fixedShare * batchFixedCost)
  }

  /// Notes that `thread` runs a batch of this predicted cost, its fixed part included.
  package mutating func batchStarted(thread: Int, cost: UInt64, now: UInt64) {
    running[thread].append(Running(cost: cost, start: now))
    batchesTaken += 1
  }

  /// Notes that `thread` has finished its batch, `elapsed` nanoseconds after it began: a batch that
  /// was paused for it ends so much later.
  package mutating func batchFinished(thread: Int, elapsed: UInt64 = 0) {
    running[thread].removeLast()
    if let paused = running[thread].indices.last { running[thread][paused].start += elapsed }
  }

  // MARK: - Accounts

  /// Predicted nanoseconds of one thread for all queued units.
  package var queuedCost: UInt64 { lines.reduce(0) { $0 + $1.counts.queuedCost } }

  /// Units in the queue.
  package var queuedUnits: Int { lines.reduce(0) { $0 + $1.counts.queuedUnits } }

  /// Units that a compute thread may take now.
  package var takeableUnits: Int { lines.reduce(0) { $0 + $1.counts.takeableUnits } }

  /// Whether a compute thread may take units of a class now.
  package func hasTakeable(_ priority: CallPriority) -> Bool {
    lines[priority.rawValue].counts.takeableUnits > 0
  }

  /// Whether a call is not answered.
  package func contains(_ id: CallID) -> Bool { calls[id] != nil }

  /// Calls that are not answered.
  package var callCount: Int { calls.count }

  /// Batches that run now, paused ones included.
  package var runningCount: Int { running.reduce(0) { $0 + $1.count } }

  /// Predicted processor nanoseconds until the running batches end, summed over threads.
  package func runningCost(now: UInt64) -> UInt64 {
    running.joined().reduce(0) { sum, batch in
      sum + batch.cost.minus(UInt64(Double(now.minus(batch.start)) / slowdown))
    }
  }

  /// Processor time as it passes by the clock.
  package func onClock(_ cost: UInt64) -> UInt64 {
    slowdown > 1 ? UInt64(min(Double(cost) * slowdown, 1e18)) : cost
  }

  /// Predicted processor nanoseconds for all that is queued or running, with the fixed parts
  /// of as many full batches as will be needed.
  package func backlog(now: UInt64) -> UInt64 {
    let share = queuedCost / UInt64(limits.threadCount)
    let units = max(1, fullBatch(share: share) - batchFixedCost)
    let batches = (queuedCost + units - 1) / units
    return queuedCost + batches * batchFixedCost + runningCost(now: now)
  }
}
