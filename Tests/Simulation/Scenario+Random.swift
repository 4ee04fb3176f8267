internal import Coordination
internal import Wire

/// What a run is mostly about, so that what is rare alone comes together.
enum Theme: CaseIterable {
  case anything
  /// Texts that kill workers, callers who do not wait for them.
  case poison
  /// Workers of two fingerprints that come and go.
  case fingerprints
  /// Equal texts, asked for with little time.
  case sharing
}

extension Scenario {
  /// A run in which anything may happen.
  package static func random(seed: UInt64) -> Scenario {
    var random = SplitMix64(seed: seed &* 0x9E37_79B9 &+ 7)
    var scenario = Scenario(seed: seed)
    let theme = random.element(of: Theme.allCases)
    scenario.network.latencyMin = random.time(20_000, 500_000)
    scenario.network.latencyMean = random.time(20_000, 2_000_000)
    scenario.keepsAnswers = random.chance(theme == .fingerprints ? 0.7 : 0.3)
    scenario.configuration = .random(&random)
    let isUniform = random.chance(0.5)
    let few = 1...(theme == .poison ? 3 : 8)
    let count = random.chance(0.1) ? random.int(17...24) : random.int(few)
    scenario.workers = (0..<count).map { _ in .random(theme, isUniform: isUniform, &random) }
    let length = random.time(500_000_000, 3_000_000_000)
    scenario.addCalls(theme, length: length, &random)
    if random.chance(0.85) { scenario.addFaults(theme, length: length, &random) }
    return scenario
  }

  private mutating func addCalls(_ theme: Theme, length: Int64, _ random: inout SplitMix64) {
    let speed = workers.reduce(0) { $0 + Double($1.threads) * $1.speed }
    let load = random.between(theme == .sharing ? 0.7 : 0.1, 1.6)
    let texts = TextSource(theme, truth: truth, &random)
    let style = CallStyle(theme, &random)
    let callsMax = random.int(20...200)
    var time: Int64 = 0
    while calls.count < callsMax {
      let plan = style.call(texts, &random)
      let cost = plan.inputs.reduce(0) { $0 + $1.cost }
      time += Int64(random.exponential(mean: Double(cost) / speed / load))
      if time > length { break }
      calls.append((time, plan))
    }
  }

  private mutating func addFaults(_ theme: Theme, length: Int64, _ random: inout SplitMix64) {
    for _ in 0..<random.int(1...10) {
      let fault = Fault.random(theme, workers: workers.count, &random)
      faults.append((random.time(0, length), fault))
    }
    faults.sort { $0.time < $1.time }
  }
}

extension SchedulerConfiguration {
  static func random(_ random: inout SplitMix64) -> SchedulerConfiguration {
    var configuration = SchedulerConfiguration()
    configuration.hedges = random.chance(0.3)
    if random.chance(0.2) { configuration.callsMax = random.int(2...20) }
    if random.chance(0.2) { configuration.backlogMax = random.time(50_000_000, 2_000_000_000) }
    if random.chance(0.3) { configuration.window = random.time(10_000_000, 100_000_000) }
    if random.chance(0.2) { configuration.scanMax = 2 }
    if random.chance(0.3) { configuration.lateMin = random.time(20_000_000, 300_000_000) }
    if random.chance(0.5) { configuration.stallMax = random.time(300_000_000, 5_000_000_000) }
    return configuration
  }
}

extension WorkerProfile {
  static func random(
    _ theme: Theme, isUniform: Bool, _ random: inout SplitMix64
  ) -> WorkerProfile {
    var profile = WorkerProfile()
    profile.noise = random.between(0, 0.3)
    profile.tellsCosts = random.chance(0.8)
    if random.chance(theme == .fingerprints ? 0.5 : 0.1) { profile.fingerprint = "f1" }
    guard !isUniform else { return profile }
    profile.threads = random.chance(0.3) ? random.int(2...4) : 1
    profile.speed = random.between(0.3, 2)
    profile.batchNanoseconds = random.time(0, 2_000_000)
    profile.waitMax = random.chance(0.2) ? 50_000_000 : 2_000_000_000
    return profile
  }
}

extension Fault {
  static func random(_ theme: Theme, workers: Int, _ random: inout SplitMix64) -> Fault {
    let worker = random.index(below: workers)
    let length = random.time(10_000_000, 3_000_000_000)
    switch theme {
    case .anything, .sharing: return .any(worker, length, &random)
    case .poison:
      // Nothing else kills, so that only what does is found.
      while true {
        let fault = Fault.any(worker, length, &random)
        if case .crash = fault { continue }
        return fault
      }
    case .fingerprints:
      return random.chance(0.4) ? .any(worker, length, &random) : .change(worker, length, &random)
    }
  }

  /// Workers come back with another fingerprint, or not at all.
  private static func change(
    _ worker: Int, _ length: Int64, _ random: inout SplitMix64
  ) -> Fault {
    let fingerprint = random.element(of: ["f0", "f1"])
    let after: Int64? = random.chance(0.6) ? 3 * length : nil
    switch random.index(below: 4) {
    case 0:
      return .crash(
        worker: worker, losesAnswers: random.chance(0.5), restartAfter: after,
        fingerprint: fingerprint)
    case 1: return .drain(worker: worker, restartAfter: after, fingerprint: fingerprint)
    case 2: return .remove(worker: worker)
    default: return .prefer(fingerprint)
    }
  }

