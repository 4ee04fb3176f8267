internal import Coordination
internal import Wire

extension Simulation {
  // MARK: Processes

  func add(_ profile: WorkerProfile) {
    hosts.append(WorkerHost(profile))
    let host = hosts.count - 1
    let id = scheduler.addWorker()
    hosts[host].id = id
    hostOfWorker[id] = host
    start(host, hosts[host].incarnation)
  }

  /// The process is up, and connected to.
  func start(_ host: Int, _ incarnation: Int) {
    guard hosts[host].incarnation == incarnation, hosts[host].id != nil,
      hosts[host].engine == nil
    else { return }
    if let fingerprint = hosts[host].restart?.fingerprint { hosts[host].fingerprint = fingerprint }
    hosts[host].restart = nil
    hosts[host].engine = SimulatedEngine(hosts[host].profile, truth: scenario.truth)
    hosts[host].isDraining = false
    hosts[host].wakeAt = nil
    // The supervisor tells the new address: the old connection is given up, if it still stands, and
    // nothing more is heard of it.
    if hosts[host].isConnected { connectionLost(host, isDeath: random.chance(0.5) ? true : nil) }
    connect(host, hosts[host].connection)
    events.put(.report(host, incarnation: incarnation), at: now + 1_000_000_000)
  }

  func connect(_ host: Int, _ connection: Int) {
    guard hosts[host].connection == connection, hosts[host].id != nil,
      hosts[host].engine != nil, !hosts[host].isConnected
    else { return }
    hosts[host].lastRead = 0
    hosts[host].losesAnswers = false
    // It may or may not have noticed that the old connection is gone.
    if random.chance(0.5) { hosts[host].engine?.cancelAll(before: connection) }
    toCoordinator(host, .ready(fingerprint: hosts[host].fingerprint))
  }

  func die(_ host: Int, losesAnswers: Bool) {
    guard let engine = hosts[host].engine else { return }
    trace.add(now, "worker \(host) dies")
    // What other coordinators sent is not known to this one.
    hosts[host].diedOfOthers =
      !engine.strayInputs.isEmpty
      || engine.inHand.contains { !$0.isForeign && !hosts[host].flights.contains($0.wire) }
    hosts[host].losesAnswers = losesAnswers
    toCoordinator(host, .closed)
    stop(host)
  }

  private func stop(_ host: Int) {
    computedBefore += hosts[host].engine?.computed ?? 0
    hosts[host].engine = nil
    hosts[host].incarnation += 1
    hosts[host].isFrozen = false
    hosts[host].frozen = []
    hosts[host].answering = [:]
    if let restart = hosts[host].restart {
      events.put(.start(host, incarnation: hosts[host].incarnation), at: now + restart.after)
    }
  }

  func thaw(_ host: Int, _ incarnation: Int) {
    guard hosts[host].incarnation == incarnation, hosts[host].isFrozen else { return }
    hosts[host].isFrozen = false
    for event in hosts[host].frozen { events.put(event, at: now) }
    hosts[host].frozen = []
  }

  /// - Returns: whether it was frozen, so that the event comes later.
  private func holdIfFrozen(_ host: Int, _ event: Event) -> Bool {
    guard hosts[host].isFrozen else { return false }
    hosts[host].frozen.append(event)
    return true
  }

  func wake(_ host: Int, _ incarnation: Int, _ event: Event) {
    guard hosts[host].incarnation == incarnation, !holdIfFrozen(host, event) else { return }
    if let wakeAt = hosts[host].wakeAt, wakeAt <= now { hosts[host].wakeAt = nil }
    advance(host)
  }

