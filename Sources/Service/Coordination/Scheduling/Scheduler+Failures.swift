package import Wire

extension Scheduler {
  /// Why a worker did not answer a piece.
  package enum Loss: Sendable, Equatable {
    /// It certainly never read it.
    case unread
    /// It has too much, or is about to end.
    case refused(Status)
    /// It failed at it.
    case fault(Status)
    /// It died with it.
    case death(isAlone: Bool)
    /// Its end, or that of its connection, has nothing to do with what it had.
    case ended
    /// It took far too long.
    case stalled
  }

  /// A worker did not answer a piece.
  package mutating func pieceFailed(
    _ id: PieceID, on worker: WorkerID, as loss: Loss, now: Int64
  ) {
    if case .refused(let status) = loss {
      let wait = Int64(clamping: min(status.retryAfterMicroseconds, 1_000_000)) * 1_000
      workers[worker]?.blockedUntil = now + wait
    }
    if case .fault = loss {
      eject(worker, now: now) { $0.faulted(now: now, isAllowed: $1, jitter: $2) }
    }
    lose(id, on: worker, as: loss, now: now)
    dispatch(now: now)
  }

  /// A worker said of a piece what every worker would say: the call fails.
  package mutating func pieceRejected(
    _ id: PieceID, by worker: WorkerID, _ status: Status, now: Int64
  ) {
    guard let piece = pieces[id], piece.isHeld(by: worker) else { return }
    giveUp(piece.call, status, now: now, isForAll: true)
    dispatch(hint: worker, now: now)
  }

  /// The caller waits no longer. What others wait for goes on.
  package mutating func cancel(_ id: CallID, now: Int64) {
    giveUp(id, nil, now: now)
    dispatch(now: now)
  }

  /// A call cannot be split or sent: it fails.
  package mutating func fail(_ id: CallID, _ status: Status, now: Int64) {
    giveUp(id, status, now: now, isForAll: true)
    dispatch(now: now)
  }

  mutating func lose(_ id: PieceID, on worker: WorkerID, as loss: Loss, now: Int64) {
    guard var piece = pieces[id], piece.isHeld(by: worker) else { return }
    release(id, from: worker)
    piece.tried.append(worker)
    pieces[id]?.tried = piece.tried
    if case .death(let isAlone) = loss { suspect(piece, isAlone: isAlone) }
    guard pieces[id]?.holders.isEmpty == true else { return }
    pieces.remove(id)
    calls[piece.call]?.pieces.removeAll { $0 == id }
    if loss == .unread { counts.unreadPieces += 1 } else { counts.retriedPieces += 1 }
    let live = piece.units.filter { calls[piece.call]?.units[Int($0)] == .sent }
    guard !live.isEmpty else { return unpark(piece.call, now: now) }
    for unit in live { calls[piece.call]?.units[Int(unit)] = .pending }
    if case .fault(let status) = loss, piece.tried.count >= 2 {
      return giveUp(piece.call, status, now: now, isForAll: true)
    }
    if piece.tried.count >= configuration.attemptsMax, loss != .unread,
      !live.contains(where: { isSuspected(piece.call, $0) })
    {
      return giveUp(piece.call, loss.status(after: piece.tried.count), now: now, isForAll: true)
    }
    requeue(piece, live, loss, now: now)
  }

  private mutating func requeue(_ piece: Piece, _ units: [Int32], _ loss: Loss, now: Int64) {
    guard let call = calls[piece.call] else { return }
    let isSuspect = units.contains { isSuspected(piece.call, $0) }
    if isSuspect, !call.isSplit, call.request.inputCount > 1 {
      // It is cut first, so that the one that is to blame can be found.
      calls[piece.call]?.requeued.append(
        RequeuedUnits(units: units, cost: call.cost(of: units), tried: [], notBefore: .max))
      return actions.append(.split(piece.call))
    }
    let size = isSuspect ? max(1, units.count / 8) : units.count
    var start = 0
    while start < units.count {
      let part = Array(units[start..<min(start + size, units.count)])
      start += size
      append(part, to: piece.call, tried: piece.tried, loss)
    }
    if queue.contains(piece.call) {
      account(call, call.cost(of: units))
    } else {
      parked.remove(piece.call)
      enqueue(piece.call, now: now)
    }
  }

