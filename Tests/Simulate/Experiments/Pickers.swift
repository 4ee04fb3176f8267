internal import Coordination
internal import Simulation

/// A thousand workers of uneven speed: how close does the choice of a worker come to one queue?
struct Pickers {
  private static let workers = 1_000
  private static let callCount = 600_000

  func run() -> [Figures] {
    [0.7, 0.85, 0.95].map { measure(load: $0) }
  }

  private func measure(load: Double) -> Figures {
    var figures = Figures(
      name: "pickers at \(Int(load * 100)) %",
      text:
        "Calls of one text, lengths with a heavy tail, to 1,000 workers whose speeds are evenly "
        + "spread from ½ to 1½; \(Int(load * 100)) % of what they can compute is asked for. "
        + "Milliseconds from asking to answer.",
      columns: ["mean", "p50", "p99", "p99.9"], decimals: [2, 2, 1, 1])
    var random = SplitMix64(seed: 11)
    let speeds = (0..<Self.workers).map { _ in random.between(0.5, 1.5) }
    for picker in Picker.allCases {
      var run = PickerRun(
        picker, speeds: speeds, share: load, callCount: Self.callCount, seed: 17)
      run.run()
      // Without the time until the queues are as long as they will be.
      let latencies = Sorted(Array(run.latencies.dropFirst(Self.callCount / 3)))
      figures.rows.append(
        Figures.Row(
          name: picker.name,
          values: [latencies.mean, latencies[50], latencies[99], latencies[99.9]]))
    }
    return figures
  }
}
