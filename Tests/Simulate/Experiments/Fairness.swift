internal import Coordination
internal import Simulation
internal import Wire

/// A caller with many calls open beside one that has one.
struct Fairness {
  private static let length: Int64 = 30_000_000_000

  func run() -> Figures {
    var figures = Figures(
      name: "fairness",
      text:
        "Two bulk callers, one with 100 calls open and the other with few, 4 workers; each sends "
        + "its next call when one is answered. Share of compute. One that waits for its last piece "
        + "before it sends its next call cannot use its share meanwhile.",
      columns: ["of the one with 100, %", "of the other, %", "other's median latency, ms"],
      decimals: [1, 1, 1])
    for (name, size, others) in [
      ("calls of 200 texts, 1 open", 200, 1), ("calls of 200 texts, 2 open", 200, 2),
      ("calls of 20 texts, 1 open", 20, 1), ("calls of 20 texts, 4 open", 20, 4),
      ("calls of one text, 1 open", 1, 1), ("calls of one text, 16 open", 1, 16),
    ] {
      let values = measure(size: size, others: others)
      figures.rows.append(Figures.Row(name: name, values: values))
      if size == 200, others == 2 {
        figures.targets.append(
          ("2 open calls of 200 texts: each has at least 45 %", values[1] >= 45 && values[0] >= 45))
      }
    }
    return figures
  }

  private func measure(size: Int, others: Int) -> [Double] {
    var texts = Texts(seed: 3)
    let inputs = (0..<64).map { _ in texts.texts(size) }
    var scenario = Scenario.steady(speeds: [1, 1, 1, 1], seed: 3)
    for index in 0..<(100 + others) {
      scenario.calls.append(
        (
          Int64(index),
          CallPlan(caller: index < 100 ? 1 : 2, priority: .bulk, inputs: inputs[index % 64])
        ))
    }
    let simulation = Simulation(scenario)
    simulation.callEnded = { simulation, number in
      var plan = simulation.records[number].plan
      plan.inputs = inputs[number % 64]
      let wait: Int64 = simulation.records[number].isAnswered ? 1 : 10_000_000
      simulation.submit(plan, at: simulation.now + wait)
    }
    simulation.run(until: Scenario.start)
    let before = compute(simulation)
    simulation.run(until: Scenario.start + Self.length)
    let after = compute(simulation)
    let shares = [after[0] - before[0], after[1] - before[1]]
    let latencies = Sorted(
      simulation.records
        .filter { $0.plan.caller == 2 && $0.isAnswered && $0.arrival >= Scenario.start }
        .map { Double($0.latency) / 1e6 })
    let all = shares[0] + shares[1]
    return [100 * shares[0] / all, 100 * shares[1] / all, latencies[50]]
  }

  private func compute(_ simulation: Simulation) -> [Double] {
    simulation.records.reduce(into: [0, 0]) { sums, record in
      sums[record.plan.caller == 1 ? 0 : 1] += Double(record.compute)
    }
  }
}
