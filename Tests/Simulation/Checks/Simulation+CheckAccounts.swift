internal import Coordination
internal import Wire

/// The scheduler's accounts, counted anew.
extension Simulation {
  func checkStep() {
    let calls = scheduler.openCalls
    let pieces = scheduler.openPieces
    checkCalls(calls, pieces)
    checkWaiting(calls)
    checkWorkers(pieces)
    checkIdleWorkers(calls, pieces)
    checkDeadlines()
    checkBudgets()
    if calls.count > scenario.configuration.callsMax { violated("too many calls") }
  }

  /// Each unit is where its state says, once; each call is where it will be found.
  private func checkCalls(
    _ calls: [(id: Scheduler.CallID, call: ScheduledCall)],
    _ pieces: [(id: Scheduler.PieceID, piece: Piece)]
  ) {
    var own: [Int: [Piece]] = [:]
    for (_, piece) in pieces { own[piece.call.place, default: []].append(piece) }
    for (id, call) in calls {
      checkUnits(id, call, own[id.place] ?? [])
      guard call.leader == nil else { continue }
      if call.hasPending, !isWaiting(id), !call.requeued.contains(where: { $0.notBefore == .max }) {
        violated("call \(name(id)) has units to send, and nobody will")
      }
      if !call.alone.isEmpty, !scheduler.secluded.contains(id) {
        violated("call \(name(id)) has units to be alone, and nobody sends them")
      }
      if !call.hasPending, call.alone.isEmpty, call.pieces.isEmpty, call.leaders.isEmpty {
        violated("call \(name(id)) waits for nothing")
      }
      if !call.hasCaller, call.followers.isEmpty,
        !call.units.indices.contains(where: { unit in
          scheduler.unitFollowers[UnitReference(call: id, unit: Int32(unit))] != nil
        })
      {
        violated("call \(name(id)) is wanted by nobody")
      }
    }
  }

  private func isWaiting(_ id: Scheduler.CallID) -> Bool {
    scheduler.queue.contains(id) || scheduler.parked.contains(id) || scheduler.deferred.contains(id)
      || scheduler.secluded.contains(id)
  }

  private func name(_ id: Scheduler.CallID) -> String { record(id).map { "\($0)" } ?? "?" }

  private func checkUnits(_ id: Scheduler.CallID, _ call: ScheduledCall, _ pieces: [Piece]) {
    var waiting = Array(repeating: 0, count: call.unitCount)
    var sent = waiting
    for unit in call.pending { waiting[Int(unit)] += 1 }
    for again in call.requeued + call.alone { for unit in again.units { waiting[Int(unit)] += 1 } }
    for piece in pieces { for unit in piece.units { sent[Int(unit)] += 1 } }
    if pieces.count != call.pieces.count { violated("call \(name(id)) has other pieces") }
    var remaining = 0
    for (unit, state) in call.units.enumerated() {
      if waiting[unit] != (state == .pending ? 1 : 0) || state == .sent && sent[unit] != 1 {
        violated("call \(name(id)): unit \(unit) is \(state), and waits or is sent otherwise")
      }
      if state == .following, call.leaders[Int32(unit)] == nil {
        violated("call \(name(id)): unit \(unit) follows nothing")
      }
      if state == .pending || state == .sent || state == .following { remaining += 1 }
    }
    if remaining != call.remaining {
      violated("call \(name(id)): \(remaining) units remain, it says \(call.remaining)")
    }
    if call.pendingCost != call.pending.reduce(0, { $0 + call.cost(of: $1) }) {
      violated("call \(name(id)): its pending cost is wrong")
    }
  }

  private func checkWaiting(_ calls: [(id: Scheduler.CallID, call: ScheduledCall)]) {
    var cost: (interactive: Int64, bulk: Int64) = (0, 0)
    var ofCaller: [UInt64: Int64] = [:]
    for (id, call) in calls where scheduler.queue.contains(id) {
      let waiting = call.waitingCost
      if call.priority == .bulk { cost.bulk += waiting } else { cost.interactive += waiting }
      ofCaller[call.request.caller, default: 0] += waiting
    }
    if cost != scheduler.waitingCost {
      violated("\(cost) waits, the account is \(scheduler.waitingCost)")
    }
    if ofCaller.filter({ $0.value != 0 }) != scheduler.waitingOfCaller {
      violated("of callers \(ofCaller) waits, the account is \(scheduler.waitingOfCaller)")
    }
  }

  private func checkWorkers(_ pieces: [(id: Scheduler.PieceID, piece: Piece)]) {
    var held: [Scheduler.WorkerID: [(id: Piece.ID, piece: Piece)]] = [:]
    var count = 0
    for (id, piece) in pieces {
      if scheduler.call(piece.call) == nil { violated("a piece is left of a call that is over") }
      if piece.holders.isEmpty { violated("a piece that nobody has") }
      for holder in piece.holders { held[holder.worker, default: []].append((id, piece)) }
      count += piece.holders.count
    }
    for id in scheduler.workers.indices {
      guard let worker = scheduler.worker(id) else { continue }
      let own = held.removeValue(forKey: id) ?? []
      if own.count != worker.pieces.count || own.contains(where: { !worker.pieces.contains($0.id) })
      {
        violated("worker \(id) has other pieces")
      }
      checkWorker(id, worker, own.map(\.piece))
    }
    if !held.isEmpty { violated("pieces are with workers that are gone") }
    // What the scheduler has sent is on its way or there, and nothing else is waited for.
    if count != flights.count, !hosts.contains(where: \.isUntold) {
      violated("\(count) pieces are sent, \(flights.count) waited for")
    }
  }

