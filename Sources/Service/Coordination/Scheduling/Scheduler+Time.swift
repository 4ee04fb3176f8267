internal import Wire

extension Scheduler {
  /// Looks for what time has brought: deadlines, late pieces, waits that are over. To be called
  /// every few milliseconds while calls are open.
  package mutating func checkTime(_ now: Int64) {
    refreshCapacity()
    checkDeadlines(now)
    checkPieces(now)
    checkStranded(now)
    for id in inOrder(deferred) { undefer(id, now: now) }
    dispatch(now: now)
  }

  private mutating func undefer(_ id: CallID, now: Int64) {
    let waits = calls[id]?.requeued ?? []
    if waits.contains(where: { $0.notBefore <= now }) {
      deferred.remove(id)
      enqueue(id, now: now)
    } else if waits.isEmpty {
      deferred.remove(id)
    }
  }

  private mutating func checkDeadlines(_ now: Int64) {
    for id in calls.ids(where: { $0.hasCaller && now >= $0.request.deadline }) {
      giveUp(
        id, Status(.deadlineExceeded, "the deadline passed before the answer was whole"), now: now)
    }
  }

  /// A piece that is late wherever it is goes to another worker as well; a worker that is late beyond
  /// all patience has lost what it has.
  private mutating func checkPieces(_ now: Int64) {
    for id in pieces.ids(where: { piece in
      piece.holders.contains { now > $0.lateAfter || now > $0.hedgeAfter }
    }) {
      guard let piece = pieces[id] else { continue }
      for (index, holder) in piece.holders.enumerated()
      where now > holder.lateAfter && !holder.isLate {
        pieces[id]?.holders[index].isLate = true
        workers[holder.worker]?.latePieces += 1
        workers[holder.worker]?.isSilent = true
      }
      let stallMax = configuration.stallMax
      let stalled = piece.holders.first { now > $0.lateAfter.addingSaturating(stallMax) }
      if let stalled {
        giveUpOn(stalled.worker, with: id, now: now)
      } else if piece.holders.allSatisfy({ now > $0.lateAfter }) {
        if piece.isAlone { moveAlone(id, now: now) } else { double(id, isLate: true, now: now) }
      } else if !piece.isHedged, piece.holders.count == 1 {
        double(id, isLate: false, now: now)
      }
    }
  }

  /// The worker is waited for no longer.
  private mutating func giveUpOn(_ worker: WorkerID, with id: PieceID, now: Int64) {
    workers[worker]?.strays.left(now: now)
    workers[worker]?.lateUnanswered(now: now)
    actions.append(.cancel(id, worker))
    lose(id, on: worker, as: .stalled, now: now)
  }

  /// One that must be alone is not sent to two workers: it leaves a late one, if there is another
  /// that has not had it. Not again and again: what kills may take its time.
  private mutating func moveAlone(_ id: PieceID, now: Int64) {
    guard let piece = pieces[id], let worker = piece.holders.first?.worker,
      piece.attempts.workers.count < 2
    else { return }
    let hasOther = candidates(calls[piece.call]?.pool).contains { other in
      other != worker && !piece.attempts.workers.contains(other)
        && workers[other]?.isSound(now: now) == true
    }
    if hasOther { giveUpOn(worker, with: id, now: now) }
  }

  /// Sends a piece to another worker as well, if there is one with room and the budget allows.
  private mutating func double(_ id: PieceID, isLate: Bool, now: Int64) {
    guard let piece = pieces[id], !piece.isAlone, calls.contains(piece.call),
      piece.holders.count < configuration.attemptsMax
    else { return }
    let holders = piece.holders.map(\.worker)
    let wanted = Wanted(
      call: piece.call, priority: piece.priority, pool: calls[piece.call]?.pool, cost: piece.cost,
      tried: piece.attempts.workers + holders, isLimited: true)
    guard case .worker(let worker) = pick(wanted, hint: nil, now: now), !holders.contains(worker)
    else { return }
    guard isLate ? retries.take(1, now: now) : hedging.take(1, now: now) else { return }
    if isLate {
      counts.doubledPieces += 1
    } else {
      pieces[id]?.isHedged = true
      counts.hedgedPieces += 1
    }
    hold(id, on: worker, now: now)
  }

  /// Calls that no worker may answer which is up. One that was answered in part begins anew with
  /// others, since one answer never mixes two fingerprints: at once, if none of its workers is
  /// expected back, or after a while.
  private mutating func checkStranded(_ now: Int64) {
    for id in calls.ids(where: { $0.pieces.isEmpty && ($0.hasPending || !$0.alone.isEmpty) }) {
      guard candidates(calls[id]?.pool).isEmpty else {
        calls[id]?.strandedSince = nil
        continue
      }
      let since = calls[id]?.strandedSince ?? now
      calls[id]?.strandedSince = since
      stranded(id, for: now - since, now: now)
    }
  }

  private mutating func stranded(_ id: CallID, for time: Int64, now: Int64) {
    if let fingerprint = calls[id]?.fingerprint, calls[id]?.pinned == nil, !ready.isEmpty,
      time > configuration.fingerprintWait
        || !workers.indices.contains(where: { workers[$0]?.isOnItsWay(fingerprint) == true })
    {
      guard let restarts = calls[id]?.restarts, restarts < configuration.restartsMax else {
        return giveUp(id, .exhausted(configuration.restartsMax), now: now, isForAll: true)
      }
      return restart(id, now: now)
    }
    guard calls[id]?.deadline == .max, time > configuration.noWorkerWait else { return }
    let wait = configuration.noWorkerWait / 1_000_000_000
    giveUp(
      id,
      Status(
        .unavailable, reason: .workerLost, "no worker came up in \(wait) s that may answer",
        isRetryable: true), now: now, isForAll: true)
  }

  private mutating func restart(_ id: CallID, now: Int64) {
    counts.restarts += 1
    forget(id)
    calls[id]?.restart()
    actions.append(.restarted(id))
    for (unit, state) in (calls[id]?.units ?? []).enumerated() where state == .failed {
      actions.append(poisoned(UnitReference(call: id, unit: Int32(unit))))
    }
    enqueue(id, now: now)
  }
}

extension WorkerState {
  /// It is not up, and expected to be, with the same fingerprint as before.
  fileprivate func isOnItsWay(_ fingerprint: Int) -> Bool {
    (phase == .starting || phase == .down) && self.fingerprint == fingerprint
  }
}
