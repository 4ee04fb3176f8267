internal import Logging
internal import NIOCore
internal import Status
internal import Transport
internal import Wire

/// Carries the calls of one model between callers and workers, as its scheduler says.
///
/// On the coordinator's event loop only.
final class ModelRelay {
  /// Calls up to this long are compared with each other as a whole.
  private static let sharedBytesMax = 64 << 10
  /// Inputs of a call are compared with those of others while what they are known by takes no more
  /// than this and four times the call.
  private static let sharedKeyBytes = 1 << 20

  /// What the relay tells the coordinator.
  struct Owner {
    /// Bytes that the relay holds more, or fewer, than before.
    var held: (Int) -> Void
    /// A call is over.
    var ended: (RelayedCall, TrafficRecord.Outcome) -> Void
  }

  /// A piece on a worker.
  private struct Sent {
    var worker: Scheduler.WorkerID
    var callID: UInt64
    var parts: [AnswerPart] = []
  }

  let model: String
  private(set) var record = TrafficRecord()
  private(set) var scheduler: Scheduler
  private var links: [WorkerLink?] = []
  /// By the places of the scheduler's calls and pieces.
  private var relayed: [RelayedCall?] = []
  private var sent: [[Sent]] = []
  private var sharedCalls = SharedTable<Scheduler.CallID>()
  private var sharedInputs = SharedTable<UnitReference>()
  private var cachedCalls: ResultCache<SharedKey, (fingerprint: String, parts: [AnswerPart])>
  private var cachedInputs: ResultCache<SharedKey, SlotValue>
  private let owner: Owner
  private let eventLoop: any EventLoop
  /// When what is dealt with now came.
  private var now: Int64 = 0
  private var isActing = false
  private var spareActions: [Scheduler.Action] = []
  private(set) var cachedInputCount: UInt64 = 0

  init(
    model: String, configuration: SchedulerConfiguration, cacheBytes: Int,
    eventLoop: any EventLoop, owner: Owner
  ) {
    self.model = model
    self.owner = owner
    self.eventLoop = eventLoop
    scheduler = Scheduler(configuration: configuration, seed: .random(in: 0 ... .max))
    cachedCalls = ResultCache(byteCountMax: cacheBytes / 2)
    cachedInputs = ResultCache(byteCountMax: cacheBytes / 2)
  }

  // MARK: Workers

  func addWorker() -> Scheduler.WorkerID {
    let id = scheduler.addWorker()
    if links.count <= id { links += Array(repeating: nil, count: id + 1 - links.count) }
    return id
  }

  func workerReady(_ id: Scheduler.WorkerID, _ link: WorkerLink, _ info: ModelInfo) {
    readClock()
    links[id] = link
    scheduler.workerReady(
      id, fingerprint: info.fingerprint, threads: info.threads, maxTokens: info.maxTokens,
      now: now)
    act()
  }

  func workerReported(_ id: Scheduler.WorkerID, _ load: LoadReport) {
    readClock()
    scheduler.workerReported(id, load, now: now)
    act()
  }

  func workerDraining(_ id: Scheduler.WorkerID) {
    readClock()
    scheduler.workerDraining(id, now: now)
    act()
  }

  func workerLost(_ id: Scheduler.WorkerID, isDeath: Bool, isStarting: Bool) {
    readClock()
    links[id] = nil
    scheduler.workerLost(id, isDeath: isDeath, isStarting: isStarting, now: now)
    act()
  }

  func removeWorker(_ id: Scheduler.WorkerID) {
    readClock()
    links[id] = nil
    scheduler.removeWorker(id, now: now)
    act()
  }

  func prefer(fingerprint: String?) {
    readClock()
    scheduler.prefer(fingerprint: fingerprint, now: now)
    act()
  }

  func checkTime(_ time: NIODeadline) {
    now = Int64(clamping: time.uptimeNanoseconds)
    scheduler.checkTime(now)
    act()
    for id in scheduler.lateWorkers { links[id]?.probe() }
  }