  private func checkWorker(_ id: Scheduler.WorkerID, _ worker: WorkerState, _ pieces: [Piece]) {
    let cost = { (priority: Priority) in
      pieces.filter { $0.priority == priority }.reduce(Int64(0)) { $0 + $1.cost }
    }
    if worker.inFlight != (cost(.interactive), cost(.bulk)) {
      violated("worker \(id): \(worker.inFlight) is in flight by its account")
    }
    let late = pieces.count { $0.holders.contains { $0.worker == id && $0.isLate } }
    if worker.latePieces != late { violated("worker \(id): \(late) pieces are late") }
    let isReserved = pieces.contains(where: \.isAlone)
    if worker.isReserved != isReserved { violated("worker \(id): reserved \(worker.isReserved)") }
    if isReserved, pieces.count > 1 { violated("worker \(id): not alone") }
  }

  private func checkBudgets() {
    let seconds = Double(now) / 1e9
    let doubled = scheduler.counts.doubledPieces
    if Double(doubled) > 0.2 * Double(asked) + 10 * seconds + 101 {
      violated("\(doubled) pieces were doubled, for \(asked) calls")
    }
    let hedged = scheduler.counts.hedgedPieces
    if Double(hedged) > 0.05 * Double(asked) + seconds + 11 {
      violated("\(hedged) pieces were hedged, for \(asked) calls")
    }
  }

  /// No worker is idle while something waits that it could take, or is late elsewhere.
  private func checkIdleWorkers(
    _ calls: [(id: Scheduler.CallID, call: ScheduledCall)],
    _ pieces: [(id: Scheduler.PieceID, piece: Piece)]
  ) {
    // What time alone has ended is seen at the next tick.
    let lastTick = now - scenario.tickInterval
    let idle = scheduler.ready.filter { id in
      guard let worker = scheduler.worker(id) else { return false }
      return worker.pieces.isEmpty && worker.blockedUntil < lastTick
        && worker.isSound(now: lastTick) && id != scheduler.vacating
    }
    guard !idle.isEmpty, scheduler.ready.count <= scenario.configuration.scanMax else {
      lateSince = [:]
      return
    }
    for (id, call) in calls where !call.pending.isEmpty && scheduler.queue.contains(id) {
      if let worker = idle.first(where: { mayTake(call, $0) }) {
        violated("call \(name(id)) waits, and worker \(worker) is idle")
      }
    }
    checkLatePieces(pieces, idle)
  }

  /// A piece that is late wherever it is goes to another worker at the next tick after one is idle.
  private func checkLatePieces(
    _ pieces: [(id: Scheduler.PieceID, piece: Piece)], _ idle: [Scheduler.WorkerID]
  ) {
    // Within what the budget allows in any case.
    guard scheduler.counts.doubledPieces + scheduler.counts.retriedPieces < 50 else { return }
    var since: [Scheduler.PieceID: Int64] = [:]
    let most = scenario.configuration.attemptsMax
    for (id, piece) in pieces where !piece.isAlone && piece.holders.count < most {
      guard piece.holders.allSatisfy({ $0.lateAfter < now }), let call = scheduler.call(piece.call),
        idle.contains(where: { !piece.tried.contains($0) && mayTake(call, $0) })
      else { continue }
      since[id] = lateSince[id] ?? now
      if now - (since[id] ?? now) > 2 * scenario.tickInterval {
        violated("a piece is late wherever it is, and a worker is idle")
      }
    }
    lateSince = since
  }

  private func mayTake(_ call: ScheduledCall, _ id: Scheduler.WorkerID) -> Bool {
    guard let worker = scheduler.worker(id) else { return false }
    if let fingerprint = call.fingerprint { return worker.fingerprint == fingerprint }
    let own = scheduler.fingerprints[worker.fingerprint]
    if !call.request.pin.isEmpty { return own == call.request.pin }
    guard let current = scheduler.current,
      scheduler.ready.contains(where: { scheduler.worker($0)?.fingerprint == current })
    else { return true }
    return worker.fingerprint == current
  }

  /// When nothing is asked any more, nothing is left.
  func checkQuiet() {
    if !open.isEmpty { violated("calls \(open.sorted().prefix(5)) are never answered") }
    for (number, record) in records.enumerated() where record.id != nil && !record.isClosed {
      violated("call \(number) is never given back")
    }
    if scheduler.calls.count + scheduler.pieces.count > 0 { violated("calls or pieces are left") }
    if !scheduler.suspicions.isEmpty { violated("suspicions are left") }
    if !scheduler.unitFollowers.isEmpty { violated("followers are left") }
    if !scheduler.parked.isEmpty || !scheduler.deferred.isEmpty {
      violated("parked calls are left")
    }
    if !scheduler.queue.isEmpty || !scheduler.secluded.isEmpty { violated("queued calls are left") }
    if !sharedCalls.isEmpty || !sharedInputs.isEmpty { violated("shared keys are left") }
  }
}
