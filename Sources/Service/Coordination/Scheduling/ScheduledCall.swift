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
  /// Units that are not done or dropped.
  package internal(set) var remaining: Int
  /// Units that were never sent, cheapest first: taken from the end.
  var pending: [Int32]
  var pendingCost: Int64
  /// Lost units on their way to another worker.
  var requeued: [RequeuedUnits] = []
  var pieces: [Piece.ID] = []
  /// Once the first piece of a call that is cut was sent: one answer never mixes two.
  package internal(set) var fingerprint: Int?
  var restarts = 0
  /// Whether somebody waits for the call itself, and not only for units that it shares.
  package internal(set) var hasCaller = true
  /// Calls that wait for this one's answer, for they are equal.
  package internal(set) var followers: [ID] = []
  /// The equal call that is waited for.
  package internal(set) var leader: ID?
  /// When its first piece went out.
  package internal(set) var sentAt: Int64?

  package var isSplit: Bool { !request.costs.isEmpty }
  package var unitCount: Int { units.count }
  var hasPending: Bool { !pending.isEmpty || !requeued.isEmpty }

  init(_ request: CallRequest, now: Int64) {
    self.request = request
    arrival = now
    deadline = request.deadline
    priority = request.priority
    let count = request.costs.isEmpty ? 1 : request.costs.count
    units = Array(repeating: .pending, count: count)
    remaining = count
    pending = (0..<Int32(count)).map { $0 }
    pendingCost = request.cost
    if count > 1 {
      let costs = request.costs
      pending.sort { (costs[Int($0)], $1) < (costs[Int($1)], $0) }
      pendingCost = costs.reduce(0, +)
    }
  }

  /// Predicted nanoseconds of a unit.
  func cost(of unit: Int32) -> Int64 {
    request.costs.isEmpty ? request.cost : request.costs[Int(unit)]
  }

  /// Takes the units in those states out of what waits to be sent for the first time.
  mutating func dropPending(_ isOver: (UnitState) -> Bool) {
    let states = units
    pending.removeAll { isOver(states[Int($0)]) }
    pendingCost = pending.reduce(0) { $0 + cost(of: $1) }
  }

  func cost(of units: [Int32]) -> Int64 {
    units.reduce(0) { $0 + cost(of: $1) }
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

/// Units that came back from a worker without an answer.
struct RequeuedUnits: Sendable {
  var units: [Int32]
  var cost: Int64
  /// Workers that lost or refused them.
  var tried: [Int]
  /// They are sent to a worker that has nothing else, and it gets nothing else meanwhile.
  var isAlone = false
  /// Not before this time.
  var notBefore: Int64 = .min
  /// Whether sending them again is on the retry budget.
  var isCounted = false
}

/// A part of a call that goes to a worker.
package struct Piece: Sendable {
  package typealias ID = SlotTable<Piece>.ID

  /// A worker that has the piece.
  struct Holder: Sendable {
    var worker: Int
    var sent: Int64
    /// When its answer is late.
    var lateAfter: Int64
    /// When a second worker may be asked as well; `.max` is never.
    var hedgeAfter: Int64
    var isLate = false
  }

  package let call: ScheduledCall.ID
  /// Longest first.
  package let units: [Int32]
  /// Predicted nanoseconds of one compute thread.
  package let cost: Int64
  package let priority: Priority
  var tried: [Int]
  let isAlone: Bool
  var holders: [Holder] = []
  /// Whether it was sent to a second worker already.
  var isDoubled = false

  func isHeld(by worker: Int) -> Bool { holders.contains { $0.worker == worker } }
}