  // MARK: Calls

  /// Takes a call on.
  ///
  /// - Throws: why it is refused.
  func receive(_ call: IncomingCall, method: Method) throws(Status) {
    now = Int64(clamping: call.received.uptimeNanoseconds)
    let relayed = try RelayedCall(call, method: method, splittable: splittable(call, method))
    let request = request(relayed)
    guard try !answerOrFollow(relayed, request) else { return act() }
    if let splittable = relayed.splittable, call.head.sharing != .off,
      splittable.keyByteCount <= 4 * call.body.readableBytes + Self.sharedKeyBytes
    {
      try submitShared(relayed, request)
    } else {
      let id = try scheduler.submit(request, now: now)
      open(relayed, id)
      if let key = relayed.sharedKey { sharedCalls.put(id, for: key) }
    }
    act()
  }

  /// Answers from what was kept, or with an equal call that is open.
  private func answerOrFollow(
    _ relayed: RelayedCall, _ request: CallRequest
  ) throws(Status) -> Bool {
    let head = relayed.caller.head
    guard head.sharing != .off, relayed.splittable == nil,
      relayed.caller.body.readableBytes <= Self.sharedBytesMax
    else { return false }
    let key = SharedKey(
      method: relayed.method, pin: head.fingerprint, isInput: false, bytes: relayed.caller.body)
    if let kept = cachedCalls.value(for: cacheKey(key)) {
      relayed.take(kept.parts, fingerprint: kept.fingerprint)
      relayed.answer(now: .uptimeNanoseconds(UInt64(now)))
      cachedInputCount += UInt64(max(1, head.inputCount))
      ended(relayed, sentAt: nil)
      return true
    }
    relayed.sharedKey = key
    guard let leader = sharedCalls.value(for: key),
      scheduler.canFollow(leader, deadline: request.deadline)
    else { return false }
    relayed.sharedKey = nil
    open(relayed, scheduler.submit(request, following: leader, now: now))
    return true
  }

  private func submitShared(_ relayed: RelayedCall, _ request: CallRequest) throws(Status) {
    let pin = relayed.caller.head.fingerprint
    relayed.share(
      (relayed.splittable?.inputKeys ?? []).map {
        SharedKey(method: relayed.method, pin: pin, isInput: true, bytes: ByteBuffer(bytes: $0))
      })
    var known = KnownUnits()
    known.fingerprint = answeringFingerprint(pin)
    var own: [SharedKey: Int32] = [:]
    for (index, key) in relayed.inputKeys.enumerated() {
      let unit = Int32(index)
      if let kept = known.fingerprint.isEmpty ? nil : cachedInputs.value(for: cacheKey(key)) {
        _ = try relayed.take(kept, at: index, fingerprint: known.fingerprint)
        known.answered.append(unit)
      } else if let first = own[key] {
        known.equals.append((unit, .own(first)))
      } else if let other = sharedInputs.value(for: key),
        scheduler.isOpen(other, deadline: request.deadline)
      {
        known.equals.append((unit, .other(other)))
      } else {
        own[key] = unit
      }
    }
    cachedInputCount += UInt64(known.answered.count)
    if known.answered.count == relayed.inputKeys.count, !known.answered.isEmpty {
      relayed.answer(now: .uptimeNanoseconds(UInt64(now)))
      return ended(relayed, sentAt: nil)
    }
    let id = try scheduler.submit(request, known, now: now)
    open(relayed, id)
    for (key, unit) in own {
      sharedInputs.put(UnitReference(call: id, unit: unit), for: key)
    }
  }

  /// What a kept answer is found by: the fingerprint that would answer now is a part of it.
  private func cacheKey(_ key: SharedKey) -> SharedKey {
    guard key.pin.isEmpty, cachedCalls.isOn else { return key }
    var key = key
    key.pin = answeringFingerprint("")
    return key
  }

