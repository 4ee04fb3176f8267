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
    switch loss {
    case .unread: block(worker, until: now + configuration.refusalWait)
    case .refused(let status):
      let wait = Int64(clamping: min(status.retryAfterMicroseconds, 1_000_000)) * 1_000
      block(worker, until: now + max(wait, refused(by: worker)))
    case .fault: eject(worker, now: now) { $0.faulted(now: now, isAllowed: $1, jitter: $2) }
    case .death, .ended, .stalled: break
    }
    lose(id, on: worker, as: loss, now: now)
    dispatch(now: now)
  }

  private mutating func block(_ worker: WorkerID, until time: Int64) {
    guard self.worker(worker) != nil else { return }
    workers[worker]?.blockedUntil = time
  }

  /// - Returns: how long the worker gets nothing: twice as long each time that it refuses in a row.
  private mutating func refused(by id: WorkerID) -> Int64 {
    guard let times = worker(id)?.refusals else { return 0 }
    workers[id]?.refusals += 1
    return min(configuration.refusalWait << Int64(min(times, 16)), configuration.refusalWaitMax)
  }

  /// A worker said of a piece what every worker would say: the call fails.
  package mutating func pieceRejected(
    _ id: PieceID, by worker: WorkerID, _ status: Status, now: Int64
  ) {
    guard let piece = pieces[id], piece.isHeld(by: worker) else { return }
    release(id, from: worker)
    if pieces[id]?.holders.isEmpty == true { removePiece(id) }
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
    guard let piece = pieces[id], piece.isHeld(by: worker) else { return }
    release(id, from: worker)
    if loss != .unread { pieces[id]?.attempts.workers.append(worker) }
    if case .fault = loss { pieces[id]?.attempts.faulty.append(worker) }
    if case .death(let isAlone) = loss { suspect(piece, isAlone: isAlone, now: now) }
    guard let left = pieces[id], left.holders.isEmpty else { return }
    removePiece(id)
    if loss == .unread { counts.unreadPieces += 1 } else { counts.retriedPieces += 1 }
    let live = piece.units.filter { calls[piece.call]?.units[Int($0)] == .sent }
    guard !live.isEmpty else { return unpark(piece.call, now: now) }
    for unit in live { calls[piece.call]?.units[Int(unit)] = .pending }
    if let status = end(after: left.attempts, loss, isSuspect: isSuspected(piece.call, live)) {
      return giveUp(piece.call, status, now: now, isForAll: true)
    }
    requeue(live, of: piece.call, left.attempts, isCounted: loss.isCounted, now: now)
  }

  private func isSuspected(_ call: CallID, _ units: [Int32]) -> Bool {
    units.contains { isSuspected(call, $0) }
  }

  /// Why units are not tried again, or nil.
  private func end(after attempts: Attempts, _ loss: Loss, isSuspect: Bool) -> Status? {
    if case .fault(let status) = loss, attempts.faulty.count >= configuration.faultsMax,
      Set(attempts.faulty).count >= min(configuration.faultsMax, ready.count)
    {
      return status
    }
    guard loss != .unread else { return nil }
    let most = isSuspect ? 2 * configuration.attemptsMax : configuration.attemptsMax
    return attempts.workers.count >= most ? loss.status(after: attempts.workers.count) : nil
  }

  // MARK: Giving up

  /// Ends a call: its caller gets the status, or has gone. Units that other calls wait for go on.
  ///
  /// - Parameter isForAll: equal calls get the same, and equal units are computed for themselves.
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
      calls[id]?.followers = []
      for follower in call.followers {
        counts.failedCalls += 1
        actions.append(.failed(follower, status))
        drop(follower)
      }
      releaseFollowers(of: id, call.unitCount, now: now)
    }
    endIfUnwanted(id, now: now)
  }

  private mutating func releaseFollowers(of id: CallID, _ unitCount: Int, now: Int64) {
    guard !unitFollowers.isEmpty else { return }
    for unit in 0..<Int32(unitCount) {
      let reference = UnitReference(call: id, unit: unit)
      for follower in unitFollowers.removeValue(forKey: reference) ?? [] {
        unfollow(follower, now: now)
      }
    }
  }

  private mutating func drop(_ id: CallID) {
    calls.remove(id)
    actions.append(.dropped(id))
  }

  /// Drops what of a call nobody waits for any more; all of it, if nobody does.
  private mutating func endIfUnwanted(_ id: CallID, now: Int64) {
    guard isUnwanted(id), let unitCount = calls[id]?.unitCount else { return }
    unqueue(id)
    // First those that follow, perhaps units of this same call. What they leave may end other calls,
    // which may have units that follow this one's: so states are read anew each time.
    if calls[id]?.leaders.isEmpty == false {
      for unit in 0..<Int32(unitCount) where state(id, unit) == .following {
        dropUnit(id, unit)
        leaveLeader(UnitReference(call: id, unit: unit), now: now)
      }
    }
    for unit in 0..<Int32(unitCount) where state(id, unit) == .pending || state(id, unit) == .sent {
      let reference = UnitReference(call: id, unit: unit)
      guard unitFollowers.isEmpty || unitFollowers[reference] == nil else { continue }
      dropUnit(id, unit)
      if !suspicions.isEmpty { suspicions[reference] = nil }
    }
    calls[id]?.dropSettled()
    dropUnwantedPieces(of: id, now: now)
    if calls[id]?.remaining == 0 {
      forget(id)
      drop(id)
    } else {
      enqueue(id, now: now)
    }
  }

  private func isUnwanted(_ id: CallID) -> Bool {
    calls[id].map { !$0.hasCaller && $0.followers.isEmpty } ?? false
  }

  private func state(_ id: CallID, _ unit: Int32) -> ScheduledCall.UnitState? {
    calls[id]?.units[Int(unit)]
  }

  private mutating func dropUnit(_ id: CallID, _ unit: Int32) {
    calls[id]?.units[Int(unit)] = .dropped
    calls[id]?.remaining -= 1
  }

  /// Takes pieces back of which no unit is waited for.
  mutating func dropUnwantedPieces(of id: CallID, now: Int64) {
    guard let own = calls[id]?.pieces else { return }
    for pieceID in own {
      guard let piece = pieces[pieceID],
        piece.units.allSatisfy({ calls[id]?.units[Int($0)] != .sent })
      else { continue }
      for (index, holder) in piece.holders.enumerated() {
        takeBack(pieceID, from: holder.worker, isSlower: index == 0, now: now)
      }
      removePiece(pieceID)
    }
  }

  /// The unit waits no longer for the one that it followed, which goes on if anybody else does.
  private mutating func leaveLeader(_ unit: UnitReference, now: Int64) {
    guard let leader = calls[unit.call]?.leaders.removeValue(forKey: unit.unit) else { return }
    let left = unitFollowers[leader]?.filter { $0 != unit } ?? []
    unitFollowers[leader] = left.isEmpty ? nil : left
    if left.isEmpty, leader.call != unit.call { endIfUnwanted(leader.call, now: now) }
  }
}

extension Scheduler.Loss {
  /// Whether sending it again is on the retry budget: not what is no sign of too much load.
  fileprivate var isCounted: Bool {
    switch self {
    case .unread, .ended, .death: false
    case .refused, .fault, .stalled: true
    }
  }

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
