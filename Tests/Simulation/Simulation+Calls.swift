internal import Coordination
internal import Wire

/// What the coordinator's relay does: it keeps who is waited for, and does what the scheduler asks.
extension Simulation {
  // MARK: Callers

  func submitted(_ number: Int) {
    pendingSubmits -= 1
    let plan = records[number].plan
    trace.add(
      now,
      "call \(number): \(plan.inputs.count) inputs, \(plan.priority), budget \(plan.budget ?? -1), "
        + "pin '\(plan.pin)'")
    let request = request(number)
    records[number].forget()
    open.insert(number)
    do throws(Status) {
      let id = try begin(number, request)
      if let id { hold(id, number) }
    } catch {
      checkRefusal(number, error)
      end(number, .refused(error))
    }
    if let after = plan.cancelAfter { events.put(.cancel(number), at: now + after) }
    act()
  }

  private func request(_ number: Int) -> CallRequest {
    let plan = records[number].plan
    let costs = plan.inputs.map { scheduler.cost.cost(byteCount: $0.byteCount) }
    let whole = scheduler.cost.cost(byteCount: plan.byteCount, inputCount: plan.inputs.count)
    records[number].isSplit = scheduler.isWorthCutting(inputCount: plan.inputs.count, cost: whole)
    let isSplit = records[number].isSplit
    return CallRequest(
      caller: plan.caller, priority: plan.priority, deadline: records[number].deadline,
      pin: plan.pin, inputCount: plan.inputs.count, byteCount: plan.byteCount,
      cost: isSplit ? costs.reduce(0, +) : whole, costs: isSplit ? costs : [])
  }

  /// - Returns: nil if it is answered already.
  private func begin(_ number: Int, _ request: CallRequest) throws(Status) -> Scheduler.CallID? {
    asked += 1
    guard records[number].plan.isShared else { return try scheduler.submit(request, now: now) }
    if records[number].isSplit { return try beginShared(number, request) }
    let key = SharedCallKey(
      inputs: records[number].plan.inputs.map(\.identity), pin: request.pin)
    if let leader = sharedCalls[key], scheduler.canFollow(leader, deadline: request.deadline) {
      records[number].leader = record(leader)
      return scheduler.submit(request, following: leader, now: now)
    }
    let id = try scheduler.submit(request, now: now)
    records[number].sharedKey = key
    sharedCalls[key] = id
    return id
  }

  private func beginShared(
    _ number: Int, _ request: CallRequest
  ) throws(Status) -> Scheduler.CallID? {
    let keys = records[number].plan.inputs.map {
      SharedInputKey(input: $0.identity, pin: request.pin)
    }
    var known = KnownUnits()
    known.fingerprint = answeringFingerprint(request.pin)
    var own: [SharedInputKey: Int32] = [:]
    for (index, key) in keys.enumerated() {
      let kept = Value(input: key.input, fingerprint: known.fingerprint)
      if scenario.keepsAnswers, keptValues.contains(kept) {
        records[number].slots[index] = kept
        known.answered.append(Int32(index))
      } else if let first = own[key] {
        known.equals.append((Int32(index), .own(first)))
      } else if let other = sharedInputs[key],
        scheduler.isOpen(other, deadline: request.deadline)
      {
        known.equals.append((Int32(index), .other(other)))
      } else {
        own[key] = Int32(index)
      }
    }
    if known.answered.count == keys.count {
      end(number, .answered)
      return nil
    }
    let id = try scheduler.submit(request, known, now: now)
    records[number].inputKeys = keys
    for (key, unit) in own { sharedInputs[key] = UnitReference(call: id, unit: unit) }
    return id
  }

  private func answeringFingerprint(_ pin: String) -> String {
    if !pin.isEmpty { return pin }
    if let current = scheduler.current { return scheduler.fingerprints[current] }
    let up = scheduler.currentFingerprints
    return up.count == 1 ? up[0] : ""
  }

  private func hold(_ id: Scheduler.CallID, _ number: Int) {
    records[number].id = id
    while relayed.count <= id.place { relayed.append(nil) }
    if let other = relayed[id.place] { violated("call \(number) has the place of \(other)") }
    relayed[id.place] = number
  }

