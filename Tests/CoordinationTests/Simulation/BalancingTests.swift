import Coordination
import Simulation
import Testing
import Wire

/// The figures that are promised, by runs that are shorter than those of `simulate`.
@Suite("Balancing, simulated")
struct BalancingTests {
  private let second: Int64 = 1_000_000_000
  private let truth = ComputeTruth()

  private func scenario(speeds: [Double], noise: Double = 0.1) -> Scenario {
    var scenario = Scenario(seed: 1)
    scenario.isChecked = false
    scenario.workers = speeds.map { speed in
      var profile = WorkerProfile()
      profile.speed = speed
      profile.noise = noise
      return profile
    }
    return scenario
  }

  private func texts(_ count: Int, _ random: inout SplitMix64) -> [SimulatedText] {
    (0..<count).map { identity in
      let bytes = Int(min(random.logNormal(median: 200, sigma: 1), 2_000)) + 1
      return SimulatedText(identity: identity, byteCount: bytes, truth: truth)
    }
  }

  @Test("unequal workers end a large call together")
  func endsTogether() throws {
    var random = SplitMix64(seed: 5)
    var scenario = scenario(speeds: [1, 1, 0.5])
    for turn in 0..<10 {
      scenario.calls.append((Int64(turn) * second / 2, CallPlan(inputs: texts(50, &random))))
    }
    scenario.calls.append((6 * second, CallPlan(inputs: texts(1_000, &random))))
    let simulation = Simulation(scenario)
    simulation.run()
    let call = try #require(simulation.records.last)
    let ends = simulation.lastComputed
    let spread = Double((ends.max() ?? 0) - (ends.min() ?? 0)) / Double(call.latency)
    #expect(call.isAnswered && spread <= 0.05)
  }

  @Test("twice too many calls with short deadlines: those that can be answered are, and no others")
  func overload() {
    var random = SplitMix64(seed: 6)
    var scenario = scenario(speeds: [1, 1, 1, 1], noise: 0.15)
    let start = 6 * second
    let end = 10 * second
    var time: Int64 = 0
    while time < end {
      let bytes = random.int(280...400)
      let input = SimulatedText(identity: scenario.calls.count, byteCount: bytes, truth: truth)
      let load = time < start ? 0.5 : 2
      time += Int64(random.exponential(mean: Double(input.cost) / 4 / load))
      scenario.calls.append((time, CallPlan(budget: 100_000_000, inputs: [input])))
    }
    let simulation = Simulation(scenario)
    simulation.run(until: start)
    let before = simulation.computed
    simulation.run(until: end)
    let useful = simulation.records
      .filter { $0.arrival >= start && $0.isAnswered && $0.end <= min($0.deadline, end) }
      .reduce(0) { $0 + $1.compute }
    #expect(Double(useful) >= 0.95 * Double(4 * (end - start)))
    #expect(Double(useful) >= 0.97 * Double(simulation.computed - before))
  }

  @Test("interactive calls beside bulk ones take less than three times as long")
  func priorities() throws {
    let p99 = { (hasBulk: Bool) -> Double in
      var random = SplitMix64(seed: 7)
      var scenario = scenario(speeds: [1, 1, 1, 1])
      var time: Int64 = 0
      while time < 10 * second {
        let input = SimulatedText(
          identity: scenario.calls.count, byteCount: random.int(100...500), truth: truth)
        time += Int64(random.exponential(mean: 4_000_000))
        scenario.calls.append((time, CallPlan(caller: 9, inputs: [input])))
      }
      if hasBulk {
        scenario.calls.append(
          (0, CallPlan(caller: 1, priority: .bulk, inputs: texts(1_000, &random))))
      }
      let simulation = Simulation(scenario)
      simulation.callEnded = { simulation, number in
        let plan = simulation.records[number].plan
        if plan.priority == .bulk { simulation.submit(plan, at: simulation.now + 1) }
      }
      simulation.run(until: 10 * second)
      let latencies = simulation.records
        .filter { $0.plan.priority == .interactive && $0.isAnswered && $0.arrival > 5 * second }
        .map(\.latency).sorted()
      return Double(latencies[latencies.count * 99 / 100])
    }
    #expect(p99(true) <= 3 * p99(false))
  }
}