  func advance(_ host: Int) {
    guard let progress = hosts[host].engine?.advance(to: now, &random) else { return }
    if !progress.done.isEmpty { hosts[host].lastComputed = now }
    for job in progress.done { answer(host, job) }
    if progress.died {
      if hosts[host].restart == nil { hosts[host].restart = (after: 300_000_000, nil) }
      return die(host, losesAnswers: false)
    }
    if hosts[host].isDraining, hosts[host].engine?.isIdle == true {
      toCoordinator(host, .closed)
      return stop(host)
    }
    guard let next = hosts[host].engine?.nextTime else { return }
    if let wakeAt = hosts[host].wakeAt, wakeAt <= next { return }
    hosts[host].wakeAt = next
    events.put(.wake(host, incarnation: hosts[host].incarnation), at: next)
  }

  func report(_ host: Int, _ incarnation: Int, _ event: Event) {
    guard hosts[host].incarnation == incarnation, !holdIfFrozen(host, event) else { return }
    if let load = load(host) { toCoordinator(host, .report(load)) }
    events.put(.report(host, incarnation: incarnation), at: now + 1_000_000_000)
  }

  private func load(_ host: Int) -> LoadReport? {
    hosts[host].engine?.report(now: now, isDraining: hosts[host].isDraining)
  }

  // MARK: What a worker does with messages

  func arrivedAtWorker(
    _ host: Int, _ connection: Int, _ message: WorkerHost.Message, _ event: Event
  ) {
    guard hosts[host].engine != nil, connection == hosts[host].connection,
      !holdIfFrozen(host, event)
    else { return }
    switch message {
    case .request(let job):
      guard !hosts[host].isDraining else { return }
      hosts[host].lastRead = job.wire
      receive(host, job)
    case .cancel(let wire):
      hosts[host].engine?.cancel(wire)
      advance(host)
    case .answer, .refusal, .report, .ready, .goAway, .closed: break
    }
  }

  func receive(_ host: Int, _ job: SimulatedEngine.Job) {
    var refusal = hosts[host].engine?.receive(job, now: now)
    if refusal == nil, !job.isForeign {
      switch hosts[host].behaviour {
      case .normal, .lies: break
      case .refuses(let wait): refusal = .overloaded("told to", retryAfter: wait)
      case .fails: refusal = Status(.internal, "told to")
      }
      if job.inputs.contains(where: { $0.kind == .invalid }) {
        refusal = Status(.invalidArgument, "an invalid input")
      }
      if refusal != nil { hosts[host].engine?.cancel(job.wire) }
    }
    if let refusal, !job.isForeign, let load = load(host) {
      toCoordinator(host, .refusal(wire: job.wire, refusal, load))
    }
    advance(host)
  }

  private func answer(_ host: Int, _ job: SimulatedEngine.Job) {
    guard !job.isForeign, job.connection == hosts[host].connection, let load = load(host) else {
      return
    }
    hosts[host].answering[job.wire] = job.inputs
    var fingerprint = hosts[host].fingerprint
    if case .lies = hosts[host].behaviour { fingerprint = "f9" }
    toCoordinator(host, .answer(job, fingerprint: fingerprint, load))
  }

  // MARK: The link

  func toWorker(_ host: Int, _ message: WorkerHost.Message) {
    let connection = hosts[host].connection
    guard !hosts[host].to.isBlocked else {
      hosts[host].to.held.append((connection, message))
      return
    }
    let time = arrival(&hosts[host].to)
    events.put(.toWorker(host, connection: connection, message), at: time)
  }

  func toCoordinator(_ host: Int, _ message: WorkerHost.Message) {
    let connection = hosts[host].connection
    guard !hosts[host].from.isBlocked else {
      hosts[host].from.held.append((connection, message))
      return
    }
    let time = arrival(&hosts[host].from)
    events.put(.toCoordinator(host, connection: connection, message), at: time)
  }

  private func arrival(_ lane: inout WorkerHost.Lane) -> Int64 {
    let latency =
      scenario.network.latencyMin
      + Int64(random.exponential(mean: Double(scenario.network.latencyMean)))
    lane.last = max(lane.last + 1, now + latency)
    return lane.last
  }

