internal import Wire

extension Scheduler {
  /// What became of an attempt to send something of a call.
  enum Sending {
    case sent(cost: Int64)
    /// No worker that could take it has room.
    case noRoom
    /// It has as much on every worker as it may, its workers are not up, or it must wait.
    case parked
    /// It is over, or has nothing that any worker could take.
    case nothing
  }

  /// Sends what can be sent of a call that was just admitted, and queues the rest.
  mutating func begin(_ id: CallID, now: Int64) {
    guard let priority = calls[id]?.priority, calls[id]?.hasPending == true else { return }
    guard queue.isEmpty(priority, lane: lane(of: id)) else { return enqueue(id, now: now) }
    while true {
      switch sendNext(of: id, hint: nil, now: now) {
      case .sent: continue
      case .nothing: return
      case .parked: return park(id, now: now)
      case .noRoom: return enqueue(id, now: now)
      }
    }
  }

  /// Sends what waits, as long as there is room. Each turn sends something, ends a call's wait, or
  /// fills a lane.
  ///
  /// - Parameter hint: a worker that has just got room.
  mutating func dispatch(hint: WorkerID? = nil, now: Int64) {
    guard !ready.isEmpty else { return }
    if !secluded.isEmpty || vacating != nil { placeAlone(now: now) }
    guard !queue.isEmpty else { return }
    var full = FairQueue.FullLanes()
    while let turn = queue.next(except: full, now: now) {
      counts.turns += 1
      switch sendNext(of: turn.call, hint: hint, isDue: turn.isDue, now: now) {
      case .sent(let cost):
        let isOver = calls[turn.call]?.hasPending != true
        queue.served(turn, cost: cost, isOver: isOver, now: now)
      case .noRoom: full.insert(turn.priority, turn.lane)
      case .parked: park(turn.call, now: now)
      case .nothing: unqueue(turn.call)
      }
    }
  }

  // MARK: The queue's accounts

  /// Calls in one lane wait for the same workers: 0 is for those that any may take.
  func lane(of id: CallID) -> Int {
    guard let pool = calls[id]?.pool else { return 0 }
    if let current, !readyByFingerprint[current].isEmpty { return pool == current ? 0 : pool + 1 }
    return readyByFingerprint[pool].count == ready.count ? 0 : pool + 1
  }

  /// Other workers are up than before.
  mutating func changeLanes(now: Int64) {
    guard !queue.isEmpty else { return }
    for (call, lane) in queue.calls where lane != self.lane(of: call) {
      changeLane(call, now: now)
    }
  }

  private mutating func changeLane(_ id: CallID, now: Int64) {
    unqueue(id)
    enqueue(id, now: now)
  }

  /// From now on only workers of that fingerprint answer the call.
  mutating func commit(_ id: CallID, to fingerprint: Int?, now: Int64) {
    calls[id]?.fingerprint = fingerprint
    if let lane = queue.lane(of: id), lane != self.lane(of: id) { changeLane(id, now: now) }
  }

  mutating func enqueue(_ id: CallID, now: Int64) {
    guard let call = calls[id], call.hasPending, !queue.contains(id) else { return }
    parked.remove(id)
    let order = queue.push(
      id, caller: call.request.caller, priority: call.priority, isSplit: call.isSplit,
      lane: lane(of: id), order: call.order, now: now)
    calls[id]?.order = order
    account(id, call.waitingCost)
  }

  /// Takes a call out of the queue wherever it stands.
  mutating func unqueue(_ id: CallID) {
    guard !queue.isEmpty, queue.contains(id) else { return }
    if let cost = calls[id]?.waitingCost { account(id, -cost) }
    queue.remove(id)
  }

  /// What waits of a queued call has changed by that much.
  mutating func account(_ id: CallID, _ cost: Int64) {
    guard let priority = calls[id]?.priority, let caller = calls[id]?.request.caller else { return }
    switch priority {
    case .interactive: waitingCost.interactive += cost
    case .bulk: waitingCost.bulk += cost
    }
    let left = waitingOfCaller[caller, default: 0] + cost
    waitingOfCaller[caller] = left == 0 ? nil : left
  }

  /// What is predicted of calls that wait follows what the model has learned, where that is much.
  mutating func restateCosts() {
    let factor = cost.unit / restatedUnit
    guard factor < 0.8 || factor > 1.25 else { return }
    restatedUnit = cost.unit
    waitingCost = (0, 0)
    waitingOfCaller = [:]
    for id in calls.ids {
      calls[id]?.restate(by: factor)
      if queue.contains(id), let cost = calls[id]?.waitingCost { account(id, cost) }
    }
  }

