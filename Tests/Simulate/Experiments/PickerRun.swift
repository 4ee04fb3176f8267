internal import Coordination
internal import DequeModule
internal import Simulation
internal import Wire

/// How calls are given to workers.
enum Picker: CaseIterable {
  /// This scheduler.
  case millpond
  case roundRobin
  case random
  /// The one of two by chance that has fewer calls.
  case leastOfTwo
  /// The one of all that has the fewest calls.
  case leastOfAll
  /// One queue, from which whoever is free takes the next, the fastest first, at once.
  case ideal

  var name: String {
    switch self {
    case .millpond: "Millpond"
    case .roundRobin: "round robin"
    case .random: "random"
    case .leastOfTwo: "fewest calls of two (P2C)"
    case .leastOfAll: "fewest calls of all"
    case .ideal: "ideal: one queue, no delay"
    }
  }
}

/// Calls of one text over many workers that compute one at a time.
struct PickerRun {
  private enum Event {
    case arrive
    case reached(Int, call: Int)
    case computed(Int, call: Int)
    case answered(Int, call: Int)
    case tick
  }

  private struct Worker {
    var speed: Double
    var queue: Deque<Int> = []
    var running: Int?
    /// As whoever sends knows it.
    var open = 0
  }

  private struct Call {
    var arrival: Int64
    var byteCount: Int
    var cost: Int64
    var piece: Scheduler.PieceID?
  }

  let picker: Picker
  let callCount: Int
  private var random: SplitMix64
  private var texts: Texts
  private var workers: [Worker]
  private let gap: Double
  private var calls: [Call] = []
  private var events = EventQueue<Event>()
  private var scheduler: Scheduler
  private var callOfID: [Scheduler.CallID: Int] = [:]
  private var next = 0
  private var now: Int64 = 0
  private var waiting: Deque<Int> = []
  private var idle: [Int]
  /// By call; nil where no answer came.
  private(set) var latencies: [Double] = []

  init(_ picker: Picker, speeds: [Double], share: Double, callCount: Int, seed: UInt64) {
    self.picker = picker
    self.callCount = callCount
    random = SplitMix64(seed: seed)
    texts = Texts(seed: seed &+ 1)
    workers = speeds.map { Worker(speed: $0) }
    idle = speeds.indices.sorted { speeds[$0] < speeds[$1] }
    var sample = Texts(seed: 1)
    let mean = (0..<50_000).reduce(0.0) { sum, _ in sum + Double(sample.text().cost) } / 50_000
    gap = mean / speeds.reduce(0, +) / share
    scheduler = Scheduler(seed: seed)
    guard picker == .millpond else { return }
    for index in speeds.indices {
      _ = scheduler.addWorker()
      scheduler.workerReady(index, fingerprint: "f", threads: 1, maxTokens: 0, now: -10_000_000_000)
      scheduler.workerReported(index, load(index), now: 0)
    }
    _ = scheduler.takeActions()
  }

  mutating func run() {
    events.put(.arrive, at: 0)
    if picker == .millpond { events.put(.tick, at: 20_000_000) }
    var answered = 0
    while answered < callCount, let (time, event) = events.next() {
      now = time
      switch event {
      case .arrive: arrive()
      case .reached(let worker, let call): reached(worker, call)
      case .computed(let worker, let call): computed(worker, call)
      case .answered(let worker, let call):
        answered += 1
        self.answered(worker, call)
      case .tick:
        scheduler.checkTime(now)
        act()
        events.put(.tick, at: now + 20_000_000)
      }
    }
  }

  private mutating func arrive() {
    let text = texts.text()
    calls.append(Call(arrival: now, byteCount: text.byteCount, cost: text.cost))
    let call = calls.count - 1
    if calls.count < callCount {
      events.put(.arrive, at: now + Int64(random.exponential(mean: gap)))
    }
    switch picker {
    case .millpond: submit(call)
    case .ideal: takeIdle(call)
    case .roundRobin, .random, .leastOfTwo, .leastOfAll: send(call, to: pick())
    }
  }