  private static func any(_ worker: Int, _ length: Int64, _ random: inout SplitMix64) -> Fault {
    let after: Int64? = random.chance(0.9) ? random.time(5_000_000, 2_000_000_000) : nil
    let fingerprint: String? = random.chance(0.15) ? random.element(of: ["f0", "f1"]) : nil
    switch random.index(below: 11) {
    case 0, 1:
      return .crash(
        worker: worker, losesAnswers: random.chance(0.5), restartAfter: after,
        fingerprint: fingerprint)
    case 2: return .freeze(worker: worker, for: random.chance(0.2) ? 5 * length : length)
    case 3: return .slow(worker: worker, factor: random.between(2, 40), for: length)
    case 4:
      let way = random.int(0...2)
      return .partition(
        worker: worker, to: way != 1, from: way != 0, for: length,
        lostAfter: random.chance(0.5) ? Int64(random.unit() * Double(length)) : nil)
    case 5: return .drain(worker: worker, restartAfter: after, fingerprint: fingerprint)
    case 6: return .add(.random(.anything, isUniform: false, &random))
    case 7: return .remove(worker: worker)
    case 8: return .prefer(random.element(of: [nil, "f0", "f1"]))
    case 9: return .behave(worker: worker, as: .random(&random), for: length / 3)
    default: return .foreignWork(worker: worker, cost: random.time(5_000_000, 500_000_000))
    }
  }
}

extension Fault.Behaviour {
  static func random(_ random: inout SplitMix64) -> Fault.Behaviour {
    switch random.index(below: 3) {
    case 0: .refuses(retryAfter: random.chance(0.5) ? 0 : random.time(0, 100_000_000))
    case 1: .fails
    default: .lies
    }
  }
}

/// Where a run's texts come from: some of them several times.
struct TextSource {
  private let truth: ComputeTruth
  private let median: Double
  private let sigma: Double
  private let poisonShare: Double
  private let pool: [SimulatedText]

  init(_ theme: Theme, truth: ComputeTruth, _ random: inout SplitMix64) {
    self.truth = truth
    median = random.between(30, 1_500)
    sigma = random.between(0, 1.3)
    poisonShare = theme == .poison ? random.between(0, 0.03) : random.chance(0.3) ? 0.003 : 0
    let invalidShare = random.chance(0.2) ? 0.01 : 0
    let count = random.int(1...(theme == .sharing ? 12 : 60))
    var texts: [SimulatedText] = []
    for identity in 0..<count {
      let byteCount = Self.byteCount(median, sigma, &random)
      texts.append(SimulatedText(identity: identity, byteCount: byteCount, truth: truth))
    }
    for index in texts.indices {
      if random.chance(poisonShare) { texts[index].kind = .poison }
      if random.chance(invalidShare) { texts[index].kind = .invalid }
    }
    pool = texts
  }

  private static func byteCount(
    _ median: Double, _ sigma: Double, _ random: inout SplitMix64
  ) -> Int {
    Int(min(random.logNormal(median: median, sigma: sigma), 8_000)) + 1
  }

  func text(isShared: Bool, _ random: inout SplitMix64) -> SimulatedText {
    if isShared { return random.element(of: pool) }
    var text = SimulatedText(
      identity: Int(truncatingIfNeeded: random.next() >> 2) | 1 << 40,
      byteCount: Self.byteCount(median, sigma, &random), truth: truth)
    if random.chance(poisonShare) { text.kind = .poison }
    return text
  }
}

/// What a run's callers are like.
struct CallStyle {
  private let bulkShare: Double
  private let largeShare: Double
  private let sharedShare: Double
  private let budgetShare: Double
  private let budgetMax: Int64
  private let generousShare: Double
  private let cancelShare: Double
  private let cancelAfterMax: Int64
  private let pinShare: Double
  private let callers: Int
  private let large: Int

  init(_ theme: Theme, _ random: inout SplitMix64) {
    bulkShare = random.between(0, 1)
    largeShare = random.between(0, 0.5)
    sharedShare =
      switch theme {
      case .sharing: 1
      case .fingerprints: random.between(0, 1)
      case .anything, .poison: random.chance(0.5) ? random.between(0, 1) : 0
      }
    budgetShare = random.between(0, theme == .sharing ? 1 : 0.6)
    budgetMax = theme == .sharing ? 200_000_000 : 2_000_000_000
    generousShare = random.between(0, 0.5)
    cancelShare = random.chance(0.5) ? random.between(0, theme == .poison ? 0.6 : 0.3) : 0
    cancelAfterMax = theme == .poison ? 30_000_000 : 500_000_000
    pinShare = random.chance(0.3) ? random.between(0, 0.5) : 0
    callers = random.int(1...6)
    large = random.int(2...150)
  }

  func call(_ texts: TextSource, _ random: inout SplitMix64) -> CallPlan {
    let isShared = random.chance(sharedShare)
    let count = random.chance(largeShare) ? random.int(2...large) : random.int(1...2)
    var plan = CallPlan(
      inputs: (0..<count).map { _ in texts.text(isShared: isShared, &random) }, isShared: isShared)
    plan.caller = UInt64(random.index(below: callers))
    plan.priority = random.chance(bulkShare) ? .bulk : .interactive
    if random.chance(budgetShare) {
      plan.budget = random.time(1_000_000, budgetMax)
    } else if random.chance(generousShare) {
      plan.budget = 120_000_000_000
    }
    if random.chance(pinShare) { plan.pin = random.element(of: ["f0", "f1"]) }
    if random.chance(cancelShare) { plan.cancelAfter = random.time(0, cancelAfterMax) }
    return plan
  }
}
