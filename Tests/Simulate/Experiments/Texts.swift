internal import Coordination
internal import Simulation

/// Texts whose lengths have a heavy tail, as documents' have.
struct Texts {
  var truth = ComputeTruth()
  var median = 200.0
  var sigma = 1.0
  var byteCountMax = 2_000
  var random: SplitMix64
  private var next = 0

  init(seed: UInt64) {
    random = SplitMix64(seed: seed)
  }

  mutating func text() -> SimulatedText {
    next += 1
    let bytes = Int(min(random.logNormal(median: median, sigma: sigma), Double(byteCountMax)))
    return SimulatedText(identity: next, byteCount: max(1, bytes), truth: truth)
  }

  /// Of that cost, as far as bytes allow.
  mutating func text(cost: Int64) -> SimulatedText {
    next += 1
    var low = 1
    var high = 100_000
    while low < high {
      let middle = (low + high) / 2
      let isBelow = SimulatedText(identity: 0, byteCount: middle, truth: truth).cost < cost
      if isBelow { low = middle + 1 } else { high = middle }
    }
    return SimulatedText(identity: next, byteCount: low, truth: truth)
  }

  mutating func texts(_ count: Int) -> [SimulatedText] { (0..<count).map { _ in text() } }
}

extension Scenario {
  /// Workers of these speeds that have been up for a while.
  static func steady(
    speeds: [Double], noise: Double = 0.1, threads: Int = 1, seed: UInt64
  ) -> Scenario {
    var scenario = Scenario(seed: seed)
    scenario.isChecked = false
    scenario.workers = speeds.map { speed in
      var profile = WorkerProfile()
      profile.speed = speed
      profile.noise = noise
      profile.threads = threads
      return profile
    }
    return scenario
  }

  /// A second after the workers' windows are whole.
  static var start: Int64 { 6_000_000_000 }
}
