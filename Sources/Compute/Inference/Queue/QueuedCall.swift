/// Names a call inside one engine, in the order of submission.
package typealias CallID = UInt64

/// What one unit of a call (an input, or a text of a pair) is predicted to be.
package struct UnitEstimate: Sendable, Equatable {
  /// Predicted nanoseconds of one compute thread.
  package var cost: UInt64
  /// Tokens, predicted until the unit is tokenised.
  package var tokens: Int

  /// An estimate.
  package init(cost: UInt64, tokens: Int) {
    self.cost = cost
    self.tokens = tokens
  }
}

/// Units of one call that a thread has taken. Units are numbered from 0 within their call.
package struct Selection: Sendable, Equatable {
  /// The call.
  package var call: CallID
  /// Units that are tokenised already.
  package var ready: [Int] = []
  /// Units that the taker must tokenise first.
  package var raw: Range<Int> = 0..<0
  /// Predicted nanoseconds of all of them.
  package var cost: UInt64 = 0

  /// How many units.
  package var count: Int { ready.count + raw.count }
}

/// The room that is left in a batch while it is put together.
struct BatchRoom: Sendable {
  /// Where the batch would best end.
  let costTarget: UInt64
  let tokensMax: Int
  let unitsMax: Int
  private(set) var cost: UInt64 = 0
  private(set) var tokens = 0
  private(set) var units = 0
  /// Whether a unit did not fit: the batch is closed, so that order is kept.
  private(set) var isClosed = false

  init(costTarget: UInt64, tokensMax: Int, unitsMax: Int) {
    self.costTarget = costTarget
    self.tokensMax = tokensMax
    self.unitsMax = unitsMax
  }

  /// Takes the unit in, or closes the batch. The first unit always fits, and the last is the one
  /// that brings the batch closest to its target.
  mutating func takes(_ unit: UnitEstimate) -> Bool {
    guard !isClosed else { return false }
    let fits =
      units == 0
      || (cost + unit.cost / 2 <= costTarget && tokens + unit.tokens <= tokensMax
        && units < unitsMax)
    guard fits else {
      isClosed = true
      return false
    }
    cost += unit.cost
    tokens += unit.tokens
    units += 1
    return true
  }
}

/// A call in the queue: which of its units wait, are being tokenised, or are ready to compute.
struct QueuedCall: Sendable {
  /// A tokenised unit.
  struct ReadyUnit: Sendable {
    var index: Int
    var estimate: UnitEstimate
  }

  let id: CallID
  let priority: CallPriority
  let deadline: UInt64?
  let arrival: UInt64
  /// Held until the call is answered.
  let bytes: Int
  /// Whether the units are only tokenised.
  let tokenizeOnly: Bool
  /// Estimates of all units, by which those in raw and tokenising state are accounted.
  let estimates: [UnitEstimate]

  /// Units from here on are raw.
  private(set) var rawStart = 0
  /// Tokenised units in `ready[readyStart...]`.
  private(set) var ready: [ReadyUnit] = []
  private(set) var readyStart = 0
  /// Units at a tokenising thread.
  private(set) var tokenizing = 0
  /// Units without a result.
  private(set) var unfinished: Int
  /// Predicted cost of units in the queue: raw, at a tokenising thread, or ready.
  private(set) var queuedCost: UInt64
  /// Predicted cost of the ready ones among them.
  private(set) var readyCost: UInt64 = 0

  init(
    id: CallID, priority: CallPriority, deadline: UInt64?, arrival: UInt64, bytes: Int,
    tokenizeOnly: Bool, estimates: [UnitEstimate]
  ) {
    self.id = id
    self.priority = priority
    self.deadline = deadline
    self.arrival = arrival
    self.bytes = bytes
    self.tokenizeOnly = tokenizeOnly
    self.estimates = estimates
    unfinished = estimates.count
    queuedCost = estimates.reduce(0) { $0 + $1.cost }
  }

  /// What the call adds to the accounts of its line.
  var counts: QueueCounts {
    QueueCounts(
      queuedCost: queuedCost, readyCost: readyCost, queuedUnits: queuedCount,
      takeableUnits: takeableCount, rawUnits: tokenizeOnly ? 0 : rawCount,
      rawTokenizeOnlyUnits: tokenizeOnly ? rawCount : 0)
  }

  var rawCount: Int { estimates.count - rawStart }
  var readyCount: Int { ready.count - readyStart }
  /// Units that a compute thread may take now.
  var takeableCount: Int { rawCount + readyCount }
  /// Units in the queue.
  var queuedCount: Int { takeableCount + tokenizing }

  /// Takes units for a batch: ready ones first, then raw ones in order.
  mutating func take(_ room: inout BatchRoom) -> Selection {
    var selection = Selection(call: id)
    let costBefore = room.cost
    while readyStart < ready.count, room.takes(ready[readyStart].estimate) {
      readyCost = readyCost.minus(ready[readyStart].estimate.cost)
      selection.ready.append(ready[readyStart].index)
      readyStart += 1
    }
    if readyStart == ready.count {
      ready.removeAll(keepingCapacity: true)
      readyStart = 0
    }
    let first = rawStart
    while rawStart < estimates.count, room.takes(estimates[rawStart]) {
      rawStart += 1
    }
    selection.raw = first..<rawStart
    selection.cost = room.cost - costBefore
    queuedCost = queuedCost.minus(selection.cost)
    return selection
  }

  /// Takes raw units for a tokenising thread. They stay in the queue's accounts.
  mutating func takeRaw(_ room: inout BatchRoom) -> Selection {
    let first = rawStart
    let costBefore = room.cost
    while rawStart < estimates.count, room.takes(estimates[rawStart]) {
      rawStart += 1
    }
    tokenizing += rawStart - first
    return Selection(call: id, raw: first..<rawStart, cost: room.cost - costBefore)
  }

  /// A unit came back from a tokenising thread and can be computed.
  mutating func becameReady(_ index: Int, _ estimate: UnitEstimate) {
    tokenizing -= 1
    queuedCost = queuedCost.minus(estimates[index].cost) + estimate.cost
    readyCost += estimate.cost
    ready.append(ReadyUnit(index: index, estimate: estimate))
  }

  /// A unit came back from a tokenising thread with its result: tokens, or an error.
  mutating func finishedTokenizing(_ index: Int) {
    tokenizing -= 1
    unfinished -= 1
    queuedCost = queuedCost.minus(estimates[index].cost)
  }

  /// `count` units that were taken for a batch have their results.
  mutating func finished(_ count: Int) {
    unfinished -= count
  }
}