  func heal(_ host: Int) {
    for (connection, message) in hosts[host].to.held {
      events.put(
        .toWorker(host, connection: connection, message), at: arrival(&hosts[host].to))
    }
    for (connection, message) in hosts[host].from.held {
      events.put(
        .toCoordinator(host, connection: connection, message), at: arrival(&hosts[host].from))
    }
    hosts[host].to = WorkerHost.Lane(last: hosts[host].to.last)
    hosts[host].from = WorkerHost.Lane(last: hosts[host].from.last)
  }

  // MARK: Faults

  func fault(_ fault: Fault) {
    trace.add(now, "fault: \(fault)")
    switch fault {
    case .crash(let host, let losesAnswers, let after, let fingerprint):
      guard hosts[host].engine != nil else { return }
      hosts[host].restart = after.map { ($0, fingerprint) }
      die(host, losesAnswers: losesAnswers)
    case .freeze(let host, let length):
      guard hosts[host].engine != nil, !hosts[host].isFrozen else { return }
      hosts[host].isFrozen = true
      events.put(.thaw(host, incarnation: hosts[host].incarnation), at: now + length)
    case .slow(let host, let factor, let length):
      hosts[host].engine?.slowdown = factor
      events.put(.normalSpeed(host, incarnation: hosts[host].incarnation), at: now + length)
    case .partition(let host, let to, let from, let length, let lostAfter):
      partition(host, to: to, from: from, length, lostAfter)
    case .drain(let host, let after, let fingerprint): drain(host, after, fingerprint)
    case .add(let profile): add(profile)
    case .remove(let host): remove(host)
    case .prefer(let fingerprint):
      scheduler.prefer(fingerprint: fingerprint, now: now)
      act()
    case .behave(let host, let behaviour, let length):
      hosts[host].behaviour = behaviour
      events.put(.normalBehaviour(host), at: now + length)
    case .foreignWork(let host, let cost): foreignWork(host, cost)
    }
  }

  private func partition(_ host: Int, to: Bool, from: Bool, _ length: Int64, _ lostAfter: Int64?) {
    guard hosts[host].engine != nil else { return }
    if to { hosts[host].to.isBlocked = true }
    if from { hosts[host].from.isBlocked = true }
    events.put(.heal(host), at: now + length)
    if let lostAfter {
      events.put(.declareLost(host, connection: hosts[host].connection), at: now + lostAfter)
    }
  }

  private func drain(_ host: Int, _ after: Int64?, _ fingerprint: String?) {
    guard hosts[host].engine != nil, !hosts[host].isDraining, !hosts[host].isFrozen else { return }
    hosts[host].isDraining = true
    hosts[host].restart = after.map { ($0, fingerprint) }
    toCoordinator(host, .goAway(lastRead: hosts[host].lastRead))
    advance(host)
  }

  /// Never the last one: something is to be left that can answer.
  private func remove(_ host: Int) {
    guard let id = hosts[host].id, hosts.count(where: { $0.id != nil }) > 1 else { return }
    loseFlights(host)
    hosts[host].id = nil
    hosts[host].isConnected = false
    hosts[host].isUntold = false
    hosts[host].connection += 1
    hosts[host].restart = nil
    hostOfWorker[id] = nil
    if hosts[host].engine != nil { stop(host) }
    scheduler.removeWorker(id, now: now)
    act()
  }

  private func foreignWork(_ host: Int, _ cost: Int64) {
    guard hosts[host].engine != nil, !hosts[host].isFrozen else { return }
    var input = SimulatedText(identity: -1, byteCount: 0, truth: scenario.truth)
    input.cost = 5_000_000
    nextWire += 1
    let job = SimulatedEngine.Job(
      wire: nextWire, connection: -1, priority: .interactive, deadline: .max,
      inputs: Array(repeating: input, count: max(1, Int(cost / 5_000_000))), isForeign: true)
    receive(host, job)
  }
}

extension WorkerHost.Lane {
  init(last: Int64) {
    self.init()
    self.last = last
  }
}
