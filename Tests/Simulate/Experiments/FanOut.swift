internal import Simulation
internal import Wire

/// One large call over workers of unequal speed: do they end together?
struct FanOut {
  func run() -> Figures {
    var figures = Figures(
      name: "fan-out",
      text: "One call of 1,000 texts with a heavy tail of lengths; 20 runs each. Spread: from the "
        + "first worker's end to the last one's, of the whole time.",
      columns: ["time, ms", "spread, %", "worst spread, %", "speed-up over one worker"],
      decimals: [0, 1, 1, 2])
    let one = measure([1])
    for (name, speeds) in [
      ("1 worker", [1.0]), ("3 workers, 1 : 1 : ½", [1, 1, 0.5]),
      ("4 equal workers", [1, 1, 1, 1]),
      ("8 workers, ¼ to 2", [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2]),
    ] {
      let runs = measure(speeds)
      let times = Sorted(runs.map(\.time))
      let spreads = Sorted(runs.map { 100 * $0.spread })
      let gain = Sorted(one.map(\.time))[50] / times[50]
      figures.rows.append(
        Figures.Row(name: name, values: [times[50] / 1e6, spreads[50], spreads[100], gain]))
      if speeds.count == 3 {
        figures.targets.append(("spread at 1 : 1 : ½ at most 5 %", spreads[50] <= 5))
      }
      if name.hasPrefix("4") {
        figures.targets.append(("4 equal workers at least 3.5 times as fast as one", gain >= 3.5))
      }
    }
    return figures
  }

  private func measure(_ speeds: [Double]) -> [(time: Double, spread: Double)] {
    (0..<20).map { seed in
      var texts = Texts(seed: UInt64(seed) + 100)
      var scenario = Scenario.steady(speeds: speeds, seed: UInt64(seed))
      // What the workers need has been learned before.
      scenario.calls = (0..<10).map {
        (1_000_000_000 * Int64($0) / 2, CallPlan(priority: .bulk, inputs: texts.texts(50)))
      }
      scenario.calls.append(
        (Scenario.start, CallPlan(priority: .bulk, inputs: texts.texts(1_000))))
      let simulation = Simulation(scenario)
      simulation.run()
      guard let call = simulation.records.last else { return (0, 0) }
      let ends = simulation.lastComputed.map { Double($0 - call.arrival) }
      let time = Double(call.latency)
      return (time, ((ends.max() ?? 0) - (ends.min() ?? 0)) / time)
    }
  }
}
