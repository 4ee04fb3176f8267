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
    // Sums that were cut short are right again.
    if queue.isEmpty { (waitingCost, waitingOfCaller) = ((0, 0), [:]) }
  }

  /// What waits of a queued call has changed by that much.
  mutating func account(_ id: CallID, _ cost: Int64) {
    guard let priority = calls[id]?.priority, let caller = calls[id]?.request.caller else { return }
    switch priority {
    case .interactive: waitingCost.interactive = waitingCost.interactive.addingSaturating(cost)
    case .bulk: waitingCost.bulk = waitingCost.bulk.addingSaturating(cost)
    }
    let left = waitingOfCaller[caller, default: 0].addingSaturating(cost)
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
    let wanted = wanted(id, cost: target, tried: [], isDue: isDue)
    switch pick(wanted, hint: hint, now: now) {
    case .none: return outcome
    case .noRoom: return .noRoom
    case .worker(let picked):
      guard let worker = inTime(picked, wanted, now: now) else { return .nothing }
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
      guard case .worker(let picked) = choice else {
        guard case .noRoom = choice else { continue }
        guard !tried.isEmpty, hasRoom(wanted, now: now) else { return .noRoom }
        // Only the workers that lost it have room: others go first.
        calls[id]?.requeued[index - 1].notBefore = now + Self.retryWait
        continue
      }
      guard let worker = inTime(picked, wanted, now: now) else { return .nothing }
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

  /// The worker, or a better one, that answers in time. Gives the call up where there is none; those
  /// that wait for the same have no more time than it.
  private mutating func inTime(_ worker: WorkerID, _ wanted: Wanted, now: Int64) -> WorkerID? {
    guard let deadline = calls[wanted.call]?.deadline, deadline != .max, cost.isLearned else {
      return worker
    }
    if answer(wanted, on: worker, now: now) <= deadline { return worker }
    // It may have been chosen for a hope, or in its turn.
    var wanted = wanted
    wanted.isUrgent = true
    if case .worker(let other) = pick(wanted, hint: nil, now: now), other != worker,
      answer(wanted, on: other, now: now) <= deadline
    {
      return other
    }
    counts.lateCalls += 1
    let status = tooLate(wanted.call, predicted: answer(wanted, on: worker, now: now), now: now)
    giveUp(wanted.call, status, now: now, isForAll: true)
    return nil
  }

  /// When the call would be answered at the latest if that worker gets the piece.
  private func answer(_ wanted: Wanted, on worker: WorkerID, now: Int64) -> Int64 {
    let finish = workers[worker]?.finish(wanted.cost, wanted.priority) ?? 0
    let left = Double(calls[wanted.call]?.pendingCost ?? 0)
    let predicted = max(finish, capacity > 0 ? Int64(bounded: left / capacity) : 0)
    return now + predicted + margin(of: predicted)
  }

  /// How much longer than predicted an answer may take before a deadline counts as missed.
  func margin(of predicted: Int64) -> Int64 { predicted / 100 * configuration.deadlineMargin }

  /// - Parameter predicted: when it would be answered.
  private func tooLate(_ id: CallID, predicted: Int64, now: Int64) -> Status? {
    guard let call = calls[id] else { return nil }
    let alone = answerTime(call.request)
    return .tooLate(
      predicted: predicted - now, left: call.deadline - now, alone: alone + margin(of: alone),
      budget: call.deadline - call.arrival)
  }
}

extension Array {
  func element(at index: Int) -> Element? { index < count ? self[index] : nil }
}

extension Int64 {
  /// No less than 0 and no more than three years of nanoseconds, so that some can be added: what
  /// peers report may be anything.
  init(bounded value: Double) {
    self = Int64(Swift.min(Swift.max(0, value), 1e17))
  }

  /// At least 1, and no more than an hour of nanoseconds: those of a call's inputs are summed.
  func scaled(by factor: Double) -> Int64 {
    Int64(Swift.min(Swift.max(1, Double(self) * factor), CostModel.costMax))
  }

  func multipliedSaturating(_ factor: Int64) -> Int64 {
    let (product, overflow) = multipliedReportingOverflow(by: factor)
    return overflow ? .max : product
  }

  func addingSaturating(_ other: Int64) -> Int64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? (other < 0 ? .min : .max) : sum
  }
}