  /// The call waits for something other than room: an answer of its own, a worker, or time.
  private mutating func park(_ id: CallID, now: Int64) {
    unqueue(id)
    parked.insert(id)
    if calls[id]?.requeued.contains(where: { $0.notBefore > now }) == true { deferred.insert(id) }
  }

  mutating func unpark(_ id: CallID, now: Int64) {
    guard !parked.isEmpty, parked.remove(id) != nil else { return }
    enqueue(id, now: now)
  }

  mutating func unparkAll(now: Int64) {
    for id in inOrder(parked) { unpark(id, now: now) }
  }

  /// The call waits nowhere any more.
  mutating func forget(_ id: CallID) {
    unqueue(id)
    if !parked.isEmpty { parked.remove(id) }
    if !deferred.isEmpty { deferred.remove(id) }
    if !secluded.isEmpty { secluded.remove(id) }
  }

  /// In the order of their arrival: a set has none, and a run must be repeatable.
  func inOrder(_ ids: Set<CallID>) -> [CallID] {
    ids.sorted { (calls[$0]?.arrival ?? 0, $0) < (calls[$1]?.arrival ?? 0, $1) }
  }

  // MARK: Sending

  /// Sends the next piece of a call.
  ///
  /// - Parameter isDue: it has waited long enough to go before others.
  mutating func sendNext(
    of id: CallID, hint: WorkerID?, isDue: Bool = false, now: Int64
  ) -> Sending {
    var outcome = Sending.parked
    if calls[id]?.requeued.isEmpty == false {
      let sending = sendRequeued(of: id, hint: hint, isDue: isDue, now: now)
      switch sending {
      case .sent, .nothing: return sending
      case .noRoom, .parked: outcome = sending
      }
    }
    guard calls[id]?.pending.isEmpty == false else {
      return calls[id]?.hasPending == true ? outcome : .nothing
    }
    let target = pieceCost(of: id)
    switch pick(wanted(id, cost: target, tried: [], isDue: isDue), hint: hint, now: now) {
    case .none: return outcome
    case .noRoom: return .noRoom
    case .worker(let worker):
      if endIfTooLate(id, target, on: worker, now: now) { return .nothing }
      let isQueued = !queue.isEmpty && queue.contains(id)
      guard let (units, cost) = calls[id]?.takePending(target) else { return .nothing }
      if isQueued { account(id, -cost) }
      send(id, RequeuedUnits(units: units, cost: cost), to: worker, now: now)
      return .sent(cost: cost)
    }
  }

  /// Sends the first that may be sent of what came back.
  private mutating func sendRequeued(
    of id: CallID, hint: WorkerID?, isDue: Bool, now: Int64
  ) -> Sending {
    var index = 0
    while let again = calls[id]?.requeued.element(at: index) {
      index += 1
      guard again.notBefore <= now else { continue }
      let tried = again.attempts.workers
      let wanted = wanted(id, cost: again.cost, tried: tried, isDue: isDue)
      let choice = pick(wanted, hint: hint, now: now)
      guard case .worker(let worker) = choice else {
        guard case .noRoom = choice else { continue }
        guard !tried.isEmpty, hasRoom(wanted, now: now) else { return .noRoom }
        // Only the workers that lost it have room: others go first.
        calls[id]?.requeued[index - 1].notBefore = now + Self.retryWait
        continue
      }
      if endIfTooLate(id, again.cost, on: worker, now: now) { return .nothing }
      if again.isCounted, !retries.take(1, now: now) {
        calls[id]?.requeued[index - 1].notBefore = now + Self.retryWait
        continue
      }
      if queue.contains(id) { account(id, -again.cost) }
      calls[id]?.requeued.remove(at: index - 1)
      send(id, again, to: worker, now: now)
      return .sent(cost: again.cost)
    }
    return .parked
  }

  /// Whether any worker would take it, were it not for those that lost it.
  private mutating func hasRoom(_ wanted: Wanted, now: Int64) -> Bool {
    var wanted = wanted
    wanted.tried = []
    if case .worker = pick(wanted, hint: nil, now: now) { return true }
    return false
  }

  /// How long a piece that came back waits before it is looked at again.
  private static var retryWait: Int64 { 10_000_000 }

  private func wanted(
    _ id: CallID, cost: Int64, tried: [WorkerID], isDue: Bool
  ) -> Wanted {
    Wanted(
      call: id, priority: calls[id]?.priority ?? .bulk, pool: calls[id]?.pool, cost: cost,
      tried: tried, isDue: isDue, isLimited: calls[id]?.held.isEmpty == false)
  }

