package import Wire

extension Scheduler {
  /// Takes a call on, all of it or nothing.
  ///
  /// - Throws: RESOURCE_EXHAUSTED OVERLOADED with the time after which there should be room;
  ///   DEADLINE_EXCEEDED, TOO_LATE where it could not be answered in time; FAILED_PRECONDITION
  ///   UNKNOWN_FINGERPRINT.
  package mutating func submit(_ request: CallRequest, now: Int64) throws(Status) -> CallID {
    try check(request, now: now)
    let id = admit(ScheduledCall(request, now: now))
    begin(id, now: now)
    return id
  }

  /// Takes on a call that is equal to one that is open: it is answered with it.
  ///
  /// - Precondition: `canFollow`.
  package mutating func submit(
    _ request: CallRequest, following leader: CallID, now: Int64
  ) -> CallID {
    let id = calls.insert(ScheduledCall(request, following: leader, now: now))
    calls[leader]?.followers.append(id)
    waitFor(request, leader, now: now)
    counts.admittedCalls += 1
    counts.followingCalls += 1
    return id
  }

  /// Whether a call could be answered with an open one that is equal: not where workers were told an
  /// earlier deadline, and may drop it.
  package func canFollow(_ leader: CallID, deadline: Int64) -> Bool {
    guard let call = calls[leader], call.leader == nil, calls.count < configuration.callsMax else {
      return false
    }
    guard call.hasCaller || !call.followers.isEmpty else { return false }
    return deadline <= call.toldDeadline
  }

  /// Takes on a call that is cut, of which some units need not be computed for it.
  package mutating func submit(
    _ request: CallRequest, _ known: KnownUnits, now: Int64
  ) throws(Status) -> CallID {
    try check(request, now: now)
    let id = admit(ScheduledCall(request, now: now))
    if !known.answered.isEmpty { settle(known.answered, known.fingerprint, of: id) }
    for (unit, equal) in known.equals {
      let other =
        switch equal {
        case .own(let other): UnitReference(call: id, unit: other)
        case .other(let other): other
        }
      follow(UnitReference(call: id, unit: unit), other, now: now)
    }
    if !known.equals.isEmpty { calls[id]?.dropSettled() }
    begin(id, now: now)
    return id
  }

  private mutating func admit(_ call: ScheduledCall) -> CallID {
    counts.admittedCalls += 1
    retries.asked(1)
    hedging.asked(1)
    let id = calls.insert(call)
    if !call.request.pin.isEmpty {
      calls[id]?.pinned = fingerprints.firstIndex(of: call.request.pin)
    }
    return id
  }

  private mutating func settle(_ units: [Int32], _ fingerprint: String, of id: CallID) {
    calls[id]?.fingerprint = fingerprints.firstIndex(of: fingerprint)
    for unit in units { calls[id]?.units[Int(unit)] = .done }
    calls[id]?.remaining -= units.count
    calls[id]?.dropSettled()
  }

  /// Whether a unit is on its way and may be answered until the deadline, so that an equal one may
  /// follow it.
  package func isOpen(_ unit: UnitReference, deadline: Int64) -> Bool {
    guard let states = calls[unit.call]?.units, states.indices.contains(Int(unit.unit)) else {
      return false
    }
    switch states[Int(unit.unit)] {
    case .pending: return true
    case .sent: return deadline <= calls[unit.call]?.toldDeadline ?? 0
    case .done, .failed, .following, .dropped: return false
    }
  }

  private mutating func follow(_ unit: UnitReference, _ other: UnitReference, now: Int64) {
    guard let request = calls[unit.call]?.request, isOpen(other, deadline: request.deadline),
      calls[unit.call]?.units[Int(unit.unit)] == .pending
    else { return }
    calls[unit.call]?.units[Int(unit.unit)] = .following
    calls[unit.call]?.leaders[unit.unit] = other
    unitFollowers[other, default: []].append(unit)
    counts.followingUnits += 1
    waitFor(request, other.call, now: now)
  }

  /// Another caller waits for what this call has under way: as long as it needs, and as urgently.
  private mutating func waitFor(_ request: CallRequest, _ id: CallID, now: Int64) {
    guard let call = calls[id] else { return }
    calls[id]?.deadline = max(call.deadline, request.deadline)
    guard !request.priority.isBulk, call.priority.isBulk else { return }
    let isWaiting = queue.contains(id)
    if isWaiting { unqueue(id) }
    calls[id]?.priority = .interactive
    if isWaiting { enqueue(id, now: now) }
  }

  private mutating func check(_ request: CallRequest, now: Int64) throws(Status) {
    if request.deadline <= now {
      throw Status(.deadlineExceeded, "the deadline had passed when the call arrived")
    }
    if !request.pin.isEmpty, !knows(request.pin) {
      if workers.indices.contains(where: { workers[$0]?.isUnknown == true }) {
        throw Status(
          .unavailable, reason: .warmingUp,
          "no worker has fingerprint '\(request.pin)' yet, and some have not told theirs",
          isRetryable: true)
      }
      throw Status(
        .failedPrecondition, reason: .unknownFingerprint,
        "no worker has fingerprint '\(request.pin)'; there is "
          + currentFingerprints.map { "'\($0)'" }.joined(separator: ", "))
    }
    if calls.count >= configuration.callsMax {
      counts.overloadedCalls += 1
      throw .overloaded(
        "\(calls.count) calls are open, the limit is \(configuration.callsMax)",
        retryAfter: max(10_000_000, backlog(request.priority) ?? 0))
    }
    guard capacity > 0, request.deadline != .max || !queue.isEmpty else { return }
    let wait = predictedWait(request.priority)
    try checkBacklog(request, wait: wait)
    guard request.deadline != .max, cost.isLearned else { return }
    let alone = answerTime(request)
    let predicted = wait + alone + margin(of: wait + alone)
    let budget = request.deadline - now
    if predicted > budget {
      counts.tooLateCalls += 1
      throw .tooLate(
        predicted: predicted, left: budget, alone: alone + margin(of: alone), budget: budget)
    }
  }