  /// The fingerprint that would answer a call now; empty if it may be one of several.
  private func answeringFingerprint(_ pin: String) -> String {
    if !pin.isEmpty { return pin }
    if let current = scheduler.current { return scheduler.fingerprints[current] }
    let up = scheduler.currentFingerprints
    return up.count == 1 ? up[0] : ""
  }

  private func request(_ relayed: RelayedCall) -> CallRequest {
    let call = relayed.caller
    // What a head says is not true of every caller's; texts are never longer than the body.
    let byteCount = min(call.head.textByteCount, call.body.readableBytes)
    let costs =
      relayed.splittable == nil
      ? [] : relayed.inputByteCounts.map { scheduler.cost.cost(byteCount: $0) }
    return CallRequest(
      caller: call.caller, priority: call.head.priority,
      deadline: call.deadline.map { Int64(clamping: $0.uptimeNanoseconds) } ?? .max,
      pin: call.head.fingerprint, inputCount: max(1, call.head.inputCount),
      byteCount: call.body.readableBytes,
      cost: costs.isEmpty
        ? scheduler.cost.cost(byteCount: byteCount, inputCount: call.head.inputCount)
        : costs.reduce(0, +), costs: costs)
  }

  /// The call's inputs, if it is worth cutting.
  private func splittable(_ call: IncomingCall, _ method: Method) throws(Status) -> SplittableCall?
  {
    let head = call.head
    guard head.inputCount > 1 else { return nil }
    let byteCount = min(head.textByteCount, call.body.readableBytes)
    let cost = scheduler.cost.cost(byteCount: byteCount, inputCount: head.inputCount)
    guard scheduler.isWorthCutting(inputCount: head.inputCount, cost: cost),
      let splittable = try Self.split(call, method), isSmallInPieces(splittable)
    else { return nil }
    return splittable
  }

  /// Whether its pieces together are not much more than the call: a long query goes with each of
  /// them.
  private func isSmallInPieces(_ call: SplittableCall) -> Bool {
    // Where each input is a piece of its own it is small enough; most often it is.
    let repeated = call.repeatedByteCount
    if repeated * call.inputByteCounts.count <= WireLimits.server.callBytes { return true }
    let cost = call.inputByteCounts.reduce(0) { $0 + scheduler.cost.cost(byteCount: $1) }
    let pieceCount = min(call.inputByteCounts.count, Int(cost / scheduler.pieceMin) + 1)
    return repeated * pieceCount <= WireLimits.server.callBytes
  }

  /// - Returns: nil for a call that only a worker can judge.
  private static func split(
    _ call: IncomingCall, _ method: Method
  ) throws(Status) -> SplittableCall? {
    let body = call.body
    let splittable: SplittableCall?
    do throws(WireError) {
      splittable = try SplittableCall(method, body: body.readableBytesSpan)
    } catch {
      throw Status(.invalidArgument, error.message)
    }
    guard let splittable, splittable.isWellFormed else { return nil }
    try call.head.check(inputCount: splittable.inputByteCounts.count)
    return splittable
  }

  private func open(_ call: RelayedCall, _ id: Scheduler.CallID) {
    if relayed.count <= id.place {
      relayed += Array(repeating: nil, count: id.place + 1 - relayed.count)
    }
    relayed[id.place] = call
    call.id = id
    owner.held(call.byteCount)
  }

  /// The caller waits no longer.
  ///
  /// - Returns: whether the call is one of the relay's.
  func cancel(_ call: IncomingCall) -> Bool {
    guard let place = relayed.firstIndex(where: { $0?.caller === call }),
      let open = relayed[place], let id = open.id
    else { return false }
    readClock()
    // It is answered for the record.
    open.refuse(Status(.cancelled, "cancelled by the caller"))
    scheduler.cancel(id, now: now)
    act()
    return true
  }

  /// Fails every open call.
  func refuseAll(_ status: Status) {
    for call in relayed {
      guard let id = call?.id else { continue }
      scheduler.fail(id, status, now: now)
    }
    act()
  }

  // MARK: What the scheduler asks for

  private func readClock() {
    now = Int64(clamping: NIODeadline.now().uptimeNanoseconds)
  }

