internal import Wire

extension Scheduler {
  /// What is to be placed.
  struct Wanted {
    var priority: Priority
    /// Only workers of it may have it; nil is any.
    var fingerprint: Int?
    var pin: String
    /// The call's pieces, where workers hold no more than some of them; nil for a call in one piece.
    var pieces: [PieceID]?
    /// Predicted nanoseconds.
    var cost: Int64
    /// Workers that lost or refused it.
    var tried: [WorkerID]
    var isAlone: Bool

    init(_ call: ScheduledCall, cost: Int64, tried: [WorkerID], isAlone: Bool = false) {
      priority = call.priority
      fingerprint = call.fingerprint
      pin = call.request.pin
      pieces = call.isSplit ? call.pieces : nil
      self.cost = cost
      self.tried = tried
      self.isAlone = isAlone
    }
  }

  enum Choice {
    case worker(WorkerID)
    case noRoom
    /// Its limit on each worker is reached, or no worker that it may go to is up.
    case none

    func sending(else outcome: Sending) -> Sending {
      switch self {
      case .worker, .none: outcome
      case .noRoom: .noRoom
      }
    }
  }

  /// What a look at a worker says.
  private enum Look {
    case fits
    case full
    case barred
  }

  /// The worker that is predicted to answer first: of a few, each is looked at, beginning at
  /// another one each time, so that equals take turns; of many, two by chance (Mitzenmacher, 1996).
  ///
  /// A worker that is ejected, late, or lost the piece before, is passed over while any other could
  /// take it, now or later; if none could, it is as good as the others.
  mutating func pick(_ wanted: Wanted, hint: WorkerID?, now: Int64) -> Choice {
    let pool = candidates(wanted)
    guard !pool.isEmpty else { return .none }
    if pool.count > configuration.scanMax {
      return pickByChance(wanted, hint: hint, from: pool, now: now)
    }
    rotation &+= 1
    let start = rotation % pool.count
    let order = pool[start...] + pool[..<start]
    let choice = best(of: order, wanted, now: now) { isSound($0, $1, wanted, now: now) }
    if case .none = choice, !pool.contains(where: { isSoundByID($0, wanted, now: now) }) {
      return best(of: order, wanted, now: now) { _, _ in true }
    }
    return choice
  }

  /// Workers that may answer the call at all.
  private func candidates(_ wanted: Wanted) -> [WorkerID] {
    if let fingerprint = wanted.fingerprint { return readyByFingerprint[fingerprint] }
    if !wanted.pin.isEmpty {
      return fingerprints.firstIndex(of: wanted.pin).map { readyByFingerprint[$0] } ?? []
    }
    if let current, !readyByFingerprint[current].isEmpty { return readyByFingerprint[current] }
    return ready
  }

  private mutating func pickByChance(
    _ wanted: Wanted, hint: WorkerID?, from pool: [WorkerID], now: Int64
  ) -> Choice {
    if let hint, let state = workers[hint], state.phase == .ready,
      mayHave(state, wanted), isSound(hint, state, wanted, now: now),
      look(hint, state, wanted, now: now) == .fits
    {
      return .worker(hint)
    }
    var sawFull = false
    for _ in 0..<4 {
      let two = [pool[random.index(below: pool.count)], pool[random.index(below: pool.count)]]
      switch best(of: two[...], wanted, now: now, where: { isSound($0, $1, wanted, now: now) }) {
      case .worker(let id): return .worker(id)
      case .noRoom: sawFull = true
      case .none: break
      }
    }
    // All that chance showed were full or barred. What waits is taken by whoever is done first.
    if sawFull || pool.contains(where: { workers[$0]?.pieces.isEmpty == false }) { return .noRoom }
    return best(of: pool[...], wanted, now: now) { _, _ in true }
  }

  private func mayHave(_ state: WorkerState, _ wanted: Wanted) -> Bool {
    if let fingerprint = wanted.fingerprint { return state.fingerprint == fingerprint }
    if !wanted.pin.isEmpty { return fingerprints[state.fingerprint] == wanted.pin }
    guard let current, !readyByFingerprint[current].isEmpty else { return true }
    return state.fingerprint == current
  }

  private func best(
    of ids: some Collection<WorkerID>, _ wanted: Wanted, now: Int64,
    where isSound: (WorkerID, WorkerState) -> Bool
  ) -> Choice {
    var best: (id: WorkerID, finish: Int64)?
    var isFull = false
    for id in ids {
      guard let state = workers[id], isSound(id, state) else { continue }
      switch look(id, state, wanted, now: now) {
      case .barred: break
      case .full: isFull = true
      case .fits:
        let finish = state.finish(wanted.cost, wanted.priority)
        if best.map({ finish < $0.finish }) ?? true { best = (id, finish) }
      }
    }
    if let best { return .worker(best.id) }
    return isFull ? .noRoom : .none
  }

  private func isSoundByID(_ id: WorkerID, _ wanted: Wanted, now: Int64) -> Bool {
    workers[id].map { isSound(id, $0, wanted, now: now) } ?? false
  }

  private func isSound(
    _ id: WorkerID, _ state: WorkerState, _ wanted: Wanted, now: Int64
  ) -> Bool {
    !state.ejection.isEjected(now: now) && state.latePieces == 0 && !wanted.tried.contains(id)
  }

  private func look(
    _ id: WorkerID, _ state: WorkerState, _ wanted: Wanted, now: Int64
  ) -> Look {
    if state.isReserved || state.blockedUntil > now { return .full }
    if wanted.isAlone { return state.pieces.isEmpty ? .fits : .full }
    if let own = wanted.pieces {
      let held = own.count { pieces[$0]?.isHeld(by: id) ?? false }
      if held >= configuration.outstandingPerWorker { return .barred }
    }
    if state.pieces.isEmpty { return .fits }
    // One that is new, or on trial, shows what it can before it gets more.
    if state.answeredPieces == 0 || state.ejection.isOnTrial(now: now) { return .full }
    return state.backlog(wanted.priority) < window(state, now: now) ? .fits : .full
  }

  private func window(_ state: WorkerState, now: Int64) -> Int64 {
    let age = now - state.readySince
    guard age < configuration.slowStart, configuration.slowStart > 0 else {
      return configuration.window
    }
    return configuration.window / 4
      + configuration.window * 3 / 4 / configuration.slowStart * max(0, age)
  }
}
