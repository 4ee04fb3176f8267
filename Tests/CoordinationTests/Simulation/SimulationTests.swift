import Coordination
import Glibc
import Simulation
import Testing

@Suite("Runs in which anything may go wrong")
struct SimulationTests {
  /// One run by its seed, told in full: `MILLPOND_SIM_SEED=123 swift test …`.
  private static let onlySeed = getenv("MILLPOND_SIM_SEED").flatMap { UInt64(String(cString: $0)) }
  private static let seedsEach: UInt64 = 250

  @Test("keep every promise to callers, and every account", arguments: 0..<12)
  func random(part: UInt64) {
    let seeds = part * Self.seedsEach..<(part + 1) * Self.seedsEach
    if let seed = Self.onlySeed {
      guard part == 0 else { return }
      return print(run(seed, checkInterval: 1, traced: 1_000_000).report)
    }
    for seed in seeds { _ = run(seed, checkInterval: 4, traced: 80) }
  }

  private func run(_ seed: UInt64, checkInterval: Int, traced: Int) -> Simulation {
    var scenario = Scenario.random(seed: seed)
    scenario.checkInterval = checkInterval
    let simulation = Simulation(scenario, traced: traced)
    simulation.run()
    #expect(
      simulation.violation == nil,
      "rerun with MILLPOND_SIM_SEED=\(seed)\n\(simulation.report)")
    return simulation
  }

  @Test("are the same each time")
  func repeatable() {
    for seed: UInt64 in 0..<20 {
      let ends = (0..<2).map { _ in
        let simulation = Simulation(.random(seed: seed))
        simulation.run()
        return "\(simulation.steps) \(simulation.now) \(simulation.scheduler.counts)"
      }
      #expect(ends[0] == ends[1])
    }
  }

  @Test("answer every call where nothing goes wrong and there is time")
  func calm() {
    for seed: UInt64 in 1_000..<1_100 {
      var scenario = Scenario.random(seed: seed)
      scenario.faults = []
      scenario.configuration = SchedulerConfiguration()
      for index in scenario.workers.indices { scenario.workers[index].waitMax = 2_000_000_000 }
      scenario.calls = scenario.calls.filter { call in
        call.plan.inputs.allSatisfy { $0.kind == .plain } && call.plan.pin.isEmpty
      }
      for index in scenario.calls.indices {
        scenario.calls[index].time *= 3
        scenario.calls[index].plan.budget = 120_000_000_000
        scenario.calls[index].plan.cancelAfter = nil
      }
      let simulation = Simulation(scenario)
      simulation.run()
      #expect(simulation.violation == nil, "\(simulation.report)")
      #expect(simulation.records.allSatisfy { $0.isAnswered }, "seed \(seed)")
      #expect(simulation.scheduler.counts.retriedPieces == 0)
    }
  }
}