  /// Does what the scheduler asks for, also what comes up meanwhile.
  private func act() {
    guard !isActing else { return }
    isActing = true
    defer { isActing = false }
    while !scheduler.actions.isEmpty {
      swap(&spareActions, &scheduler.actions)
      for action in spareActions { act(action) }
      spareActions.removeAll(keepingCapacity: true)
    }
  }

  private func act(_ action: Scheduler.Action) {
    switch action {
    case .send(let piece, let worker): send(piece, to: worker)
    case .cancel(let piece, let worker): unsend(piece, worker)
    case .finished(let id, let followers): finished(id, followers)
    case .failed(let id, let status): relayed[id.place]?.refuse(status)
    case .failedUnits(let id, let units, let status): relayed[id.place]?.fail(units, status)
    case .split(let id): split(id)
    case .restarted(let id): relayed[id.place]?.restart()
    case .dropped(let id): close(id)
    }
  }

  private func send(_ id: Scheduler.PieceID, to worker: Scheduler.WorkerID) {
    guard let piece = scheduler.pieces[id], let call = relayed[piece.call.place] else { return }
    let deadline =
      piece.deadline == .max ? nil : NIODeadline.uptimeNanoseconds(UInt64(max(0, piece.deadline)))
    let outgoing = call.outgoing(piece.units, model: model, deadline: deadline)
    let callID = links[worker]?.start(outgoing) { [self] event in
      pieceEvent(event, id, worker)
    }
    guard let callID else {
      scheduler.workerDraining(worker, now: now)
      return scheduler.pieceFailed(id, on: worker, as: .unread, now: now)
    }
    if sent.count <= id.place { sent += Array(repeating: [], count: id.place + 1 - sent.count) }
    sent[id.place].append(Sent(worker: worker, callID: callID))
    if call.sentAt == nil { call.sentAt = now }
  }

  private func unsend(_ id: Scheduler.PieceID, _ worker: Scheduler.WorkerID) {
    guard let open = takeSent(id, worker) else { return }
    links[worker]?.cancel(open.callID)
  }

  private func takeSent(_ id: Scheduler.PieceID, _ worker: Scheduler.WorkerID) -> Sent? {
    guard sent.indices.contains(id.place),
      let index = sent[id.place].firstIndex(where: { $0.worker == worker })
    else { return nil }
    return sent[id.place].remove(at: index)
  }

  private func finished(_ id: Scheduler.CallID, _ followers: [Scheduler.CallID]) {
    guard let call = relayed[id.place] else { return }
    for follower in followers {
      if let failure = call.failure {
        relayed[follower.place]?.refuse(failure)
      } else {
        relayed[follower.place]?.take(call)
        relayed[follower.place]?.answer(now: .uptimeNanoseconds(UInt64(now)))
      }
      close(follower)
    }
    if let key = call.sharedKey, !call.parts.isEmpty, cachedCalls.isOn {
      keep(call, for: key)
    }
    call.answer(now: .uptimeNanoseconds(UInt64(now)))
    close(id)
  }

  private func keep(_ call: RelayedCall, for key: SharedKey) {
    let bytes = call.parts.reduce(key.byteCount) { $0 + $1.body.readableBytes + 256 }
    var key = key
    if key.pin.isEmpty { key.pin = call.fingerprint }
    cachedCalls.put((call.fingerprint, call.parts), for: key, byteCount: bytes)
  }

  private func close(_ id: Scheduler.CallID) {
    guard let call = relayed[id.place] else { return }
    relayed[id.place] = nil
    call.id = nil
    owner.held(-call.byteCount)
    if let key = call.sharedKey { sharedCalls.remove(key) { $0 == id } }
    for key in call.inputKeys { sharedInputs.remove(key) { $0.call == id } }
    ended(call, sentAt: call.sentAt)
  }