  /// Predicted cost of the next piece of units that were never sent.
  private func pieceCost(of id: CallID) -> Int64 {
    let left = calls[id]?.pendingCost ?? 0
    guard calls[id]?.isSplit == true else { return left }
    let share = left / Int64(max(1, ready.count) * 2)
    return min(max(share, pieceMin), max(configuration.pieceMax, pieceMin))
  }

  mutating func send(_ id: CallID, _ units: RequeuedUnits, to worker: WorkerID, now: Int64) {
    guard let priority = calls[id]?.priority, let deadline = calls[id]?.deadline else { return }
    let told = deadline.addingSaturating(configuration.deadlineSlack)
    let piece = Piece(
      call: id, units: units.units, cost: units.cost, costUnit: cost.unit, priority: priority,
      deadline: told, attempts: units.attempts, isAlone: units.isAlone)
    let pieceID = pieces.insert(piece)
    for unit in units.units { calls[id]?.units[Int(unit)] = .sent }
    calls[id]?.addPiece(pieceID, told: told)
    if calls[id]?.isSplit == true, calls[id]?.fingerprint == nil {
      commit(id, to: workers[worker]?.fingerprint, now: now)
    }
    counts.sentPieces += 1
    hold(pieceID, on: worker, now: now)
  }

  /// The worker gets the piece.
  mutating func hold(_ id: PieceID, on worker: WorkerID, now: Int64) {
    guard let cost = pieces[id]?.cost, let priority = pieces[id]?.priority,
      let isAlone = pieces[id]?.isAlone, let call = pieces[id]?.call,
      let finish = workers[worker]?.finish(cost, priority)
    else { return }
    let predicted = finish + batchNanoseconds
    let late = max(configuration.lateMin, predicted.multipliedSaturating(configuration.lateFactor))
    let hedges = configuration.hedges && speed.isKnown && !priority.isBulk
    let hedge = max(2_000_000, Int64(min(Double(predicted) * speed.ratio, 1e15)))
    pieces[id]?.holders.append(
      Piece.Holder(
        worker: worker, sent: now, predicted: predicted, lateAfter: now.addingSaturating(late),
        hedgeAfter: hedges ? now.addingSaturating(hedge) : .max))
    workers[worker]?.sent(id, cost, priority, isAlone: isAlone)
    noteIdle(worker)
    if calls[call]?.isSplit == true { calls[call]?.held[worker, default: 0] += 1 }
    actions.append(.send(id, worker))
  }

  /// Gives a call up that could not be answered in time any more. Those that wait for the same have
  /// no more time than it.
  private mutating func endIfTooLate(
    _ id: CallID, _ pieceCost: Int64, on worker: WorkerID, now: Int64
  ) -> Bool {
    guard let deadline = calls[id]?.deadline, deadline != .max, cost.isLearned,
      let priority = calls[id]?.priority, let left = calls[id]?.pendingCost
    else { return false }
    let finish = workers[worker]?.finish(pieceCost, priority) ?? 0
    let predicted = max(finish, capacity > 0 ? Int64(Double(left) / capacity) : 0)
    let margin = predicted * configuration.deadlineMargin / 100
    guard now + predicted + margin > deadline else { return false }
    counts.lateCalls += 1
    giveUp(id, tooLate(id, predicted: predicted + margin, now: now), now: now, isForAll: true)
    return true
  }
}

extension Scheduler {
  private func tooLate(_ id: CallID, predicted: Int64, now: Int64) -> Status? {
    guard let request = calls[id]?.request, let arrival = calls[id]?.arrival else { return nil }
    let alone = answerTime(request)
    return .tooLate(
      predicted: predicted, left: request.deadline - now,
      alone: alone + alone * configuration.deadlineMargin / 100,
      budget: request.deadline - arrival)
  }
}

extension Array {
  func element(at index: Int) -> Element? { index < count ? self[index] : nil }
}

extension Int64 {
  /// At least 1, and no more than ten days of nanoseconds.
  func scaled(by factor: Double) -> Int64 {
    Int64(Swift.min(Swift.max(1, Double(self) * factor), 1e15))
  }

  func multipliedSaturating(_ factor: Int64) -> Int64 {
    let (product, overflow) = multipliedReportingOverflow(by: factor)
    return overflow ? .max : product
  }

  func addingSaturating(_ other: Int64) -> Int64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