  private mutating func pick() -> Int {
    switch picker {
    case .roundRobin:
      next += 1
      return next % workers.count
    case .leastOfTwo:
      let one = random.index(below: workers.count)
      let other = random.index(below: workers.count)
      return workers[one].open <= workers[other].open ? one : other
    case .leastOfAll:
      let start = random.index(below: workers.count)
      var best = start
      for offset in 1..<workers.count {
        let worker = (start + offset) % workers.count
        if workers[worker].open < workers[best].open { best = worker }
        if workers[best].open == 0 { break }
      }
      return best
    case .random, .millpond, .ideal: return random.index(below: workers.count)
    }
  }

  private mutating func send(_ call: Int, to worker: Int) {
    workers[worker].open += 1
    events.put(.reached(worker, call: call), at: now + latency())
  }

  private mutating func latency() -> Int64 {
    picker == .ideal ? 0 : 50_000 + Int64(random.exponential(mean: 50_000))
  }

  // MARK: Workers

  private mutating func reached(_ worker: Int, _ call: Int) {
    if workers[worker].running == nil {
      compute(call, on: worker)
    } else {
      workers[worker].queue.append(call)
    }
  }

  private mutating func compute(_ call: Int, on worker: Int) {
    workers[worker].running = call
    let noise = 1 + 0.1 * random.between(-1, 1)
    let time = Double(calls[call].cost) / workers[worker].speed * noise
    events.put(.computed(worker, call: call), at: now + Int64(time))
  }

  private mutating func computed(_ worker: Int, _ call: Int) {
    workers[worker].running = nil
    events.put(.answered(worker, call: call), at: now + latency())
    if picker == .ideal {
      if let next = waiting.popFirst() { compute(next, on: worker) } else { setIdle(worker) }
    } else if let next = workers[worker].queue.popFirst() {
      compute(next, on: worker)
    }
  }

  private mutating func answered(_ worker: Int, _ call: Int) {
    workers[worker].open -= 1
    latencies.append(Double(now - calls[call].arrival) / 1e6)
    guard picker == .millpond, let piece = calls[call].piece else { return }
    scheduler.workerReported(worker, load(worker), now: now)
    _ = scheduler.pieceAnswered(
      piece, by: worker, fingerprint: "f",
      computeNanoseconds: Int64(Double(calls[call].cost) / workers[worker].speed), now: now)
    act()
  }

  // MARK: The ideal schedule

  private mutating func takeIdle(_ call: Int) {
    if let worker = idle.popLast() { compute(call, on: worker) } else { waiting.append(call) }
  }

  /// Idle workers are kept slowest first.
  private mutating func setIdle(_ worker: Int) {
    var low = 0
    var high = idle.count
    while low < high {
      let middle = (low + high) / 2
      if workers[idle[middle]].speed < workers[worker].speed {
        low = middle + 1
      } else {
        high = middle
      }
    }
    idle.insert(worker, at: low)
  }

  // MARK: Millpond

  private mutating func submit(_ call: Int) {
    let request = CallRequest(
      inputCount: 1, byteCount: calls[call].byteCount,
      cost: scheduler.cost.cost(byteCount: calls[call].byteCount))
    guard let id = try? scheduler.submit(request, now: now) else { return }
    callOfID[id] = call
    act()
  }

  private mutating func act() {
    for action in scheduler.takeActions() {
      switch action {
      case .send(let piece, let worker):
        guard let id = scheduler.piece(piece)?.call, let call = callOfID[id] else { continue }
        calls[call].piece = piece
        send(call, to: worker)
      case .finished(let id, _): callOfID[id] = nil
      default: break
      }
    }
  }

  private func load(_ worker: Int) -> LoadReport {
    let slowness = 1 / workers[worker].speed
    let queued = workers[worker].queue.reduce(0.0) { $0 + Double(calls[$1].cost) }
    return LoadReport(
      backlogMicroseconds: UInt64(queued * slowness / 1_000), threads: 1,
      tokenNanoseconds: UInt64(texts.truth.tokenNanoseconds * slowness),
      tokenSquaredPicoseconds: UInt64(texts.truth.squaredTokenNanoseconds * slowness * 1_000),
      tokensPerKilobyte: Int(texts.truth.tokensPerByte * 1_000))
  }
}