  private func ended(_ call: RelayedCall, sentAt: Int64?) {
    let received = Int64(clamping: call.caller.received.uptimeNanoseconds)
    let outcome = TrafficRecord.Outcome(
      method: call.method, code: call.outcome.code, reason: call.outcome.reason,
      inputCount: max(1, call.caller.head.inputCount), duration: Double(now - received) / 1e9,
      wait: sentAt.map { Double($0 - received) / 1e9 }, timings: call.timings)
    record.ended(outcome, now: UInt64(max(0, now)))
    owner.ended(call, outcome)
  }

  /// A call was refused before it was taken on.
  func refused(_ call: IncomingCall, _ method: Method, _ status: Status) {
    let outcome = TrafficRecord.Outcome(
      method: method, code: status.code, reason: status.reason, inputCount: 0, duration: 0,
      wait: nil, timings: Timings())
    record.ended(outcome, now: UInt64(max(0, now)))
  }

  /// Bytes that finished answers take that are kept.
  var cacheByteCount: Int { cachedCalls.byteCount + cachedInputs.byteCount }

  /// What is told of the model's calls.
  func traffic(_ time: NIODeadline) -> ModelTraffic {
    let recent = record.recent.summary(now: time.uptimeNanoseconds)
    let counts = scheduler.counts
    var traffic = ModelTraffic()
    traffic.model = model
    traffic.fingerprint = answeringFingerprint("")
    traffic.openCalls = scheduler.openCallCount
    traffic.waitingInputs = scheduler.waitingInputs
    traffic.backlogMicroseconds = UInt64(max(0, scheduler.backlog(.bulk) ?? 0) / 1_000)
    traffic.answeredCalls = record.answeredCalls
    traffic.answeredInputs = record.inputs
    traffic.refusedCalls = record.refusedCalls
    traffic.failedCalls = record.failedCalls
    traffic.retriedPieces = counts.retriedPieces + counts.unreadPieces
    traffic.hedgedPieces = counts.doubledPieces + counts.hedgedPieces
    traffic.sharedInputs = counts.followingCalls + counts.followingUnits
    traffic.cachedInputs = cachedInputCount
    traffic.medianMicroseconds = UInt64(max(0, recent.median) * 1e6)
    traffic.p99Microseconds = UInt64(max(0, recent.p99) * 1e6)
    return traffic
  }

  private func split(_ id: Scheduler.CallID) {
    guard let call = relayed[id.place] else { return }
    do throws(Status) {
      guard let splittable = try Self.split(call.caller, call.method) else {
        throw Status(
          .unavailable, reason: .workerLost, "a worker was lost with the call", isRetryable: true)
      }
      call.split(splittable)
      let costs = call.inputByteCounts.map { scheduler.cost.cost(byteCount: $0) }
      scheduler.split(id, costs: costs, now: now)
    } catch {
      scheduler.fail(id, error, now: now)
    }
  }

  // MARK: What workers say

  private func pieceEvent(
    _ event: CallEvent, _ id: Scheduler.PieceID, _ worker: Scheduler.WorkerID
  ) {
    readClock()
    switch event {
    case .part(let head, let encodedHead, let body, let isLast):
      let part = AnswerPart(inputs: head.inputs, encodedHead: encodedHead, body: body)
      guard isLast else { return gather(part, id, worker) }
      guard var open = takeSent(id, worker) else { return }
      open.parts.append(part)
      if let load = head.load { scheduler.workerReported(worker, load, now: now) }
      if head.status.isOK {
        answered(id, worker, open.parts, head)
      } else {
        refused(id, worker, head.status)
      }
    case .failed(let status, let wasRead):
      guard takeSent(id, worker) != nil else { return }
      // What was read is lost with the connection, all of it at once, when that is told.
      if wasRead, status.reason == .workerLost { return }
      if !wasRead, status.code == .unavailable || status.code == .resourceExhausted {
        scheduler.pieceFailed(id, on: worker, as: .unread, now: now)
      } else {
        // Also where our own connection refuses what no later try would change.
        refused(id, worker, status)
      }
    }
    act()
  }

