import Coordination
import Glibc
import Simulation
import Testing

/// The scheduler against workers, networks and callers that go wrong in every way, each run by its
/// seed alone: the same seed is the same run, step by step.
///
/// `MILLPOND_SIM_SEED=N` runs one seed and prints what happened in it.
@Suite("The scheduler, simulated")
struct SimulationTests {
  private static let seedsOfAPart: UInt64 = 250

  @Test("keeps every rule in every step of thousands of runs", arguments: 0..<12 as Range<UInt64>)
  func seeds(part: UInt64) throws {
    let asked = getenv("MILLPOND_SIM_SEED").flatMap { UInt64(String(cString: $0)) }
    if let asked {
      guard part == 0 else { return }
      let simulation = run(asked, traced: 100_000)
      print(simulation.report)
      #expect(simulation.violation == nil)
      return
    }
    for seed in part * Self.seedsOfAPart..<(part + 1) * Self.seedsOfAPart {
      let simulation = run(seed, traced: 80)
      guard let violation = simulation.violation else { continue }
      Issue.record("seed \(seed): \(violation)\n\(simulation.report)")
    }
  }

  @Test("is the same run for the same seed")
  func repeatable() {
    for seed in 0..<20 as Range<UInt64> {
      let (one, other) = (run(seed, traced: 1), run(seed, traced: 1))
      #expect(one.steps == other.steps)
      #expect(one.now == other.now)
      #expect(one.scheduler.counts == other.scheduler.counts)
    }
  }

  private func run(_ seed: UInt64, traced: Int) -> Simulation {
    var scenario = Scenario.random(seed: seed)
    scenario.checkInterval = 3
    let simulation = Simulation(scenario, traced: traced)
    simulation.run()
    return simulation
  }
}