  private mutating func checkBacklog(_ request: CallRequest, wait: Int64) throws(Status) {
    guard wait > configuration.backlogMax else { return }
    // A caller that has less than its share waiting is let in, until all is twice too much.
    let share = Double(configuration.backlogMax) * capacity / Double(max(1, queue.lineCount))
    let own = Double(waitingOfCaller[request.caller, default: 0] + request.cost)
    if own <= share, wait <= 2 * configuration.backlogMax { return }
    counts.overloadedCalls += 1
    throw .overloaded(
      "\(wait / 1_000_000) ms of work wait, the limit is \(configuration.backlogMax / 1_000_000)",
      retryAfter: wait - configuration.backlogMax + 10_000_000)
  }

  /// Predicted nanoseconds until a call that joins the queue would begin.
  ///
  /// The next call goes to the worker that has least; when others wait, to whichever has room. Of
  /// many workers some are looked at.
  func predictedWait(_ priority: Priority) -> Int64 {
    let waiting =
      priority.isBulk ? waitingCost.interactive + waitingCost.bulk : waitingCost.interactive
    if waiting == 0, let least = idleBacklog(priority) { return least }
    let count = min(ready.count, configuration.scanMax)
    guard count > 0 else { return 0 }
    var sum: Int64 = 0
    var least = Int64.max
    for offset in 0..<count {
      let backlog = backlog(of: ready[(rotation &+ offset) % ready.count], priority)
      sum += backlog
      least = min(least, backlog)
    }
    guard waiting != 0 else { return least }
    return sum / Int64(count) + Int64(bounded: Double(waiting) / capacity)
  }

  /// Of a worker that has nothing of ours to do: what others sent it. Nil if there is none.
  private func idleBacklog(_ priority: Priority) -> Int64? {
    for fingerprint in idleByFingerprint.indices {
      let idle = idleByFingerprint[fingerprint].of(priority)
      if idle.count > 0 { return backlog(of: idle[rotation % idle.count], priority) }
    }
    return nil
  }

  func backlog(of worker: WorkerID, _ priority: Priority) -> Int64 {
    workers[worker]?.backlog(priority) ?? .max
  }

  /// Predicted nanoseconds from a call's beginning to its end, on all workers where it is cut.
  func answerTime(_ request: CallRequest) -> Int64 {
    guard !request.costs.isEmpty else {
      return Int64(bounded: Double(request.cost) * Double(ready.count) / capacity)
    }
    return Int64(bounded: Double(request.cost) / capacity)
  }

  private func knows(_ fingerprint: String) -> Bool {
    guard let number = fingerprints.firstIndex(of: fingerprint) else { return false }
    if !readyByFingerprint[number].isEmpty { return true }
    return workers.indices.contains { id in
      workers[id]?.fingerprint == number && workers[id]?.phase != .draining
    }
  }

  /// Fingerprints of the workers that are up.
  package var currentFingerprints: [String] {
    fingerprints.indices.filter { !readyByFingerprint[$0].isEmpty }.map { fingerprints[$0] }
  }
}

extension Status {
  /// - Parameter retryAfter: nanoseconds.
  package static func overloaded(_ message: String, retryAfter: Int64) -> Status {
    Status(
      .resourceExhausted, reason: .overloaded, message, isRetryable: true,
      retryAfterMicroseconds: UInt64(clamping: retryAfter / 1_000))
  }

  /// The refusal of a call that would miss its deadline. Where it would have met it on idle workers
  /// the load is the reason, and it may come back; else its size is.
  ///
  /// - Parameters: nanoseconds.
  ///   - predicted: until the answer, from now …
  ///   - left: … and until the deadline.
  ///   - alone: until the answer, on idle workers …
  ///   - budget: … and from the call's arrival to its deadline.
  static func tooLate(predicted: Int64, left: Int64, alone: Int64, budget: Int64) -> Status {
    let message =
      "the answer would take \(predicted / 1_000_000) ms, \(max(0, left) / 1_000_000) ms are left"
    guard alone <= budget else { return Status(.deadlineExceeded, reason: .tooLate, message) }
    return .overloaded(message, retryAfter: max(1_000_000, predicted - left))
  }
}

/// Units of a call that need not be computed for it.
package struct KnownUnits: Sendable {
  package enum Equal: Sendable {
    /// To another unit of the same call.
    case own(Int32)
    /// To one of a call that is open.
    case other(UnitReference)
  }

  package var equals: [(unit: Int32, to: Equal)] = []
  /// Answered before, by workers of the fingerprint.
  package var answered: [Int32] = []
  package var fingerprint = ""

  package init() {}

  package var isEmpty: Bool { equals.isEmpty && answered.isEmpty }
}
