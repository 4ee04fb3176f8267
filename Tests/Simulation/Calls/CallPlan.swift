package import Wire

/// A call as its caller means it.
package struct CallPlan: Sendable {
  package var caller: UInt64
  package var priority: Priority
  /// Nanoseconds after its arrival; nil is never.
  package var budget: Int64?
  package var pin: String
  package var inputs: [SimulatedText]
  /// Whether equal calls may share its answer.
  package var isShared: Bool
  /// Nanoseconds after its arrival.
  package var cancelAfter: Int64?

  package init(
    caller: UInt64 = 0, priority: Priority = .interactive, budget: Int64? = nil, pin: String = "",
    inputs: [SimulatedText], isShared: Bool = false, cancelAfter: Int64? = nil
  ) {
    self.caller = caller
    self.priority = priority
    self.budget = budget
    self.pin = pin
    self.inputs = inputs
    self.isShared = isShared
    self.cancelAfter = cancelAfter
  }

  package var byteCount: Int { inputs.reduce(0) { $0 + $1.byteCount } }
}
