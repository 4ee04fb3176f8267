package import Wire

/// What the scheduler is told of a call: numbers only.
package struct CallRequest: Sendable {
  /// Who asks: calls of one caller share its turns.
  package var caller: UInt64
  package var priority: Priority
  /// When the answer is of no use any more, in nanoseconds; `.max` is never.
  package var deadline: Int64
  /// Only workers of this fingerprint may answer; empty is any.
  package var pin: String
  package var inputCount: Int
  /// Bytes of the request.
  package var byteCount: Int
  /// Predicted nanoseconds of one compute thread for all of it.
  package var cost: Int64
  /// The same of each input, for a call that is cut; empty for one that is sent whole.
  package var costs: [Int64]

  package init(
    caller: UInt64 = 0, priority: Priority = .interactive, deadline: Int64 = .max,
    pin: String = "", inputCount: Int, byteCount: Int, cost: Int64, costs: [Int64] = []
  ) {
    self.caller = caller
    self.priority = priority
    self.deadline = deadline
    self.pin = pin
    self.inputCount = inputCount
    self.byteCount = byteCount
    self.cost = cost
    self.costs = costs
  }
}

/// A call from its admission until its answer.
///
/// It is made of units: what is sent, answered and waited for as one. A call that is cut has one for
/// each input, another has one for all of it.
package struct ScheduledCall: Sendable {
  package typealias ID = SlotTable<ScheduledCall>.ID

  /// What has become of a unit.
  package enum UnitState: UInt8, Sendable {
    case pending
    /// A worker has it.
    case sent
    case done
    /// It is answered by an error.
    case failed
    /// An equal unit of another call is waited for.
    case following
    /// Nobody waits for it.
    case dropped
  }

  package internal(set) var request: CallRequest
  package let arrival: Int64
  /// Who is waited for: later than the caller's own when others wait for the same.
  package internal(set) var deadline: Int64
  package internal(set) var priority: Priority
  /// Each unit's state.
  package internal(set) var units: [UnitState]
  /// Units that are pending, sent or following.
  package internal(set) var remaining: Int
  /// Units that were never sent, cheapest first: taken from the end.
  package internal(set) var pending: [Int32]
  package internal(set) var pendingCost: Int64
  /// Lost units on their way to another worker.
  package internal(set) var requeued: [RequeuedUnits] = []
  /// Units of which each waits for a worker that has nothing else.
  package internal(set) var alone: [RequeuedUnits] = []
  package internal(set) var pieces: [Piece.ID] = []
  /// How many of the pieces each worker has, of a call that is cut.
  var held: [Int: Int] = [:]
  /// In which it came into the queue first.
  var order: UInt64?
  /// The number of the fingerprint that it is pinned to.
  package internal(set) var pinned: Int?
  /// Once the first piece of a call that is cut was sent: one answer never mixes two.
  package internal(set) var fingerprint: Int?
  var restarts = 0
  /// Whether somebody waits for the call itself, and not only for units that it shares.
  package internal(set) var hasCaller = true
  /// Calls that wait for this one's answer, for they are equal.
  package internal(set) var followers: [ID] = []
  /// The equal call that is waited for.
  package internal(set) var leader: ID?
  /// Of each following unit, the one that is waited for.
  package internal(set) var leaders: [Int32: UnitReference] = [:]
  /// The earliest deadline that workers were told.
  var toldDeadline = Int64.max
  /// Since when no worker is up that may answer it.
  var strandedSince: Int64?

  package var isSplit: Bool { !request.costs.isEmpty }
  package var unitCount: Int { units.count }
  /// Whether it has something that any worker with room may get.
  package var hasPending: Bool { !pending.isEmpty || !requeued.isEmpty }
  /// Only workers of it may answer; nil is any.
  var pool: Int? { fingerprint ?? pinned }

  init(_ request: CallRequest, now: Int64) {
    self.request = request
    arrival = now
    deadline = request.deadline
    priority = request.priority
    let count = request.costs.isEmpty ? 1 : request.costs.count
    units = Array(repeating: .pending, count: count)
    remaining = count
    pending = count == 1 ? [0] : Self.cheapestFirst(Array(0..<Int32(count)), request.costs)
    pendingCost = request.costs.isEmpty ? request.cost : request.costs.reduce(0, +)
  }

  /// A call that waits for an equal one: nothing of it is sent.
  init(_ request: CallRequest, following leader: ID, now: Int64) {
    self.request = request
    arrival = now
    deadline = request.deadline
    priority = request.priority
    units = []
    remaining = 0
    pending = []
    pendingCost = 0
    self.leader = leader
  }

  /// Equal ones so that the first is taken first.
  private static func cheapestFirst(_ units: [Int32], _ costs: [Int64]) -> [Int32] {
    units.sorted { (costs[Int($0)], $1) < (costs[Int($1)], $0) }
  }

  /// Predicted nanoseconds of a unit.
  package func cost(of unit: Int32) -> Int64 {
    request.costs.isEmpty ? request.cost : request.costs[Int(unit)]
  }

  func cost(of units: [Int32]) -> Int64 {
    units.reduce(0) { $0 + cost(of: $1) }
  }

  /// Predicted nanoseconds of all that waits for a worker with room.
  package var waitingCost: Int64 {
    requeued.isEmpty ? pendingCost : pendingCost + requeued.reduce(0) { $0 + $1.cost }
  }

  mutating func addPiece(_ piece: Piece.ID, told deadline: Int64) {
    pieces.append(piece)
    toldDeadline = min(toldDeadline, deadline)
    strandedSince = nil
  }

  mutating func removePiece(_ piece: Piece.ID) {
    guard let index = pieces.firstIndex(of: piece) else { return }
    pieces.swapAt(index, pieces.count - 1)
    pieces.removeLast()
    if pieces.isEmpty { toldDeadline = .max }
  }

  /// Its predicted costs are by that factor other than was thought.
  mutating func restate(by factor: Double) {
    request.cost = request.cost.scaled(by: factor)
    for index in request.costs.indices {
      request.costs[index] = request.costs[index].scaled(by: factor)
    }
    pendingCost = cost(of: pending)
    for index in requeued.indices { requeued[index].cost = cost(of: requeued[index].units) }
    for index in alone.indices { alone[index].cost = cost(of: alone[index].units) }
  }

  /// Takes the units that are no longer pending out of what waits.
  mutating func dropSettled() {
    let states = units
    pending.removeAll { states[Int($0)] != .pending }
    pendingCost = pending.reduce(0) { $0 + cost(of: $1) }
    dropSettled(\.requeued, states)
    dropSettled(\.alone, states)
  }

  private mutating func dropSettled(
    _ list: WritableKeyPath<ScheduledCall, [RequeuedUnits]>, _ states: [UnitState]
  ) {
    guard !self[keyPath: list].isEmpty else { return }
    self[keyPath: list] = self[keyPath: list].compactMap { again in
      var again = again
      again.units.removeAll { states[Int($0)] != .pending }
      again.cost = cost(of: again.units)
      return again.units.isEmpty ? nil : again
    }
  }

  /// Takes the longest units of about so much cost together, at least one.
  mutating func takePending(_ target: Int64) -> (units: [Int32], cost: Int64) {
    var taken: Int64 = 0
    var count = 0
    while count < pending.count {
      let own = cost(of: pending[pending.count - 1 - count])
      guard count == 0 || taken + own <= target else { break }
      taken += own
      count += 1
    }
    let units = Array(pending.suffix(count).reversed())
    pending.removeLast(count)
    pendingCost -= taken
    return (units, taken)
  }

  /// Everything that was answered is to be answered again, by others, if anybody waits for it; what
  /// failed has failed.
  mutating func restart() {
    restarts += 1
    fingerprint = nil
    strandedSince = nil
    requeued = []
    alone = []
    remaining = 0
    let isWanted = hasCaller || !followers.isEmpty
    for index in units.indices {
      if units[index] == .sent || units[index] == .done && isWanted { units[index] = .pending }
      if units[index] == .pending || units[index] == .following { remaining += 1 }
    }
    let waiting = units.indices.filter { units[$0] == .pending }.map(Int32.init)
    pending = isSplit ? Self.cheapestFirst(waiting, request.costs) : waiting
    pendingCost = cost(of: pending)
  }
}

/// A unit of some call.
package struct UnitReference: Hashable, Sendable {
  package var call: ScheduledCall.ID
  package var unit: Int32

  package init(call: ScheduledCall.ID, unit: Int32) {
    self.call = call
    self.unit = unit
  }
}

/// Workers that had units and did not answer them.
package struct Attempts: Sendable {
  /// Those that lost or refused them.
  var workers: [Int] = []
  /// Those of them that failed at them.
  var faulty: [Int] = []
}

/// Units that came back from a worker without an answer.
package struct RequeuedUnits: Sendable {
  package internal(set) var units: [Int32]
  var cost: Int64
  var attempts = Attempts()
  /// They are sent to a worker that has nothing else, and it gets nothing else meanwhile.
  var isAlone = false
  /// Not before this time.
  package internal(set) var notBefore: Int64 = .min
  /// Whether sending them again is on the retry budget.
  var isCounted = false
}
