internal import Wire

extension Scheduler {
  /// What an answered piece was good for.
  package struct Answered: Sendable {
    package var call: CallID
    /// Units in the order of the piece's results.
    package var units: [Int32]
    /// For each unit, the equal ones of other calls.
    package var followers: [(result: Int, unit: UnitReference)]
  }

  /// A worker answered a piece.
  ///
  /// - Parameters:
  ///   - fingerprint: of the answer.
  ///   - computeNanoseconds: of one compute thread.
  /// - Returns: whose results they are, to be kept before the actions are done; nil if they are of
  ///   no use, for the piece was answered before or by workers of another fingerprint.
  package mutating func pieceAnswered(
    _ id: PieceID, by worker: WorkerID, fingerprint: String, computeNanoseconds: Int64, now: Int64
  ) -> Answered? {
    guard let piece = pieces[id], let call = calls[piece.call], piece.isHeld(by: worker) else {
      return nil
    }
    observe(piece, on: worker, inputs: call.inputs(in: piece), computeNanoseconds, now: now)
    if call.isSplit, !fingerprint.isEmpty, let committed = call.fingerprint,
      fingerprints[committed] != fingerprint
    {
      lose(id, on: worker, as: .ended, now: now)
      dispatch(hint: worker, now: now)
      return nil
    }
    for holder in piece.holders {
      release(id, from: holder.worker)
      if holder.worker != worker { actions.append(.cancel(id, holder.worker)) }
    }
    pieces.remove(id)
    calls[piece.call]?.pieces.removeAll { $0 == id }
    let answered = complete(piece, fingerprint: fingerprints.firstIndex(of: fingerprint), now: now)
    unpark(piece.call, now: now)
    dispatch(hint: worker, now: now)
    return answered
  }

  private mutating func observe(
    _ piece: Piece, on worker: WorkerID, inputs: Int, _ computeNanoseconds: Int64, now: Int64
  ) {
    guard let holder = piece.holders.first(where: { $0.worker == worker }),
      let state = workers[worker]
    else { return }
    cost.answered(predicted: piece.cost, actual: computeNanoseconds)
    speed.observed(
      predicted: (holder.lateAfter - holder.sent) / configuration.lateFactor,
      actual: now - holder.sent)
    let before = state.slowness
    workers[worker]?.observed(predicted: piece.cost, actual: computeNanoseconds)
    workers[worker]?.ejection.succeeded()
    workers[worker]?.answeredPieces += 1
    workers[worker]?.answeredInputs += UInt64(inputs)
    workers[worker]?.computeNanoseconds &+= UInt64(max(0, computeNanoseconds))
    if state.phase == .ready, let after = workers[worker]?.slowness {
      capacity += Double(state.threads) / after - Double(state.threads) / before
    }
  }

  private mutating func complete(_ piece: Piece, fingerprint: Int?, now: Int64) -> Answered {
    var answered = Answered(call: piece.call, units: piece.units, followers: [])
    for (index, unit) in piece.units.enumerated() {
      guard finish(UnitReference(call: piece.call, unit: unit)) else { continue }
      if !suspicions.isEmpty { suspicions[UnitReference(call: piece.call, unit: unit)] = nil }
      guard !unitFollowers.isEmpty else { continue }
      let reference = UnitReference(call: piece.call, unit: unit)
      for follower in unitFollowers.removeValue(forKey: reference) ?? [] {
        guard joins(follower, fingerprint, now: now), finish(follower) else { continue }
        answered.followers.append((index, follower))
        finishIfDone(follower.call)
      }
    }
    finishIfDone(piece.call)
    return answered
  }

  /// Whether an answer of that fingerprint may stand beside what the follower's call has; if not,
  /// the unit is computed for itself.
  private mutating func joins(_ unit: UnitReference, _ fingerprint: Int?, now: Int64) -> Bool {
    guard let call = calls[unit.call], call.units[Int(unit.unit)] == .following else {
      return false
    }
    if call.fingerprint == nil { calls[unit.call]?.fingerprint = fingerprint }
    guard let fingerprint, call.fingerprint ?? fingerprint != fingerprint else { return true }
    let cost = call.cost(of: unit.unit)
    calls[unit.call]?.units[Int(unit.unit)] = .pending
    calls[unit.call]?.requeued.append(RequeuedUnits(units: [unit.unit], cost: cost, tried: []))
    if queue.contains(unit.call) {
      account(call, cost)
    } else {
      parked.remove(unit.call)
      enqueue(unit.call, now: now)
    }
    return false
  }

  /// - Returns: whether the unit was waited for.
  private mutating func finish(_ unit: UnitReference) -> Bool {
    guard let state = calls[unit.call]?.units[Int(unit.unit)], state != .done, state != .dropped
    else { return false }
    calls[unit.call]?.units[Int(unit.unit)] = .done
    calls[unit.call]?.remaining -= 1
    return true
  }

  mutating func finishIfDone(_ id: CallID) {
    guard let call = calls[id], call.remaining == 0, call.leader == nil else { return }
    unqueue(id)
    parked.remove(id)
    deferred.remove(id)
    counts.finishedCalls += UInt64(call.followers.count) + (call.hasCaller ? 1 : 0)
    calls.remove(id)
    for follower in call.followers { calls.remove(follower) }
    if call.hasCaller || !call.followers.isEmpty {
      actions.append(.finished(id, followers: call.followers))
    }
  }

  /// The worker has the piece no longer.
  mutating func release(_ id: PieceID, from worker: WorkerID) {
    guard let piece = pieces[id],
      let holder = piece.holders.first(where: { $0.worker == worker })
    else { return }
    workers[worker]?.ended(id, piece, wasLate: holder.isLate)
    pieces[id]?.holders.removeAll { $0.worker == worker }
  }
}

extension ScheduledCall {
  /// Inputs of the piece.
  func inputs(in piece: Piece) -> Int {
    isSplit ? piece.units.count : request.inputCount
  }
}
