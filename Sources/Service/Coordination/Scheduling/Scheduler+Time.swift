internal import Wire

extension Scheduler {
  /// Looks for what time has brought: deadlines, late pieces, waits that are over. To be called
  /// every few milliseconds while calls are open.
  package mutating func checkTime(_ now: Int64) {
    refreshCapacity()
    checkDeadlines(now)
    checkPieces(now)
    checkFingerprints(now)
    for id in inOrder(deferred) {
      deferred.remove(id)
      parked.remove(id)
      if calls[id]?.hasPending == true { enqueue(id, now: now) }
    }
    dispatch(now: now)
  }

  private mutating func checkDeadlines(_ now: Int64) {
    let isUp = !ready.isEmpty
    let wait = configuration.noWorkerWait
    for id in calls.ids(where: { call in
      (call.hasCaller && now >= call.request.deadline)
        || (!isUp && call.pieces.isEmpty && call.request.deadline == .max
          && now - call.arrival > wait)
    }) {
      guard let call = calls[id] else { continue }
      if now >= call.request.deadline {
        giveUp(
          id, Status(.deadlineExceeded, "the deadline passed before the answer was whole"),
          now: now)
      } else {
        giveUp(
          id,
          Status(
            .unavailable, reason: .workerLost, "no worker came up in \(wait / 1_000_000_000) s",
            isRetryable: true), now: now, isForAll: true)
      }
    }
  }

  /// Late pieces go to a second worker as well; a worker that is late beyond all patience has lost
  /// what it has.
  private mutating func checkPieces(_ now: Int64) {
    let stallMax = configuration.stallMax
    for id in pieces.ids(where: { piece in
      piece.holders.contains { now > $0.lateAfter || now > $0.hedgeAfter }
    }) {
      guard let piece = pieces[id] else { continue }
      for (index, holder) in piece.holders.enumerated() where now > holder.lateAfter {
        if !holder.isLate {
          pieces[id]?.holders[index].isLate = true
          workers[holder.worker]?.latePieces += 1
        }
      }
      let stalled = piece.holders.first { now > $0.lateAfter.addingSaturating(stallMax) }
      if let stalled {
        actions.append(.cancel(id, stalled.worker))
        lose(id, on: stalled.worker, as: .stalled, now: now)
      } else if !piece.isDoubled {
        double(id, isLate: piece.holders.contains { now > $0.lateAfter }, now: now)
      }
    }
  }

  /// Sends a piece to a second worker as well, if there is one with room and the budget allows.
  private mutating func double(_ id: PieceID, isLate: Bool, now: Int64) {
    guard let piece = pieces[id], let call = calls[piece.call], !piece.isAlone else { return }
    let holders = piece.holders.map(\.worker)
    let wanted = Wanted(call, cost: piece.cost, tried: piece.tried + holders)
    guard case .worker(let worker) = pick(wanted, hint: nil, now: now), !holders.contains(worker)
    else { return }
    guard isLate ? retries.take(1, now: now) : hedging.take(1, now: now) else { return }
    pieces[id]?.isDoubled = true
    if isLate { counts.doubledPieces += 1 } else { counts.hedgedPieces += 1 }
    hold(id, on: worker, now: now)
  }

  /// A call whose first pieces were answered by workers that are gone for good begins anew with
  /// others: one answer never mixes two fingerprints.
  private mutating func checkFingerprints(_ now: Int64) {
    for id in calls.ids(where: { call in
      call.fingerprint.map { readyByFingerprint[$0].isEmpty } ?? false && call.pieces.isEmpty
        && call.request.pin.isEmpty
    }) {
      guard let call = calls[id], let fingerprint = call.fingerprint, !ready.isEmpty,
        !workers.contains(where: { $0?.isOnItsWay == true && $0?.fingerprint == fingerprint })
      else { continue }
      guard call.restarts < configuration.restartsMax else {
        giveUp(id, .exhausted(call.restarts), now: now, isForAll: true)
        continue
      }
      restart(id, now: now)
    }
  }

  private mutating func restart(_ id: CallID, now: Int64) {
    counts.restarts += 1
    unqueue(id)
    parked.remove(id)
    deferred.remove(id)
    calls[id]?.restart()
    actions.append(.restarted(id))
    enqueue(id, now: now)
  }
}

extension WorkerState {
  /// It is not up, and expected to be.
  fileprivate var isOnItsWay: Bool { phase == .starting || phase == .down }
}

extension ScheduledCall {
  /// Everything that was answered is to be answered again.
  mutating func restart() {
    restarts += 1
    fingerprint = nil
    requeued = []
    for index in units.indices where units[index] == .done || units[index] == .sent {
      units[index] = .pending
    }
    let waiting = units.indices.filter { units[$0] == .pending }.map(Int32.init)
    pending = waiting.sorted { (cost(of: $0), $1) < (cost(of: $1), $0) }
    pendingCost = pending.reduce(0) { $0 + cost(of: $1) }
    remaining = units.count { $0 != .dropped }
  }
}