  private func gather(
    _ part: AnswerPart, _ id: Scheduler.PieceID, _ worker: Scheduler.WorkerID
  ) {
    guard sent.indices.contains(id.place),
      let index = sent[id.place].firstIndex(where: { $0.worker == worker })
    else { return }
    sent[id.place][index].parts.append(part)
  }

  private func answered(
    _ id: Scheduler.PieceID, _ worker: Scheduler.WorkerID, _ parts: [AnswerPart],
    _ head: ResponseHead
  ) {
    let compute = Int64(clamping: min(head.timings.computeMicroseconds, 86_400_000_000)) * 1_000
    let answered = scheduler.pieceAnswered(
      id, by: worker, fingerprint: head.fingerprint, computeNanoseconds: compute, now: now)
    guard let answered, let call = relayed[answered.call.place] else { return }
    var isWhole = true
    do throws(Status) {
      owner.held(try call.take(parts, head, units: answered.units))
    } catch {
      isWhole = false
      fail(answered.call, error)
    }
    for (result, follower) in answered.followers {
      give(follower, call.slots?.value(at: Int(answered.units[result])), head.fingerprint)
    }
    if isWhole { keepInputs(of: call, answered.units, fingerprint: head.fingerprint) }
  }

  /// Gives an equal input its result; without one, the call of that input has no answer.
  private func give(_ follower: UnitReference, _ value: SlotValue?, _ fingerprint: String) {
    guard let other = relayed[follower.call.place] else { return }
    do throws(Status) {
      guard let value else {
        throw Status(
          .unavailable, reason: .workerLost, "an equal input's result did not come",
          isRetryable: true)
      }
      owner.held(try other.take(value, at: Int(follower.unit), fingerprint: fingerprint))
    } catch {
      fail(follower.call, error)
    }
  }

  /// The call has no answer, whatever the scheduler thinks: it may have ended it already.
  private func fail(_ id: Scheduler.CallID, _ status: Status) {
    scheduler.fail(id, status, now: now)
    relayed[id.place]?.failure = status
    relayed[id.place]?.refuse(status)
  }

  private func keepInputs(of call: RelayedCall, _ units: [Int32], fingerprint: String) {
    guard cachedInputs.isOn, !call.inputKeys.isEmpty, let slots = call.slots else { return }
    for unit in units {
      guard let value = slots.value(at: Int(unit)), !value.isError else { continue }
      var key = call.inputKeys[Int(unit)]
      if key.pin.isEmpty { key.pin = fingerprint }
      cachedInputs.put(value, for: key, byteCount: value.byteCount + key.byteCount)
    }
  }

  private func refused(
    _ id: Scheduler.PieceID, _ worker: Scheduler.WorkerID, _ status: Status
  ) {
    switch status.code {
    case .unavailable, .resourceExhausted, .cancelled:
      if status.reason == .draining { scheduler.workerDraining(worker, now: now) }
      scheduler.pieceFailed(id, on: worker, as: .refused(status), now: now)
    case .internal, .unknown, .dataLoss:
      scheduler.pieceFailed(id, on: worker, as: .fault(status), now: now)
    case .deadlineExceeded where hasTime(id):
      // Others that wait for the same have longer.
      scheduler.pieceFailed(id, on: worker, as: .ended, now: now)
    default:
      var status = status
      let units = scheduler.pieces[id]?.units ?? []
      if let index = status.inputIndex, relayedCall(of: id)?.splittable != nil {
        status.inputIndex = units.indices.contains(index) ? Int(units[index]) : nil
      }
      scheduler.pieceRejected(id, by: worker, status, now: now)
    }
  }

  private func hasTime(_ id: Scheduler.PieceID) -> Bool {
    guard let piece = scheduler.pieces[id], let call = scheduler.calls[piece.call] else {
      return false
    }
    return call.deadline > now + 1_000_000
  }

  private func relayedCall(of id: Scheduler.PieceID) -> RelayedCall? {
    scheduler.pieces[id].flatMap { relayed[$0.call.place] }
  }
}
