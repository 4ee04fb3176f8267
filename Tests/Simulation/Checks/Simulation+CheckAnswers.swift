internal import Coordination
internal import Wire

/// What callers and workers may expect.
extension Simulation {
  func checkSend(
    _ number: Int, _ call: ScheduledCall, _ piece: Piece, _ worker: Scheduler.WorkerID
  ) {
    guard let state = scheduler.worker(worker) else { return violated("a piece for nobody") }
    let fingerprint = scheduler.fingerprints[state.fingerprint]
    let pin = records[number].plan.pin
    if !pin.isEmpty, pin != fingerprint {
      violated("call \(number) is pinned to \(pin), its piece goes to \(fingerprint)")
    }
    if let committed = call.fingerprint, committed != state.fingerprint {
      violated("call \(number) has \(committed), its piece goes to \(state.fingerprint)")
    }
    guard call.isSplit else { return }
    let held = call.pieces.filter { id in
      scheduler.piece(id).map { $0.isHeld(by: worker) && $0.holders.count == 1 } ?? false
    }
    if held.count > scenario.configuration.outstandingPerWorker {
      violated("call \(number) has \(held.count) pieces on worker \(worker)")
    }
  }

  /// The answer is whole, of the right inputs, and of one fingerprint.
  func checkAnswer(_ number: Int) {
    let record = records[number]
    var fingerprints: Set<String> = []
    for (index, input) in record.plan.inputs.enumerated() {
      if record.failedInputs.contains(index) { continue }
      guard let value = record.slots[index] else {
        return violated("call \(number) was answered without input \(index)")
      }
      if value.input != input.identity {
        violated("call \(number): input \(index) has the result of another")
      }
      if value.isExpired, now < record.deadline {
        violated("call \(number): input \(index) is expired, and there was time")
      }
      if input.kind != .plain { violated("call \(number): \(input.kind) has a result") }
      fingerprints.insert(value.fingerprint)
    }
    if fingerprints.count > 1 { violated("call \(number) mixes \(fingerprints.sorted())") }
    if !record.plan.pin.isEmpty, let fingerprint = fingerprints.first,
      fingerprint != record.plan.pin
    {
      violated("call \(number) is pinned to \(record.plan.pin), the answer is of \(fingerprint)")
    }
  }

  func checkPoison(_ number: Int, _ index: Int, _ status: Status) {
    let input = records[number].plan.inputs[index]
    if status.reason != .poison { violated("an input failed for \(status.reason)") }
    let deaths = deathsAlone[input.identity, default: 0]
    if deaths < 2 {
      violated("call \(number): input \(index) is poison after \(deaths) deaths alone")
    }
    if input.kind != .poison, !scenario.hasCrashes {
      violated("call \(number): the innocent input \(index) is poison")
    }
  }

  /// Nothing fails that what went wrong does not explain.
  func checkFailure(_ number: Int, _ status: Status) {
    let record = records[number]
    if record.outcome != .open, record.outcome != .cancelled {
      return violated("call \(number) ends twice")
    }
    let losses = scenario.configuration.attemptsMax
    // An equal call that others follow has their losses.
    let cause = record.leader.map { records[$0] } ?? record
    switch status.code {
    case .deadlineExceeded:
      checkTooLate(number, status)
      if status.reason != .tooLate, now < record.deadline {
        violated("call \(number) is failed before its deadline")
      }
    case .invalidArgument:
      if !record.plan.inputs.contains(where: { $0.kind == .invalid }) {
        violated("call \(number) is refused for another's input")
      }
    case .internal:
      if cause.faults < 2 { violated("call \(number) fails after \(record.faults) faults") }
    case .resourceExhausted where cause.losses < losses && record.plan.budget != nil:
      checkTooLate(number, status)
      if status.retryAfterMicroseconds == 0 { violated("a refusal without a time to come back") }
    case .unavailable, .resourceExhausted:
      // The last worker that was up may have had the wrong fingerprint.
      let wait = scenario.configuration.noWorkerWait - scenario.configuration.fingerprintWait
      let isAlone = now - lastUp >= wait
      if cause.losses < losses, !isAlone, record.plan.pin.isEmpty {
        violated("call \(number) fails after \(record.losses) losses: \(status.message)")
      }
    default: violated("call \(number) fails: \(status.code) \(status.message)")
    }
  }

  /// It had a deadline, and not all the time there is.
  private func checkTooLate(_ number: Int, _ status: Status) {
    let plan = records[number].plan
    guard let budget = plan.budget else {
      return violated("call \(number) has no deadline and passed it")
    }
    if budget >= scenario.generousBudget, plan.pin.isEmpty,
      now - lastUp < scenario.configuration.noWorkerWait
    {
      violated("call \(number) had all the time there is: \(status.message)")
    }
  }

  func checkRefusal(_ number: Int, _ status: Status) {
    let record = records[number]
    switch (status.code, status.reason) {
    case (.deadlineExceeded, _):
      if record.plan.budget.map({ $0 >= scenario.generousBudget }) ?? true {
        violated("call \(number) is refused, and has time")
      }
    case (.resourceExhausted, _):
      if status.retryAfterMicroseconds == 0 { violated("a refusal without a time to come back") }
      let isFull = scheduler.openCallCount >= scenario.configuration.callsMax
      let most = scheduler.ready.compactMap { scheduler.worker($0)?.backlog(.bulk) }.max() ?? 0
      let backlog = (scheduler.backlog(.bulk) ?? 0) + most
      if !isFull, record.plan.budget == nil, backlog <= scenario.configuration.backlogMax / 2 {
        violated("call \(number) is refused with \(backlog) ns of work waiting")
      }
    case (.unavailable, .warmingUp):
      let unknown = scheduler.workers.indices.contains { id in
        scheduler.worker(id)?.isUnknown == true
      }
      if record.plan.pin.isEmpty || !unknown {
        violated("call \(number) is to wait for workers that have told all there is")
      }
    case (.failedPrecondition, .unknownFingerprint):
      let isKnown = hosts.contains {
        $0.isConnected && !$0.isLeaving && $0.fingerprint == record.plan.pin
      }
      if isKnown { violated("call \(number): its fingerprint is there") }
    default: violated("call \(number) is refused: \(status.code) \(status.message)")
    }
  }

  /// What is past its deadline is over within a tick.
  func checkDeadlines() {
    let latest = now - scenario.tickInterval
    for number in open where records[number].deadline < latest {
      violated("call \(number) is open after its deadline")
    }
  }
}
