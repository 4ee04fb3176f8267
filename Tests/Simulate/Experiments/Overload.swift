internal import Coordination
internal import Simulation

/// Twice as many small calls as can be answered, with short deadlines: is compute spent on those that
/// can be?
struct Overload {
  private static let length: Int64 = 20_000_000_000

  func run() -> Figures {
    var figures = Figures(
      name: "overload",
      text:
        "Calls of one text of about 5 ms that must be answered in 100 ms, asked at random times, "
        + "4 workers. Goodput: compute for calls answered in time, of all compute that there is. "
        + "Waste: compute for calls that were not, of all that was spent.",
      columns: ["goodput, %", "waste, %", "answered in time, % of asked", "p99 of those, ms"],
      decimals: [1, 2, 1, 1])
    for (load, noise) in [
      (0.5, 0.15), (0.9, 0.15), (1.2, 0.15), (2, 0), (2, 0.1), (2, 0.2), (5, 0.15),
    ] {
      let values = measure(load: load, noise: noise)
      figures.rows.append(
        Figures.Row(
          name: "\(load.text(decimals: 1)) × capacity, times ± \(Int(noise * 100)) %",
          values: values))
      guard load == 2, noise > 0 else { continue }
      let name = "2 × capacity, ± \(Int(noise * 100)) %"
      figures.targets.append(("\(name): goodput at least 95 %", values[0] >= 95))
      figures.targets.append(("\(name): waste at most 1 %", values[1] <= 1))
    }
    return figures
  }

  private func measure(load: Double, noise: Double) -> [Double] {
    var texts = Texts(seed: 5)
    let workers = 4
    var scenario = Scenario.steady(
      speeds: Array(repeating: 1, count: workers), noise: noise, seed: 5)
    let warm = Scenario.start
    var time: Int64 = 0
    while time < warm + Self.length {
      let text = texts.text(cost: texts.random.time(4_000_000, 6_000_000))
      // The first seconds are calm, so that the workers are known.
      let now = time < warm ? min(load, 0.5) : load
      time += Int64(texts.random.exponential(mean: 5e6 / Double(workers) / now))
      scenario.calls.append((time, CallPlan(budget: 100_000_000, inputs: [text])))
    }
    let simulation = Simulation(scenario)
    simulation.run(until: warm)
    let computedBefore = simulation.computed
    simulation.run(until: warm + Self.length)
    let computed = Double(simulation.computed - computedBefore)
    let measured = simulation.records.filter { $0.arrival >= warm && $0.end <= warm + Self.length }
    let good = measured.filter { $0.isAnswered && $0.end <= $0.deadline }
    let useful = good.reduce(0.0) { $0 + Double($1.compute) }
    let latencies = Sorted(good.map { Double($0.latency) / 1e6 })
    return [
      100 * useful / (Double(workers) * Double(Self.length)), 100 * max(0, 1 - useful / computed),
      100 * Double(good.count) / Double(measured.count), latencies[99],
    ]
  }
}
