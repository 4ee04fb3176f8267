internal import Wire

extension Scheduler {
  /// What became of an attempt to send something of a call.
  enum Sending {
    case sent(cost: Int64)
    /// No worker that could take it has room.
    case noRoom
    /// It has as much on every worker as it may, or its workers are not up.
    case parked
    /// It has nothing to send.
    case nothing
  }

  /// Sends what can be sent of a call that was just admitted, and queues the rest.
  mutating func begin(_ id: CallID, now: Int64) {
    guard let call = calls[id] else { return }
    if queue.isEmpty(call.priority) {
      sending: while true {
        switch sendNext(of: id, hint: nil, now: now) {
        case .sent: continue
        case .nothing: return
        case .parked:
          if calls.contains(id) { parked.insert(id) }
          return
        case .noRoom: break sending
        }
      }
    }
    if calls[id]?.hasPending == true { enqueue(id, now: now) }
  }

  /// Sends what waits, as long as there is room.
  ///
  /// - Parameter hint: a worker that has just got room.
  mutating func dispatch(hint: WorkerID? = nil, now: Int64) {
    guard !ready.isEmpty, !queue.isEmpty else { return }
    var isFull: (interactive: Bool, bulk: Bool) = (false, false)
    while let turn = nextTurn(isFull, now: now) {
      switch sendNext(of: turn.call, hint: hint, now: now) {
      case .sent(let cost):
        let isOver = calls[turn.call]?.hasPending != true
        // Its waiting cost went down with what was sent; the rest of the account goes with it.
        if isOver { settle(turn.call) }
        queue.served(turn, cost: cost, isOver: isOver, now: now)
      case .noRoom:
        if turn.priority == .bulk { isFull.bulk = true } else { isFull.interactive = true }
      case .parked:
        leaveQueue(turn, now: now)
        if calls.contains(turn.call) { parked.insert(turn.call) }
      case .nothing: leaveQueue(turn, now: now)
      }
    }
  }

  private mutating func nextTurn(
    _ isFull: (interactive: Bool, bulk: Bool), now: Int64
  ) -> FairQueue.Turn? {
    switch isFull {
    case (false, false): queue.next(now: now)
    case (true, false): nil
    // Bulk work has no room where all of it counts; interactive work may.
    case (false, true): queue.next(in: .interactive)
    case (true, true): nil
    }
  }

  private mutating func leaveQueue(_ turn: FairQueue.Turn, now: Int64) {
    settle(turn.call)
    queue.served(turn, cost: 0, isOver: true, now: now)
  }

  // MARK: The queue's accounts

  mutating func enqueue(_ id: CallID, now: Int64) {
    guard let call = calls[id], !queue.contains(id) else { return }
    parked.remove(id)
    queue.push(
      id, caller: call.request.caller, priority: call.priority, isSplit: call.isSplit, now: now)
    account(call, call.waitingCost)
  }

  /// Takes a call out of the queue wherever it stands.
  mutating func unqueue(_ id: CallID) {
    guard queue.contains(id) else { return }
    settle(id)
    queue.remove(id)
  }

  private mutating func settle(_ id: CallID) {
    guard let call = calls[id] else { return }
    account(call, -call.waitingCost)
  }

  mutating func account(_ call: ScheduledCall, _ cost: Int64) {
    switch call.priority {
    case .interactive: waitingCost.interactive = max(0, waitingCost.interactive + cost)
    case .bulk: waitingCost.bulk = max(0, waitingCost.bulk + cost)
    }
    let caller = call.request.caller
    let left = waitingOfCaller[caller, default: 0] + cost
    waitingOfCaller[caller] = left > 0 ? left : nil
  }

  mutating func unpark(_ id: CallID, now: Int64) {
    guard parked.remove(id) != nil else { return }
    enqueue(id, now: now)
  }

  mutating func unparkAll(now: Int64) {
    for id in inOrder(parked) { unpark(id, now: now) }
  }

  /// In the order of their arrival: a set has none, and a run must be repeatable.
  func inOrder(_ ids: Set<CallID>) -> [CallID] {
    ids.sorted { (calls[$0]?.arrival ?? 0, $0) < (calls[$1]?.arrival ?? 0, $1) }
  }

  // MARK: Sending

  /// Sends the next piece of a call.
  mutating func sendNext(of id: CallID, hint: WorkerID?, now: Int64) -> Sending {
    guard let call = calls[id], call.hasPending else { return .nothing }
    var outcome = Sending.parked
    for index in call.requeued.indices where call.requeued[index].notBefore <= now {
      switch sendRequeued(index, of: id, hint: hint, now: now) {
      case .sent(let cost): return .sent(cost: cost)
      case .noRoom: outcome = .noRoom
      case .nothing: return .nothing
      case .parked: break
      }
    }
    guard !call.pending.isEmpty else {
      if !call.requeued.isEmpty { deferred.insert(id) }
      return outcome
    }
    let target = pieceCost(of: id)
    let choice = pick(Wanted(call, cost: target, tried: []), hint: hint, now: now)
    guard case .worker(let worker) = choice else { return choice.sending(else: outcome) }
    if isTooLate(id, target, on: worker, now: now) { return .nothing }
    let (units, cost) = takePending(id, target)
    send(id, RequeuedUnits(units: units, cost: cost, tried: []), to: worker, now: now)
    return .sent(cost: cost)
  }