  func cancel(_ number: Int) {
    guard records[number].outcome == .open, let id = records[number].id else { return }
    trace.add(now, "call \(number) is cancelled")
    end(number, .cancelled)
    scheduler.cancel(id, now: now)
    act()
  }

  func end(_ number: Int, _ outcome: CallRecord.Outcome) {
    guard records[number].outcome == .open else { return }
    records[number].outcome = outcome
    records[number].end = now
    open.remove(number)
    trace.add(now, "call \(number) ends: \(outcome)")
    callEnded?(self, number)
  }

  func record(_ id: Scheduler.CallID) -> Int? {
    id.place < relayed.count ? relayed[id.place] : nil
  }

  // MARK: What the scheduler asks for

  func act() {
    guard !isActing else { return }
    isActing = true
    defer { isActing = false }
    while !scheduler.actions.isEmpty {
      for action in scheduler.takeActions() { act(action) }
    }
  }

  private func act(_ action: Scheduler.Action) {
    switch action {
    case .send(let piece, let worker): send(piece, to: worker)
    case .cancel(let piece, let worker): unsend(piece, worker)
    case .finished(let id, let followers): finished(id, followers)
    case .failed(let id, let status):
      guard let number = record(id) else { return violated("a call failed that is not open") }
      checkFailure(number, status)
      end(number, .failed(status))
    case .failedUnits(let id, let units, let status): failedUnits(id, units, status)
    case .split(let id): split(id)
    case .restarted(let id):
      guard let number = record(id) else { return }
      trace.add(now, "call \(number) begins anew")
      records[number].forget()
    case .dropped(let id):
      guard let number = record(id) else { return violated("a call was dropped twice") }
      if records[number].outcome == .open { violated("call \(number) was dropped, not answered") }
      close(id)
    }
  }

  private func send(_ id: Scheduler.PieceID, to worker: Scheduler.WorkerID) {
    guard let piece = scheduler.piece(id), let number = record(piece.call),
      let call = scheduler.call(piece.call)
    else { return }
    guard let host = hostOfWorker[worker], hosts[host].isConnected else {
      scheduler.workerDraining(worker, now: now)
      return scheduler.pieceFailed(id, on: worker, as: .unread, now: now)
    }
    checkSend(number, call, piece, worker)
    let all = records[number].plan.inputs
    let inputs = records[number].isSplit ? piece.units.map { all[Int($0)] } : all
    nextWire += 1
    let job = SimulatedEngine.Job(
      wire: nextWire, connection: hosts[host].connection, priority: piece.priority,
      deadline: piece.deadline, inputs: inputs)
    flights[nextWire] = Flight(
      piece: id, worker: worker, host: host, record: number, inputs: inputs)
    hosts[host].flights.insert(nextWire)
    wires[id, default: []].append((worker, nextWire))
    trace.add(now, "piece \(nextWire) of call \(number), \(inputs.count) inputs, to \(host)")
    toWorker(host, .request(job))
  }

  private func unsend(_ id: Scheduler.PieceID, _ worker: Scheduler.WorkerID) {
    guard let wire = wires[id]?.first(where: { $0.worker == worker })?.wire,
      let flight = take(wire)
    else { return }
    trace.add(now, "piece \(wire) is taken back from \(flight.host)")
    records[flight.record].losses += 1
    if hosts[flight.host].isConnected { toWorker(flight.host, .cancel(wire: wire)) }
  }

  /// A piece is waited for no longer.
  func take(_ wire: Int) -> Flight? {
    guard let flight = flights.removeValue(forKey: wire) else { return nil }
    hosts[flight.host].flights.remove(wire)
    wires[flight.piece]?.removeAll { $0.wire == wire }
    if wires[flight.piece]?.isEmpty == true { wires[flight.piece] = nil }
    return flight
  }

  private func finished(_ id: Scheduler.CallID, _ followers: [Scheduler.CallID]) {
    guard let number = record(id) else { return violated("a call finished that is not open") }
    for follower in followers {
      guard let other = record(follower) else { return violated("a follower is not open") }
      records[other].slots = records[number].slots
      records[other].failedInputs = records[number].failedInputs
      finish(other)
      close(follower)
    }
    finish(number)
    close(id)
  }

