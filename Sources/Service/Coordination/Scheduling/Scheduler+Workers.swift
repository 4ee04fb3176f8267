package import Wire

extension Scheduler {
  /// A worker that is to be. It takes calls once it is `workerReady`.
  package mutating func addWorker() -> WorkerID {
    if let free = workers.firstIndex(where: { $0 == nil }) {
      workers[free] = WorkerState()
      return free
    }
    workers.append(WorkerState())
    return workers.count - 1
  }

  /// A worker takes calls: it has just started, or its connection was made anew.
  package mutating func workerReady(
    _ id: WorkerID, fingerprint: String, threads: Int, maxTokens: Int, now: Int64
  ) {
    guard worker(id) != nil else { return }
    let number = number(of: fingerprint)
    workers[id]?.phase = .ready
    workers[id]?.fingerprint = number
    workers[id]?.threads = min(max(1, threads), 1_024)
    workers[id]?.readySince = now
    workers[id]?.foreign = 0
    workers[id]?.blockedUntil = .min
    cost.limit(tokens: maxTokens)
    refreshReady()
    unparkAll(now: now)
    dispatch(now: now)
  }

  /// A worker says how it is.
  package mutating func workerReported(_ id: WorkerID, _ load: LoadReport, now: Int64) {
    guard worker(id) != nil else { return }
    workers[id]?.reported(load)
    cost.reported(load)
    batchNanoseconds = max(batchNanoseconds, Int64(clamping: min(load.batchNanoseconds, 1 << 36)))
    if load.isDraining, workers[id]?.phase == .ready { workerDraining(id) }
  }

  /// A worker takes nothing new; what it has is still answered.
  package mutating func workerDraining(_ id: WorkerID) {
    guard workers.indices.contains(id), workers[id] != nil else { return }
    workers[id]?.phase = .draining
    refreshReady()
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
    refreshReady()
    let lost = workers[id]?.pieces ?? []
    let read = lost.filter { !unread.contains($0) }
    let isAlone = read.count == 1
    if isDeath, !read.isEmpty { counts.workerDeaths += 1 }
    if isDeath, wasUp {
      eject(id, now: now) { $0.lostConnection(now: now, isAllowed: $1, jitter: $2) }
    }
    for piece in lost {
      let wasRead = read.contains(piece)
      lose(
        piece, on: id, as: wasRead ? (isDeath ? .death(isAlone: isAlone) : .ended) : .unread,
        now: now)
    }
    workers[id]?.inFlight = (0, 0)
    workers[id]?.latePieces = 0
    workers[id]?.isReserved = false
    dispatch(now: now)
  }

  /// A worker is no more.
  package mutating func removeWorker(_ id: WorkerID, now: Int64) {
    workerLost(id, isDeath: false, now: now)
    guard workers.indices.contains(id) else { return }
    workers[id] = nil
    refreshReady()
  }

  /// New calls go to workers of that fingerprint only, as long as one is up; nil is any.
  package mutating func prefer(fingerprint: String?, now: Int64) {
    current = fingerprint.map { number(of: $0) }
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
    let known = workers.lazy.compactMap { $0 }.filter { $0.phase != .draining }
    let ejected = known.filter { $0.ejection.isEjected(now: now) }.count
    // Never the last one, and never more than half.
    let isAllowed = (ejected + 1) * 2 <= known.count
    let jitter = random.unit()
    guard workers.indices.contains(id), var worker = workers[id] else { return }
    if rule(&worker.ejection, isAllowed, jitter) { counts.ejections += 1 }
    workers[id] = worker
  }

  /// The number of a fingerprint, from now on.
  private mutating func number(of fingerprint: String) -> Int {
    if let number = fingerprints.firstIndex(of: fingerprint) { return number }
    fingerprints.append(fingerprint)
    readyByFingerprint.append([])
    return fingerprints.count - 1
  }

  /// Finds anew who is up, and how fast all are together.
  mutating func refreshReady() {
    ready.removeAll(keepingCapacity: true)
    for index in readyByFingerprint.indices { readyByFingerprint[index].removeAll() }
    for (id, worker) in workers.enumerated() {
      guard let worker, worker.phase == .ready else { continue }
      ready.append(id)
      readyByFingerprint[worker.fingerprint].append(id)
    }
    refreshCapacity()
  }

  mutating func refreshCapacity() {
    capacity = 0
    batchNanoseconds = 0
    for id in ready {
      guard let worker = workers[id] else { continue }
      capacity += Double(worker.threads) / worker.slowness
      let batch = Int64(clamping: min(worker.load?.batchNanoseconds ?? 0, 1 << 36))
      batchNanoseconds = max(batchNanoseconds, batch)
    }
  }
}