  private mutating func sendRequeued(
    _ index: Int, of id: CallID, hint: WorkerID?, now: Int64
  ) -> Sending {
    guard let call = calls[id] else { return .nothing }
    let again = call.requeued[index]
    let wanted = Wanted(call, cost: again.cost, tried: again.tried, isAlone: again.isAlone)
    let choice = pick(wanted, hint: hint, now: now)
    guard case .worker(let worker) = choice else { return choice.sending(else: .parked) }
    if isTooLate(id, again.cost, on: worker, now: now) { return .nothing }
    if again.isCounted, !retries.take(1, now: now) {
      calls[id]?.requeued[index].notBefore = now + Self.budgetWait
      return .parked
    }
    calls[id]?.requeued.remove(at: index)
    if queue.contains(id) { account(call, -again.cost) }
    send(id, again, to: worker, now: now)
    return .sent(cost: again.cost)
  }

  /// How long a piece waits for the retry budget before it asks again.
  private static var budgetWait: Int64 { 10_000_000 }

  /// Predicted cost of the next piece of units that were never sent.
  private func pieceCost(of id: CallID) -> Int64 {
    guard let call = calls[id] else { return 0 }
    guard call.isSplit else { return call.pendingCost }
    let share = call.pendingCost / Int64(max(1, ready.count) * 2)
    return min(max(share, pieceMin), max(configuration.pieceMax, pieceMin))
  }

  private mutating func takePending(_ id: CallID, _ target: Int64) -> ([Int32], Int64) {
    guard let (units, cost) = calls[id]?.takePending(target) else { return ([], 0) }
    if queue.contains(id), let call = calls[id] { account(call, -cost) }
    return (units, cost)
  }

  private mutating func send(
    _ id: CallID, _ units: RequeuedUnits, to worker: WorkerID, now: Int64
  ) {
    guard let call = calls[id] else { return }
    let piece = Piece(
      call: id, units: units.units, cost: units.cost, priority: call.priority, tried: units.tried,
      isAlone: units.isAlone)
    let pieceID = pieces.insert(piece)
    for unit in units.units { calls[id]?.units[Int(unit)] = .sent }
    calls[id]?.pieces.append(pieceID)
    if call.sentAt == nil { calls[id]?.sentAt = now }
    if call.isSplit, call.fingerprint == nil {
      calls[id]?.fingerprint = workers[worker]?.fingerprint
    }
    counts.sentPieces += 1
    hold(pieceID, on: worker, now: now)
  }

  /// The worker gets the piece.
  mutating func hold(_ id: PieceID, on worker: WorkerID, now: Int64) {
    guard let piece = pieces[id], let state = workers[worker] else { return }
    let finish = state.finish(piece.cost, piece.priority) + batchNanoseconds
    let late = max(configuration.lateMin, finish.multipliedSaturating(configuration.lateFactor))
    let hedge = max(2_000_000, Int64(min(Double(finish) * speed.ratio, 1e15)))
    pieces[id]?.holders.append(
      Piece.Holder(
        worker: worker, sent: now, lateAfter: now.addingSaturating(late),
        hedgeAfter: configuration.hedges && speed.isKnown && piece.priority == .interactive
          ? now.addingSaturating(hedge) : .max))
    workers[worker]?.sent(id, piece)
    actions.append(.send(id, worker))
  }

  /// Gives a call up that could not be answered in time any more.
  private mutating func isTooLate(
    _ id: CallID, _ pieceCost: Int64, on worker: WorkerID, now: Int64
  ) -> Bool {
    guard let call = calls[id], call.deadline != .max, cost.isLearned,
      let state = workers[worker]
    else { return false }
    let whole = capacity > 0 ? Int64(Double(call.pendingCost) / capacity) : 0
    let predicted = max(state.finish(pieceCost, call.priority), whole)
    let margin = predicted * configuration.deadlineMargin / 100
    guard now + predicted + margin > call.deadline else { return false }
    counts.lateCalls += 1
    let status = Status(
      .deadlineExceeded, reason: .tooLate,
      "the answer would take \(predicted / 1_000_000) ms more, "
        + "\(max(0, call.deadline - now) / 1_000_000) ms are left")
    unqueue(id)
    giveUp(id, status, now: now)
    return true
  }
}

extension ScheduledCall {
  /// Predicted nanoseconds of all that waits for a worker.
  var waitingCost: Int64 { pendingCost + requeued.reduce(0) { $0 + $1.cost } }

  /// Takes the longest units of about so much cost together, at least one.
  mutating func takePending(_ target: Int64) -> (units: [Int32], cost: Int64) {
    var units: [Int32] = []
    var taken: Int64 = 0
    while let unit = pending.last, units.isEmpty || taken + cost(of: unit) <= target {
      pending.removeLast()
      units.append(unit)
      taken += cost(of: unit)
    }
    pendingCost -= taken
    return (units, taken)
  }
}

extension Int64 {
  func multipliedSaturating(_ factor: Int64) -> Int64 {
    let (product, overflow) = multipliedReportingOverflow(by: factor)
    return overflow ? .max : product
  }

  func addingSaturating(_ other: Int64) -> Int64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