  private func finish(_ number: Int) {
    guard records[number].outcome == .open else { return }
    checkAnswer(number)
    if let expired = records[number].slots.first(where: { $0?.isExpired == true }), expired != nil {
      end(number, .failed(Status(.deadlineExceeded, "the worker dropped it")))
    } else {
      end(number, .answered)
    }
  }

  private func close(_ id: Scheduler.CallID) {
    guard let number = record(id) else { return }
    relayed[id.place] = nil
    records[number].isClosed = true
    if let key = records[number].sharedKey, sharedCalls[key] == id { sharedCalls[key] = nil }
    for key in records[number].inputKeys where sharedInputs[key]?.call == id {
      sharedInputs[key] = nil
    }
  }

  private func failedUnits(_ id: Scheduler.CallID, _ units: [Int32], _ status: Status) {
    guard let number = record(id) else { return violated("units failed of a call not open") }
    trace.add(now, "call \(number): units \(units) fail, \(status.reason)")
    for unit in units {
      checkPoison(number, Int(unit), status)
      records[number].failedInputs.insert(Int(unit))
    }
  }

  private func split(_ id: Scheduler.CallID) {
    guard let number = record(id) else { return }
    trace.add(now, "call \(number) is cut")
    records[number].isSplit = true
    records[number].forget()
    let costs = records[number].plan.inputs.map { scheduler.cost.cost(byteCount: $0.byteCount) }
    scheduler.split(id, costs: costs, now: now)
  }

  // MARK: What workers say

  func arrivedAtCoordinator(_ host: Int, _ connection: Int, _ message: WorkerHost.Message) {
    guard connection == hosts[host].connection, let worker = hosts[host].id else { return }
    switch message {
    case .ready(let fingerprint):
      guard !hosts[host].isConnected else { return }
      trace.add(now, "worker \(host) is ready, \(fingerprint)")
      hosts[host].isConnected = true
      hosts[host].isLeaving = false
      hosts[host].isUntold = false
      scheduler.workerReady(
        worker, fingerprint: fingerprint, threads: hosts[host].profile.threads, maxTokens: 0,
        now: now)
    case .report(let load): scheduler.workerReported(worker, load, now: now)
    case .answer(let job, let fingerprint, let load):
      hosts[host].answering[job.wire] = nil
      if hosts[host].losesAnswers { return }
      answered(job, fingerprint, load, worker)
    case .refusal(let wire, let status, let load): refused(wire, status, load, worker)
    case .goAway(let lastRead): goesAway(host, worker, lastRead)
    case .closed:
      if hosts[host].isConnected { connectionLost(host, isDeath: !hosts[host].isLeaving) }
    case .request, .cancel: break
    }
    act()
  }

  private func goesAway(_ host: Int, _ worker: Scheduler.WorkerID, _ lastRead: Int) {
    trace.add(now, "worker \(host) goes away")
    hosts[host].isLeaving = true
    scheduler.workerDraining(worker, now: now)
    for wire in hosts[host].flights.sorted() where wire > lastRead {
      guard let flight = take(wire) else { continue }
      scheduler.pieceFailed(flight.piece, on: worker, as: .unread, now: now)
      act()
    }
  }

