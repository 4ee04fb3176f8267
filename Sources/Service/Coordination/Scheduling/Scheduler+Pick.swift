internal import Wire

extension Scheduler {
  /// What is to be placed.
  struct Wanted {
    var call: CallID
    var priority: Priority
    /// Only workers of this fingerprint may have it; nil is any.
    var pool: Int?
    /// Predicted nanoseconds.
    var cost: Int64
    /// Workers that lost or refused it.
    var tried: [WorkerID]
    /// It goes to a worker without bulk work also where others have filled that.
    var isDue = false
    /// Workers may have only so many pieces of its call.
    var isLimited = false
    /// The very one that is predicted to answer first counts, by what is known of it.
    var isUrgent = false
  }

  enum Choice {
    case worker(WorkerID)
    case noRoom
    /// Its limit on each worker is reached, or no worker that it may go to is up.
    case none
  }

  /// What was found among the workers that were looked at.
  private struct Found {
    private(set) var best: WorkerID?
    private var finish = Int64.max
    private(set) var isSound = false
    private var isFull = false

    mutating func sawFull() {
      isSound = true
      isFull = true
    }

    mutating func sawBarred() { isSound = true }

    /// - Parameter tolerance: so much better is as good: those that are equal, nearly, take turns.
    mutating func saw(_ worker: WorkerID, finish: Int64, tolerance: Int64) {
      isSound = true
      guard best == nil || finish < self.finish - tolerance else { return }
      best = worker
      self.finish = finish
    }

    var choice: Choice { best.map { .worker($0) } ?? (isFull ? .noRoom : .none) }
  }

  /// The worker that is predicted to answer first: of a few, each is looked at, beginning at
  /// another one each time, so that equals take turns. Of many, some that are idle (Lu et al., 2011:
  /// join the idle queue), or some by chance (Mitzenmacher, 1996).
  ///
  /// A worker that is ejected, late, or lost the piece before, is passed over while any other could
  /// take it, now or later; if none could, it is as good as the others.
  mutating func pick(_ wanted: Wanted, hint: WorkerID?, now: Int64) -> Choice {
    let pool = candidates(wanted.pool)
    guard !pool.isEmpty else { return .none }
    rotation &+= 1
    if pool.count > configuration.scanMax {
      return pickByChance(wanted, hint: hint, from: pool, now: now)
    }
    let found = best(of: pool, wanted, isSound: true, now: now)
    if found.isSound { return found.choice }
    return best(of: pool, wanted, isSound: false, now: now).choice
  }

  /// Workers that may have what is bound to the pool, or to none.
  func candidates(_ pool: Int?) -> [WorkerID] {
    pool.map { readyByFingerprint[$0] } ?? anyPool
  }

  /// Workers that get what is not bound to a fingerprint.
  var anyPool: [WorkerID] {
    if let current, !readyByFingerprint[current].isEmpty { return readyByFingerprint[current] }
    return ready
  }

  private mutating func pickByChance(
    _ wanted: Wanted, hint: WorkerID?, from pool: [WorkerID], now: Int64
  ) -> Choice {
    if let hint, mayHave(hint, wanted) {
      var found = Found()
      look(hint, wanted, isSound: true, &found, now: now)
      if found.best != nil { return found.choice }
    }
    var found = Found()
    lookAtIdle(wanted, &found, now: now)
    if found.best != nil { return found.choice }
    for _ in 0..<12 {
      look(pool[random.index(below: pool.count)], wanted, isSound: true, &found, now: now)
    }
    if found.best != nil { return found.choice }
    if isEverywhere(wanted, pool.count) { return .none }
    // All that chance showed were full or barred. What waits is taken by whoever is done first.
    if case .noRoom = found.choice { return .noRoom }
    if pool.contains(where: { workers[$0]?.pieces.isEmpty == false }) { return .noRoom }
    return best(of: pool, wanted, isSound: false, now: now).choice
  }

