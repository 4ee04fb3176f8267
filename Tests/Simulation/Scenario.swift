package import Coordination

/// All that decides a run: who computes, what is asked when, and what goes wrong.
package struct Scenario: Sendable {
  package var seed: UInt64
  package var configuration = SchedulerConfiguration()
  package var truth = ComputeTruth()
  package var network = NetworkProfile()
  package var workers: [WorkerProfile] = []
  package var calls: [(time: Int64, plan: CallPlan)] = []
  package var faults: [(time: Int64, fault: Fault)] = []
  /// Whether answers are kept for later equal inputs.
  package var keepsAnswers = false
  /// How often the scheduler looks at the time.
  package var tickInterval: Int64 = 20_000_000
  /// Calls with at least this much time have no excuse: nothing that goes wrong lasts so long.
  package var generousBudget: Int64 = 120_000_000_000
  /// Whether accounts are looked at.
  package var isChecked = true
  /// After each so many steps: what is wrong stays wrong.
  package var checkInterval = 1

  package init(seed: UInt64) {
    self.seed = seed
  }

  /// Whether workers die of anything but poison.
  var hasCrashes: Bool {
    faults.contains {
      if case .crash = $0.fault { true } else { false }
    }
  }
}
