package import Wire

extension Scheduler {
  /// A worker that is to be. It takes calls once it is `workerReady`.
  package mutating func addWorker() -> WorkerID {
    workers.insert(WorkerState())
  }

  /// A worker takes calls: it has just started, or its connection was made anew. What it had by the
  /// old one is lost, also if nothing was told of that.
  package mutating func workerReady(
    _ id: WorkerID, fingerprint: String, threads: Int, maxTokens: Int, now: Int64
  ) {
    guard let old = worker(id) else { return }
    if !old.pieces.isEmpty { workerLost(id, isDeath: false, now: now) }
    let number = number(of: fingerprint)
    workers[id]?.phase = .ready
    workers[id]?.isSilent = false
    workers[id]?.fingerprint = number
    workers[id]?.threads = min(max(1, threads), 1_024)
    workers[id]?.readySince = now
    workers[id]?.foreign = 0
    workers[id]?.blockedUntil = .min
    workers[id]?.startedAnew()
    cost.limit(tokens: maxTokens)
    restateCosts()
    refreshReady(now: now)
    unparkAll(now: now)
    dispatch(now: now)
  }

  /// A worker says how it is.
  package mutating func workerReported(_ id: WorkerID, _ load: LoadReport, now: Int64) {
    guard let wasSilent = worker(id)?.isSilent else { return }
    workers[id]?.reported(load)
    cost.reported(load)
    restateCosts()
    batchNanoseconds = max(batchNanoseconds, Int64(clamping: min(load.batchNanoseconds, 1 << 36)))
    if load.isDraining { workerDraining(id, now: now) }
    if wasSilent { dispatch(hint: id, now: now) }
  }

  /// A worker takes nothing new; what it has is still answered.
  package mutating func workerDraining(_ id: WorkerID, now: Int64) {
    guard worker(id)?.phase == .ready else { return }
    workers[id]?.phase = .draining
    refreshReady(now: now)
    dispatch(now: now)
  }

  /// A worker's process or connection is gone, and all that it had with it.
  ///
  /// - Parameters:
  ///   - isDeath: it may have died of what it had; not so where its end was ours.
  ///   - unread: pieces that it certainly never read.
  ///   - isStarting: it is on its way back already.
  package mutating func workerLost(
    _ id: WorkerID, isDeath: Bool, unread: [PieceID] = [], isStarting: Bool = false, now: Int64
  ) {
    guard worker(id) != nil else { return }
    let wasUp = workers[id]?.phase == .ready
    workers[id]?.phase = isStarting ? .starting : .down
    refreshReady(now: now)
    let lost = workers[id]?.pieces ?? []
    let read = lost.filter { !unread.contains($0) }
    let isAlone = read.count == 1 && workers[id]?.strays.mayExist != true
    if isDeath, !read.isEmpty { counts.workerDeaths += 1 }
    if isDeath, wasUp {
      eject(id, now: now) { $0.lostConnection(now: now, isAllowed: $1, jitter: $2) }
    }
    if isDeath { workers[id]?.strays.workerDied() }
    for piece in lost {
      let wasRead = read.contains(piece)
      if wasRead, !isDeath { workers[id]?.strays.left(now: now) }
      lose(
        piece, on: id, as: wasRead ? (isDeath ? .death(isAlone: isAlone) : .ended) : .unread,
        now: now)
    }
    workers[id]?.foreign = 0
    dispatch(now: now)
  }

  /// A worker is no more.
  package mutating func removeWorker(_ id: WorkerID, now: Int64) {
    workerLost(id, isDeath: false, now: now)
    workers.remove(id)
    refreshReady(now: now)
  }

  /// New calls go to workers of that fingerprint only, as long as one is up; nil is any.
  package mutating func prefer(fingerprint: String?, now: Int64) {
    current = fingerprint.map { number(of: $0) }
    changeLanes(now: now)
    unparkAll(now: now)
    dispatch(now: now)
  }

  /// Whether calls that are open must be answered by workers of the fingerprint.
  package func isInUse(fingerprint: String) -> Bool {
    guard let number = fingerprints.firstIndex(of: fingerprint) else { return false }
    return !calls.ids { $0.fingerprint == number || $0.request.pin == fingerprint }.isEmpty
  }

  mutating func eject(
    _ id: WorkerID, now: Int64, _ rule: (inout Ejection, Bool, Double) -> Bool
  ) {
    var known = 0
    var ejected = 0
    for other in workers.indices {
      guard let phase = workers[other]?.phase, phase != .draining else { continue }
      known += 1
      if workers[other]?.ejection.isEjected(now: now) == true { ejected += 1 }
    }
    let jitter = random.unit()
    guard var ejection = worker(id)?.ejection else { return }
    // Never the last one, and never more than half.
    if rule(&ejection, (ejected + 1) * 2 <= known, jitter) { counts.ejections += 1 }
    workers[id]?.ejection = ejection
  }

  /// The number of a fingerprint, from now on.
  private mutating func number(of fingerprint: String) -> Int {
    if let number = fingerprints.firstIndex(of: fingerprint) { return number }
    fingerprints.append(fingerprint)
    readyByFingerprint.append([])
    idleByFingerprint.append(IdleWorkers())
    return fingerprints.count - 1
  }

  /// Finds anew who is up, and how fast all are together.
  mutating func refreshReady(now: Int64) {
    ready.removeAll(keepingCapacity: true)
    for index in readyByFingerprint.indices { readyByFingerprint[index].removeAll() }
    for index in idleByFingerprint.indices { idleByFingerprint[index] = IdleWorkers() }
    for id in workers.indices where workers[id]?.phase == .ready {
      ready.append(id)
      readyByFingerprint[workers[id]?.fingerprint ?? -1].append(id)
      noteIdle(id)
    }
    // Each worker is to have a bulk piece about so often.
    queue.patience = configuration.bulkPatience / Int64(max(1, ready.count))
    refreshCapacity()
    changeLanes(now: now)
  }

  /// What the worker has in hand is other than before.
  mutating func noteIdle(_ id: WorkerID) {
    guard let fingerprint = workers[id]?.fingerprint, fingerprint >= 0,
      let phase = workers[id]?.phase, let isReserved = workers[id]?.isReserved,
      let isEmpty = workers[id]?.pieces.isEmpty, let own = workers[id]?.inFlight.interactive
    else { return }
    let isOpen = phase == .ready && !isReserved
    idleByFingerprint[fingerprint].interactive.set(id, isOpen && own == 0)
    idleByFingerprint[fingerprint].bulk.set(id, isOpen && isEmpty)
  }

  mutating func refreshCapacity() {
    capacity = 0
    batchNanoseconds = 0
    for id in ready {
      capacity += workers[id]?.speed ?? 0
      let batch = Int64(clamping: min(workers[id]?.load?.batchNanoseconds ?? 0, 1 << 36))
      batchNanoseconds = max(batchNanoseconds, batch)
    }
  }
}