  /// - Parameter isDeath: nil if nothing is told, but only the next connection.
  func connectionLost(_ host: Int, isDeath: Bool?) {
    guard hosts[host].isConnected, let worker = hosts[host].id else { return }
    trace.add(now, "worker \(host) is lost, death: \(isDeath.map { "\($0)" } ?? "not told")")
    let connection = hosts[host].connection
    var unread: [Scheduler.PieceID] = []
    for wire in hosts[host].flights.sorted().reversed() {
      // What still waits to be written was certainly not read.
      guard
        hosts[host].to.held.contains(where: {
          $0.connection == connection && $0.message.isRequest(wire)
        })
      else { break }
      if let piece = flights[wire]?.piece { unread.append(piece) }
    }
    let tellsFirst = random.chance(0.5)
    if tellsFirst, isDeath != nil {
      for wire in hosts[host].flights.sorted() {
        guard let piece = flights[wire]?.piece, unread.contains(piece) else { continue }
        _ = take(wire)
        scheduler.pieceFailed(piece, on: worker, as: .unread, now: now)
        act()
      }
    }
    hosts[host].isConnected = false
    hosts[host].connection += 1
    if isDeath == true { noteAlone(host, unread) }
    loseFlights(host)
    hosts[host].isUntold = isDeath == nil
    if let isDeath {
      scheduler.workerLost(
        worker, isDeath: isDeath, unread: tellsFirst ? [] : unread,
        isStarting: hosts[host].restart != nil, now: now)
    }
    act()
    events.put(
      .connect(host, connection: hosts[host].connection),
      at: now + random.time(10_000_000, 500_000_000))
  }

  /// A worker died that had one input and nothing else.
  private func noteAlone(_ host: Int, _ unread: [Scheduler.PieceID]) {
    let inputs = hosts[host].flights.compactMap { flights[$0] }
      .filter { !unread.contains($0.piece) }.flatMap(\.inputs)
    guard inputs.count == 1, !hosts[host].diedOfOthers else { return }
    deathsAlone[inputs[0].identity, default: 0] += 1
  }

  func loseFlights(_ host: Int) {
    for wire in hosts[host].flights.sorted() {
      if let flight = take(wire) { records[flight.record].losses += 1 }
    }
  }

  private func answered(
    _ job: SimulatedEngine.Job, _ fingerprint: String, _ load: LoadReport,
    _ worker: Scheduler.WorkerID
  ) {
    guard let flight = take(job.wire) else { return }
    trace.add(now, "piece \(job.wire) of call \(flight.record) is answered by \(flight.host)")
    scheduler.workerReported(worker, load, now: now)
    let isSplit = records[flight.record].isSplit
    let answered = scheduler.pieceAnswered(
      flight.piece, by: worker, fingerprint: fingerprint, computeNanoseconds: job.compute, now: now)
    guard let answered else {
      records[flight.record].losses += 1
      return
    }
    guard let number = record(answered.call) else { return violated("an answer to no open call") }
    records[number].compute += job.compute
    for (result, input) in job.inputs.enumerated() {
      var value = Value(input: input.identity, fingerprint: fingerprint)
      value.isExpired = job.expiredFrom.map { result >= $0 } ?? false
      let slot = isSplit ? Int(answered.units[result]) : result
      records[number].slots[slot] = value
      if scenario.keepsAnswers, !value.isExpired, records[number].plan.isShared {
        keptValues.insert(value)
      }
    }
    for (result, follower) in answered.followers {
      guard let other = record(follower.call) else { return violated("a follower is not open") }
      records[other].slots[Int(follower.unit)] = records[number].slots[Int(answered.units[result])]
    }
  }

  private func refused(
    _ wire: Int, _ status: Status, _ load: LoadReport, _ worker: Scheduler.WorkerID
  ) {
    guard let flight = take(wire) else { return }
    trace.add(now, "piece \(wire) of call \(flight.record): \(status.code) by \(flight.host)")
    scheduler.workerReported(worker, load, now: now)
    records[flight.record].losses += 1
    switch status.code {
    case .resourceExhausted, .unavailable:
      scheduler.pieceFailed(flight.piece, on: worker, as: .refused(status), now: now)
    case .internal:
      records[flight.record].faults += 1
      scheduler.pieceFailed(flight.piece, on: worker, as: .fault(status), now: now)
    case .deadlineExceeded where hasTime(flight.piece):
      scheduler.pieceFailed(flight.piece, on: worker, as: .ended, now: now)
    default: scheduler.pieceRejected(flight.piece, by: worker, status, now: now)
    }
  }

  private func hasTime(_ id: Scheduler.PieceID) -> Bool {
    guard let piece = scheduler.piece(id), let call = scheduler.call(piece.call) else {
      return false
    }
    return call.deadline > now + 1_000_000
  }
}