  private mutating func append(
    _ units: [Int32], to id: CallID, tried: [WorkerID], _ loss: Loss
  ) {
    guard let call = calls[id] else { return }
    let deaths = units.map { suspicions[UnitReference(call: id, unit: $0)]?.deaths ?? 0 }.max() ?? 0
    let isCounted =
      switch loss {
      case .unread, .ended, .death: false
      case .refused, .fault, .stalled: true
      }
    calls[id]?.requeued.append(
      RequeuedUnits(
        units: units, cost: call.cost(of: units), tried: loss == .unread ? [] : tried,
        isAlone: units.count == 1 && deaths >= 2, isCounted: isCounted))
  }

  // MARK: Poison

  private func isSuspected(_ call: CallID, _ unit: Int32) -> Bool {
    suspicions[UnitReference(call: call, unit: unit)] != nil
  }

  /// A worker died with the piece. Its units are sent again in ever smaller pieces and, after the
  /// second death, alone; one that was alone at two deaths is answered by an error.
  private mutating func suspect(_ piece: Piece, isAlone: Bool) {
    guard let call = calls[piece.call] else { return }
    let isSingle = call.inputs(in: piece) == 1
    for unit in piece.units where call.units[Int(unit)] == .sent {
      let reference = UnitReference(call: piece.call, unit: unit)
      var suspicion = suspicions[reference, default: Suspicion()]
      suspicion.deaths += 1
      if isAlone, isSingle { suspicion.deathsAlone += 1 }
      suspicions[reference] = suspicion
      guard suspicion.deathsAlone >= 2 else { continue }
      counts.poisonedUnits += 1
      condemn(reference)
    }
  }

  private mutating func condemn(_ reference: UnitReference) {
    let everyone = [reference] + (unitFollowers.removeValue(forKey: reference) ?? [])
    suspicions[reference] = nil
    for unit in everyone {
      guard let call = calls[unit.call] else { continue }
      let status = Status(
        .internal, reason: .poison,
        "two workers died while they had nothing but this input; it is not tried again",
        inputIndex: call.isSplit ? Int(unit.unit) : 0)
      calls[unit.call]?.units[Int(unit.unit)] = .done
      calls[unit.call]?.remaining -= 1
      actions.append(.failedUnits(unit.call, [unit.unit], status))
      finishIfDone(unit.call)
    }
  }

  /// Cuts a call that was sent whole, since a worker died with it.
  ///
  /// - Parameter costs: of each of its inputs.
  package mutating func split(_ id: CallID, costs: [Int64], now: Int64) {
    guard let call = calls[id], !call.isSplit, !costs.isEmpty else { return }
    let suspicion = suspicions.removeValue(forKey: UnitReference(call: id, unit: 0)) ?? Suspicion()
    calls[id]?.request.costs = costs
    calls[id]?.units = Array(repeating: .pending, count: costs.count)
    calls[id]?.remaining = costs.count
    calls[id]?.pending = []
    calls[id]?.pendingCost = 0
    calls[id]?.requeued = []
    let units = (0..<Int32(costs.count)).map { $0 }
    for unit in units { suspicions[UnitReference(call: id, unit: unit)] = suspicion }
    let size = max(1, units.count / 8)
    for start in stride(from: 0, to: units.count, by: size) {
      append(
        Array(units[start..<min(start + size, units.count)]), to: id, tried: [],
        .death(isAlone: false))
    }
    enqueue(id, now: now)
    dispatch(now: now)
  }

  // MARK: Giving up

