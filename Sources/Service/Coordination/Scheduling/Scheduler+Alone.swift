internal import Wire

/// Units that may be to blame for the death of workers are sent alone, so that the guilty one is
/// found and no other is taken for it.
extension Scheduler {
  /// Sends units that must be alone to workers that are empty, a few at a time. One worker more is
  /// emptied for the next.
  mutating func placeAlone(now: Int64) {
    if let worker = vacating, workers[worker]?.phase != .ready || secluded.isEmpty {
      vacating = nil
    }
    var reserved = ready.count { workers[$0]?.isReserved == true }
    for id in inOrder(secluded) {
      while let units = calls[id]?.alone.first {
        guard reserved < max(1, ready.count / 4) else { return }
        guard let worker = emptyWorker(for: id, units, now: now) else { break }
        if worker == vacating { vacating = nil }
        calls[id]?.alone.removeFirst()
        send(id, units, to: worker, now: now)
        reserved += 1
      }
      if calls[id]?.alone.isEmpty ?? true { secluded.remove(id) }
    }
  }

  /// - Returns: nil if none is empty; the one that should be soonest gets nothing new.
  private mutating func emptyWorker(
    for id: CallID, _ units: RequeuedUnits, now: Int64
  ) -> WorkerID? {
    let pool = candidates(calls[id]?.pool).filter { workers[$0]?.isReserved == false }
    let tried = units.attempts.workers
    let sound = pool.filter { workers[$0]?.isSound(now: now) == true }
    let untried = sound.filter { !tried.contains($0) }
    let preferred = untried.isEmpty ? (sound.isEmpty ? pool : sound) : untried
    let empty = preferred.first { worker in
      workers[worker].map { $0.pieces.isEmpty && $0.blockedUntil <= now } ?? false
    }
    if empty == nil, vacating.map({ !preferred.contains($0) }) ?? true,
      let soonest = preferred.min(by: { backlog(of: $0, .bulk) < backlog(of: $1, .bulk) })
    {
      vacating = soonest
    }
    return empty
  }

  // MARK: Who is to blame

  func isSuspected(_ call: CallID, _ unit: Int32) -> Bool {
    !suspicions.isEmpty && suspicions[UnitReference(call: call, unit: unit)] != nil
  }

  /// A worker died with the piece. Its units are sent again in ever smaller pieces, and alone in the
  /// end; one that was alone at two deaths is answered by an error.
  ///
  /// Being alone by chance counts for nothing: workers die of other things, and a long text is often
  /// all that one has.
  mutating func suspect(_ piece: Piece, isAlone: Bool, now: Int64) {
    guard let call = calls[piece.call] else { return }
    var condemned: [UnitReference] = []
    for unit in piece.units where call.units[Int(unit)] == .sent {
      let reference = UnitReference(call: piece.call, unit: unit)
      suspicions[reference, default: Suspicion()].deaths += 1
      guard isAlone, piece.isAlone else { continue }
      suspicions[reference]?.deathsAlone += 1
      if suspicions[reference]?.deathsAlone == 2 { condemned.append(reference) }
    }
    for reference in condemned { condemn(reference, now: now) }
  }

  private mutating func condemn(_ reference: UnitReference, now: Int64) {
    counts.poisonedUnits += 1
    suspicions[reference] = nil
    for unit in [reference] + (unitFollowers.removeValue(forKey: reference) ?? []) {
      guard calls[unit.call] != nil else { continue }
      calls[unit.call]?.units[Int(unit.unit)] = .failed
      calls[unit.call]?.leaders[unit.unit] = nil
      calls[unit.call]?.remaining -= 1
      actions.append(poisoned(unit))
      dropUnwantedPieces(of: unit.call, now: now)
      finishIfDone(unit.call)
    }
  }

  func poisoned(_ unit: UnitReference) -> Action {
    let index = calls[unit.call]?.isSplit == true ? Int(unit.unit) : 0
    return .failedUnits(
      unit.call, [unit.unit],
      Status(
        .internal, reason: .poison,
        "two workers died while they had nothing but this input; it is not tried again",
        inputIndex: index))
  }

  /// Cuts a call that was sent whole, since a worker died with it.
  ///
  /// - Parameter costs: of each of its inputs.
  package mutating func split(_ id: CallID, costs: [Int64], now: Int64) {
    guard let call = calls[id], !call.isSplit, !costs.isEmpty else { return }
    let first = UnitReference(call: id, unit: 0)
    let suspicion = suspicions.removeValue(forKey: first) ?? Suspicion()
    forget(id)
    calls[id]?.cut(costs)
    let units = (0..<Int32(costs.count)).map { $0 }
    for unit in units { suspicions[UnitReference(call: id, unit: unit)] = suspicion }
    requeue(units, of: id, Attempts(), isCounted: false, now: now)
    dispatch(now: now)
  }

  /// Units that came back go to another worker: those that may be to blame in smaller pieces, or
  /// alone.
  mutating func requeue(
    _ units: [Int32], of id: CallID, _ attempts: Attempts, isCounted: Bool, now: Int64
  ) {
    guard let isSplit = calls[id]?.isSplit, let inputCount = calls[id]?.request.inputCount else {
      return
    }
    let isSuspect = units.contains { isSuspected(id, $0) }
    if isSuspect, !isSplit, inputCount > 1 {
      // It is cut first, so that the one that is to blame can be found.
      append(units, to: id, attempts, notBefore: .max)
      return actions.append(.split(id))
    }
    let deaths = units.map { deathCount(UnitReference(call: id, unit: $0)) }.max() ?? 0
    let size =
      isSuspect ? max(1, deaths >= 2 && units.count < 16 ? 1 : units.count / 8) : units.count
    for start in stride(from: 0, to: units.count, by: size) {
      let part = Array(units[start..<min(start + size, units.count)])
      append(
        part, to: id, attempts, isCounted: isCounted,
        isAlone: isSuspect && size == 1 && (deaths >= 2 || units.count == 1))
    }
    if calls[id]?.alone.isEmpty == false { secluded.insert(id) }
    parked.remove(id)
    enqueue(id, now: now)
  }

  private func deathCount(_ unit: UnitReference) -> Int { suspicions[unit]?.deaths ?? 0 }

  private mutating func append(
    _ units: [Int32], to id: CallID, _ attempts: Attempts, notBefore: Int64 = .min,
    isCounted: Bool = false, isAlone: Bool = false
  ) {
    guard let cost = calls[id]?.cost(of: units) else { return }
    let again = RequeuedUnits(
      units: units, cost: cost, attempts: attempts, isAlone: isAlone, notBefore: notBefore,
      isCounted: isCounted)
    if isAlone {
      calls[id]?.alone.append(again)
    } else {
      calls[id]?.requeued.append(again)
      if queue.contains(id) { account(id, cost) }
    }
  }
}

extension ScheduledCall {
  /// Makes units of its inputs, all of them pending and nowhere yet.
  fileprivate mutating func cut(_ costs: [Int64]) {
    request.costs = costs
    units = Array(repeating: .pending, count: costs.count)
    remaining = costs.count
    pending = []
    pendingCost = 0
    requeued = []
  }
}
