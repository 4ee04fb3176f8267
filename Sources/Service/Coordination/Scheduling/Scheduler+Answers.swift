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
    guard let piece = pieces[id], piece.isHeld(by: worker) else { return nil }
    observe(piece, on: worker, computeNanoseconds, now: now)
    guard fits(fingerprint, piece.call) else {
      lose(id, on: worker, as: .ended, now: now)
      dispatch(hint: worker, now: now)
      return nil
    }
    let since = piece.holders.first { $0.worker == worker }?.sent ?? now
    for holder in piece.holders {
      if holder.worker == worker {
        release(id, from: worker)
      } else {
        takeBack(id, from: holder.worker, isSlower: holder.sent < since, now: now)
      }
    }
    removePiece(id)
    let answered = complete(piece, fingerprint: fingerprints.firstIndex(of: fingerprint), now: now)
    unpark(piece.call, now: now)
    dispatch(hint: worker, now: now)
    return answered
  }

  /// Whether an answer of that fingerprint may be the call's, or stand beside what it has already.
  private func fits(_ fingerprint: String, _ id: CallID) -> Bool {
    guard !fingerprint.isEmpty, let pool = calls[id]?.pool else { return true }
    return fingerprints[pool] == fingerprint
  }

  private mutating func observe(
    _ piece: Piece, on worker: WorkerID, _ computeNanoseconds: Int64, now: Int64
  ) {
    guard let holder = piece.holders.first(where: { $0.worker == worker }),
      let before = workers[worker]?.speed
    else { return }
    cost.answered(predicted: predictedNow(piece), actual: computeNanoseconds)
    restateCosts()
    let predicted = predictedNow(piece)
    speed.observed(predicted: holder.predicted, actual: now - holder.sent)
    let inputs = calls[piece.call]?.inputs(in: piece) ?? 0
    workers[worker]?.answered(
      holder, inputs: inputs, predicted: predicted, actual: computeNanoseconds, now: now)
    guard workers[worker]?.phase == .ready, let after = workers[worker]?.speed else { return }
    capacity += after - before
  }

  /// The piece's cost as it would be predicted now: what the model learned since is not the worker's.
  private func predictedNow(_ piece: Piece) -> Int64 {
    piece.cost.scaled(by: cost.unit / piece.costUnit)
  }

  private mutating func complete(_ piece: Piece, fingerprint: Int?, now: Int64) -> Answered {
    var answered = Answered(call: piece.call, units: piece.units, followers: [])
    for (index, unit) in piece.units.enumerated() {
      let reference = UnitReference(call: piece.call, unit: unit)
      guard finish(reference, from: .sent) else { continue }
      if !suspicions.isEmpty { suspicions[reference] = nil }
      guard !unitFollowers.isEmpty else { continue }
      for follower in unitFollowers.removeValue(forKey: reference) ?? [] {
        guard joins(follower, fingerprint, now: now) else { continue }
        calls[follower.call]?.leaders[follower.unit] = nil
        guard finish(follower, from: .following) else { continue }
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
    if let pool = calls[unit.call]?.pool, pool != fingerprint {
      unfollow(unit, now: now)
      return false
    }
    if calls[unit.call]?.fingerprint == nil { commit(unit.call, to: fingerprint, now: now) }
    return true
  }

  /// A unit that followed another is computed for itself.
  mutating func unfollow(_ unit: UnitReference, now: Int64) {
    guard calls[unit.call]?.units[Int(unit.unit)] == .following else { return }
    calls[unit.call]?.units[Int(unit.unit)] = .pending
    calls[unit.call]?.leaders[unit.unit] = nil
    requeue([unit.unit], of: unit.call, Attempts(), isCounted: false, now: now)
  }

  /// - Returns: whether the unit was waited for.
  private mutating func finish(
    _ unit: UnitReference, from state: ScheduledCall.UnitState
  ) -> Bool {
    guard calls[unit.call]?.units[Int(unit.unit)] == state else { return false }
    calls[unit.call]?.units[Int(unit.unit)] = .done
    calls[unit.call]?.remaining -= 1
    return true
  }

  mutating func finishIfDone(_ id: CallID) {
    guard calls[id]?.remaining == 0, calls[id]?.leader == nil else { return }
    forget(id)
    guard let call = calls.remove(id) else { return }
    counts.finishedCalls += UInt64(call.followers.count) + (call.hasCaller ? 1 : 0)
    for follower in call.followers { calls.remove(follower) }
    let isWanted = call.hasCaller || !call.followers.isEmpty
    actions.append(isWanted ? .finished(id, followers: call.followers) : .dropped(id))
  }

  /// The worker has the piece no longer.
  mutating func release(_ id: PieceID, from worker: WorkerID) {
    guard let piece = pieces[id],
      let index = piece.holders.firstIndex(where: { $0.worker == worker })
    else { return }
    workers[worker]?.ended(id, piece, wasLate: piece.holders[index].isLate)
    noteIdle(worker)
    pieces[id]?.holders.remove(at: index)
    guard let held = calls[piece.call]?.held[worker] else { return }
    calls[piece.call]?.held[worker] = held > 1 ? held - 1 : nil
  }

  /// Nobody waits any more for the worker's answer to the piece.
  ///
  /// - Parameter isSlower: it had the piece longer than any other that has it, or answered it.
  mutating func takeBack(_ id: PieceID, from worker: WorkerID, isSlower: Bool, now: Int64) {
    let wasLate = pieces[id]?.holders.first { $0.worker == worker }?.isLate ?? false
    release(id, from: worker)
    workers[worker]?.strays.left(now: now)
    if wasLate, isSlower { workers[worker]?.lateUnanswered(now: now) }
    actions.append(.cancel(id, worker))
  }

  mutating func removePiece(_ id: PieceID) {
    guard let piece = pieces.remove(id) else { return }
    calls[piece.call]?.removePiece(id)
  }
}

extension ScheduledCall {
  /// Inputs of the piece.
  func inputs(in piece: Piece) -> Int {
    isSplit ? piece.units.count : request.inputCount
  }
}

extension WorkerState {
  /// Threads of the model's predicted time that it is worth.
  var speed: Double { Double(threads) / slowness }

  fileprivate mutating func answered(
    _ holder: Piece.Holder, inputs: Int, predicted: Int64, actual: Int64, now: Int64
  ) {
    observed(predicted: predicted, actual: actual, now: now)
    ejection.succeeded()
    strays.answered(sent: holder.sent)
    isSilent = false
    refusals = 0
    answeredPieces += 1
    answeredInputs += UInt64(inputs)
    computeNanoseconds &+= UInt64(max(0, actual))
  }
}
