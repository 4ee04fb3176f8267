internal import Coordination
internal import Simulation
internal import Wire

/// Interactive calls while bulk calls take all that is left.
struct Priorities {
  private static let length: Int64 = 30_000_000_000

  func run() -> Figures {
    var figures = Figures(
      name: "priorities",
      text: "Interactive calls of one text of 2 to 8 ms at 10, 30 and 60 % of the capacity of 4 "
        + "workers, alone and while two callers always have a bulk call of 1,000 texts open.",
      columns: ["p50, ms", "p99, ms", "p99 over that alone", "workers busy, %"],
      decimals: [1, 1, 2, 1])
    for load in [0.1, 0.3, 0.6] {
      let alone = measure(load: load, hasBulk: false)
      let beside = measure(load: load, hasBulk: true)
      let ratio = beside.latencies[99] / alone.latencies[99]
      let name = "\(Int(load * 100)) %"
      figures.rows.append(
        Figures.Row(
          name: "\(name) alone",
          values: [alone.latencies[50], alone.latencies[99], 1, alone.busy]))
      figures.rows.append(
        Figures.Row(
          name: "\(name) beside bulk",
          values: [beside.latencies[50], beside.latencies[99], ratio, beside.busy]))
      figures.targets.append(("\(name): p99 beside bulk at most 3 times that alone", ratio <= 3))
    }
    return figures
  }

  private func measure(load: Double, hasBulk: Bool) -> (latencies: Sorted, busy: Double) {
    var texts = Texts(seed: 7)
    let workers = 4
    var scenario = Scenario.steady(speeds: Array(repeating: 1, count: workers), seed: 7)
    let warm = Scenario.start
    var time: Int64 = 0
    while time < warm + Self.length {
      let text = texts.text(cost: texts.random.time(2_000_000, 8_000_000))
      time += Int64(texts.random.exponential(mean: 5e6 / Double(workers) / load))
      scenario.calls.append((time, CallPlan(caller: 9, inputs: [text])))
    }
    if hasBulk {
      for caller in 1...2 {
        scenario.calls.append(
          (0, CallPlan(caller: UInt64(caller), priority: .bulk, inputs: texts.texts(1_000))))
      }
    }
    let simulation = Simulation(scenario)
    simulation.callEnded = { simulation, number in
      let plan = simulation.records[number].plan
      guard plan.priority == .bulk else { return }
      simulation.submit(plan, at: simulation.now + 1)
    }
    simulation.run(until: warm)
    let before = simulation.computed
    simulation.run(until: warm + Self.length)
    let computed = Double(simulation.computed - before)
    let latencies = simulation.records
      .filter { $0.plan.priority == .interactive && $0.arrival >= warm && $0.isAnswered }
      .map { Double($0.latency) / 1e6 }
    return (Sorted(latencies), 100 * computed / Double(workers) / Double(Self.length))
  }
}
