package import Coordination
package import Wire

/// What became of a call: the truth that answers are compared with.
package struct CallRecord: Sendable {
  package enum Outcome: Sendable, Equatable {
    case open
    case answered
    case failed(Status)
    /// Not let in.
    case refused(Status)
    case cancelled
  }

  package let plan: CallPlan
  package let arrival: Int64
  package internal(set) var id: Scheduler.CallID?
  package internal(set) var outcome = Outcome.open
  package internal(set) var end: Int64 = 0
  /// Whether the relay holds it no longer.
  var isClosed = false
  /// Whether it is cut, so that `slots` are its inputs'.
  var isSplit = false
  var slots: [Value?] = []
  var failedInputs: Set<Int> = []
  /// Nanoseconds of compute that were spent on its pieces, useful or not.
  package internal(set) var compute: Int64 = 0
  /// Losses that a failure may be explained by.
  var losses = 0
  var faults = 0
  /// The equal call that it is answered with.
  var leader: Int?
  var sharedKey: SharedCallKey?
  var inputKeys: [SharedInputKey] = []

  init(plan: CallPlan, arrival: Int64) {
    self.plan = plan
    self.arrival = arrival
  }

  package var deadline: Int64 { plan.budget.map { arrival + $0 } ?? .max }
  package var latency: Int64 { end - arrival }
  package var isAnswered: Bool { outcome == .answered }

  mutating func forget() {
    slots = Array(repeating: nil, count: plan.inputs.count)
    failedInputs = []
  }
}

struct SharedCallKey: Hashable, Sendable {
  var inputs: [Int]
  var pin: String
}

struct SharedInputKey: Hashable, Sendable {
  var input: Int
  var pin: String
}