  /// At some workers that have nothing to do: the best of them is a fast one, most likely.
  private mutating func lookAtIdle(_ wanted: Wanted, _ found: inout Found, now: Int64) {
    for fingerprint in idleByFingerprint.indices where mayHave(fingerprint: fingerprint, wanted) {
      let count = idleByFingerprint[fingerprint].of(wanted.priority).count
      for _ in 0..<min(count, 6) {
        let place = random.index(below: count)
        let worker = idleByFingerprint[fingerprint].of(wanted.priority)[place]
        look(worker, wanted, isSound: true, &found, now: now)
      }
    }
  }

  /// Whether the call has as much as it may on so many workers.
  private func isEverywhere(_ wanted: Wanted, _ count: Int) -> Bool {
    guard let held = calls[wanted.call]?.held, held.count >= count else { return false }
    return held.values.allSatisfy { $0 >= configuration.outstandingPerWorker }
  }

  private func mayHave(_ id: WorkerID, _ wanted: Wanted) -> Bool {
    guard workers[id]?.phase == .ready, let fingerprint = workers[id]?.fingerprint else {
      return false
    }
    return mayHave(fingerprint: fingerprint, wanted)
  }

  private func mayHave(fingerprint: Int, _ wanted: Wanted) -> Bool {
    if let pool = wanted.pool { return fingerprint == pool }
    guard let current, !readyByFingerprint[current].isEmpty else { return true }
    return fingerprint == current
  }

  /// - Parameter isSound: whether only sound ones count.
  private func best(
    of pool: [WorkerID], _ wanted: Wanted, isSound: Bool, now: Int64
  ) -> Found {
    var found = Found()
    let start = rotation % pool.count
    for offset in 0..<pool.count {
      let position = start + offset
      let id = pool[position < pool.count ? position : position - pool.count]
      look(id, wanted, isSound: isSound, &found, now: now)
    }
    return found
  }

  private func look(
    _ id: WorkerID, _ wanted: Wanted, isSound soundOnly: Bool, _ found: inout Found, now: Int64
  ) {
    if soundOnly, workers[id]?.isSound(now: now) != true || wanted.tried.contains(id) { return }
    if wanted.isLimited, calls[wanted.call]?.held[id] ?? 0 >= configuration.outstandingPerWorker {
      return found.sawBarred()
    }
    guard id != vacating, workers[id]?.hasRoom(wanted, configuration, now: now) == true else {
      return found.sawFull()
    }
    if wanted.isUrgent {
      found.saw(
        id, finish: workers[id]?.finish(wanted.cost, wanted.priority) ?? .max, tolerance: 0)
    } else {
      let finish = workers[id]?.hopedFinish(wanted.cost, wanted.priority, now: now) ?? .max
      found.saw(id, finish: finish, tolerance: finish / 16)
    }
  }
}

extension WorkerState {
  fileprivate func hasRoom(
    _ wanted: Scheduler.Wanted, _ configuration: SchedulerConfiguration, now: Int64
  ) -> Bool {
    if isReserved || blockedUntil > now { return false }
    if pieces.isEmpty { return true }
    if ejection.isOnTrial(now: now) { return false }
    // One that is new shows what it can before it gets more.
    if answeredPieces == 0 { return !wanted.priority.isBulk && inFlight.interactive == 0 }
    if wanted.isDue, inFlight.bulk == 0 { return true }
    return backlog(wanted.priority) < window(configuration, now: now)
  }

  private func window(_ configuration: SchedulerConfiguration, now: Int64) -> Int64 {
    let batches = Int64(clamping: min(load?.batchNanoseconds ?? 0, 1 << 36))
    let whole = max(configuration.window, batches * configuration.windowBatches)
    let age = now - readySince
    guard age < configuration.slowStart, configuration.slowStart > 0 else { return whole }
    return whole / 4
      + Int64(Double(whole) * 0.75 * Double(max(0, age)) / Double(configuration.slowStart))
  }
}
