/// Work for a compute thread: units of one or more calls.
package struct BatchPlan: Sendable, Equatable {
  /// The units, in order of service.
  package var selections: [Selection]
  /// Predicted nanoseconds of the batch.
  package var cost: UInt64
  /// The class that all of them belong to.
  package var priority: CallPriority
}

extension BatchQueue {
  /// The next batch for `thread`, of `priority` where one is given, or nil when no unit can be
  /// taken. Deadlines are the caller's business: `removeExpired` first.
  package mutating func takeBatch(
    thread: Int, of priority: CallPriority? = nil, now: UInt64
  ) -> BatchPlan? {
    guard let priority = priority ?? nextPriority(now: now) else { return nil }
    var room = BatchRoom(
      costTarget: costTarget(priority, now: now), tokensMax: limits.batchTokensMax,
      unitsMax: limits.batchUnitsMax)
    var selections: [Selection] = []
    visit(priority) { queue, id in
      let selection = queue.update(id) { $0.take(&room) }
      if let selection, selection.count > 0 { selections.append(selection) }
      return !room.isClosed
    }
    guard !selections.isEmpty else { return nil }
    if priority == .bulk { bulkServed = now }
    let cost = room.cost + batchFixedCost
    batchStarted(thread: thread, cost: cost, now: now)
    return BatchPlan(selections: selections, cost: cost, priority: priority)
  }

  /// The class that the next batch belongs to, or nil when no unit can be taken.
  private func nextPriority(now: UInt64) -> CallPriority? {
    let interactive = lines[CallPriority.interactive.rawValue].counts.takeableUnits > 0
    let bulk = lines[CallPriority.bulk.rawValue].counts.takeableUnits > 0
    guard interactive, bulk else { return interactive ? .interactive : bulk ? .bulk : nil }
    let waited = now.minus(max(bulkServed, bulkArrival))
    return waited >= limits.bulkPatience ? .bulk : .interactive
  }

  /// When the oldest bulk call arrived that still has queued units.
  private var bulkArrival: UInt64 {
    let ids = lines[CallPriority.bulk.rawValue].ids
    for position in 0..<ids.count {
      if let call = calls[ids[position]], call.queuedCount > 0 { return call.arrival }
    }
    return 0
  }

  /// Where the units of a batch taken now should end: at the batch time, or earlier, where all
  /// threads finish what is left of the class and what runs already at the same time.
  private func costTarget(_ priority: CallPriority, now: UInt64) -> UInt64 {
    let left = lines[priority.rawValue].counts.queuedCost + runningCost(now: now)
    let share = left / UInt64(limits.threadCount)
    return min(
      fullBatch(share: share) - batchFixedCost, max(limits.batchCostMin, batchFixedCost, share))
  }

  /// Raw units for a tokenising thread, or nil when there are none or enough is ready.
  package mutating func takeRaw() -> Selection? {
    var taken: Selection?
    for priority in CallPriority.allCases where taken == nil && wantsTokenizing(priority) {
      let enoughIsReady = lines[priority.rawValue].counts.readyCost >= limits.tokenizeAhead
      visit(priority) { queue, id in
        guard let call = queue.calls[id], call.rawCount > 0 else { return true }
        guard call.tokenizeOnly || !enoughIsReady else { return true }
        var room = BatchRoom(costTarget: .max / 2, tokensMax: 1024, unitsMax: 32)
        taken = queue.update(id) { $0.takeRaw(&room) }
        return false
      }
    }
    return taken
  }

  /// Whether a tokenising thread would find work.
  package var wantsTokenizing: Bool {
    CallPriority.allCases.contains { wantsTokenizing($0) }
  }

  /// Whether a tokenising thread would find work in a class.
  private func wantsTokenizing(_ priority: CallPriority) -> Bool {
    let counts = lines[priority.rawValue].counts
    return counts.rawTokenizeOnlyUnits > 0
      || (counts.rawUnits > 0 && counts.readyCost < limits.tokenizeAhead)
  }

  /// A unit is tokenised and ready to compute. Ignored when its call is gone.
  package mutating func unitReady(_ id: CallID, index: Int, _ estimate: UnitEstimate) {
    update(id) { $0.becameReady(index, estimate) }
  }

  /// A unit has its result after tokenising. Forgets the call after its last one; ignored when the
  /// call is gone.
  package mutating func unitFinishedTokenizing(_ id: CallID, index: Int) {
    update(id) { $0.finishedTokenizing(index) }
    removeIfAnswered(id)
  }

  /// Visits the calls of a class with queued units in order of arrival until `body` returns
  /// false, dropping those without at the front.
  private mutating func visit(
    _ priority: CallPriority, _ body: (inout BatchQueue, CallID) -> Bool
  ) {
    let line = priority.rawValue
    var position = 0
    while position < lines[line].ids.count {
      let id = lines[line].ids[position]
      let goesOn = (calls[id]?.queuedCount ?? 0) == 0 || body(&self, id)
      if position == 0, (calls[id]?.queuedCount ?? 0) == 0 {
        lines[line].ids.removeFirst()
      } else {
        position += 1
      }
      if !goesOn { return }
    }
  }
}