  /// Ends a call: its caller gets the status, or has gone. What other calls wait for goes on.
  ///
  /// - Parameter isForAll: those that wait for the same get the same.
  mutating func giveUp(_ id: CallID, _ status: Status?, now: Int64, isForAll: Bool = false) {
    guard let call = calls[id] else { return }
    if let status, call.hasCaller {
      counts.failedCalls += 1
      actions.append(.failed(id, status))
    }
    if let leader = call.leader {
      drop(id)
      calls[leader]?.followers.removeAll { $0 == id }
      return endIfUnwanted(leader, now: now)
    }
    calls[id]?.hasCaller = false
    if isForAll, let status {
      for follower in call.followers {
        counts.failedCalls += 1
        actions.append(.failed(follower, status))
        drop(follower)
      }
      calls[id]?.followers = []
      for unit in 0..<Int32(call.unitCount) {
        let reference = UnitReference(call: id, unit: unit)
        for follower in unitFollowers.removeValue(forKey: reference) ?? [] {
          giveUp(follower.call, status, now: now)
        }
      }
    }
    endIfUnwanted(id, now: now)
  }

  private mutating func drop(_ id: CallID) {
    calls.remove(id)
    actions.append(.dropped(id))
  }

  /// Drops what of a call nobody waits for any more; all of it, if nobody does.
  private mutating func endIfUnwanted(_ id: CallID, now: Int64) {
    guard let call = calls[id], !call.hasCaller, call.followers.isEmpty else { return }
    unqueue(id)
    for unit in 0..<Int32(call.unitCount) {
      let state = call.units[Int(unit)]
      guard state != .done, state != .dropped else { continue }
      let reference = UnitReference(call: id, unit: unit)
      if state == .following { unfollow(reference, now: now) }
      guard unitFollowers[reference] == nil else { continue }
      calls[id]?.units[Int(unit)] = .dropped
      calls[id]?.remaining -= 1
      suspicions[reference] = nil
    }
    dropUnwanted(id)
    if calls[id]?.remaining == 0 {
      parked.remove(id)
      deferred.remove(id)
      drop(id)
    } else if calls[id]?.hasPending == true {
      enqueue(id, now: now)
    }
  }

  /// Takes dropped units out of what waits, and tells workers of pieces that hold no others.
  private mutating func dropUnwanted(_ id: CallID) {
    guard let call = calls[id] else { return }
    calls[id]?.dropPending { $0 == .dropped }
    calls[id]?.requeued = call.requeued.compactMap { again in
      var again = again
      again.units.removeAll { call.units[Int($0)] == .dropped }
      again.cost = call.cost(of: again.units)
      return again.units.isEmpty ? nil : again
    }
    for pieceID in call.pieces {
      guard let piece = pieces[pieceID],
        piece.units.allSatisfy({ call.units[Int($0)] != .sent })
      else { continue }
      for holder in piece.holders {
        release(pieceID, from: holder.worker)
        actions.append(.cancel(pieceID, holder.worker))
      }
      pieces.remove(pieceID)
      calls[id]?.pieces.removeAll { $0 == pieceID }
    }
  }

  /// Finds the unit that this one followed, and whether anybody still wants it.
  private mutating func unfollow(_ unit: UnitReference, now: Int64) {
    for (other, followers) in unitFollowers where followers.contains(unit) {
      let left = followers.filter { $0 != unit }
      unitFollowers[other] = left.isEmpty ? nil : left
      endIfUnwanted(other.call, now: now)
      return
    }
  }
}

extension Scheduler.Loss {
  /// What a call is told that was lost or refused too often.
  fileprivate func status(after attempts: Int) -> Status {
    switch self {
    case .refused(let status), .fault(let status): status
    case .unread, .death, .ended, .stalled: .exhausted(attempts)
    }
  }
}

extension Status {
  static func exhausted(_ attempts: Int) -> Status {
    Status(
      .unavailable, reason: .workerLost,
      "inputs were lost or refused \(attempts) times, by one worker after another",
      isRetryable: true)
  }
}
