import Coordination
import Wire

/// A scheduler with workers that a test plays: what it sends is looked at, and answered or not.
final class SchedulerBench {
  /// A piece as it was sent.
  struct Sent: Equatable {
    var piece: Scheduler.PieceID
    var worker: Int
    var call: Scheduler.CallID
    var units: [Int32]
  }

  static let millisecond: Int64 = 1_000_000
  static let second: Int64 = 1_000_000_000

  var scheduler: Scheduler
  /// Long after the workers' slow start.
  var now: Int64 = 100_000_000_000
  private var sends: [Sent] = []
  private var others: [Scheduler.Action] = []

  /// - Parameter fingerprints: one a worker.
  init(
    _ fingerprints: [String], configuration: SchedulerConfiguration = SchedulerConfiguration(),
    isLearned: Bool = true
  ) {
    scheduler = Scheduler(configuration: configuration, seed: 1)
    for fingerprint in fingerprints {
      let worker = scheduler.addWorker()
      scheduler.workerReady(worker, fingerprint: fingerprint, threads: 1, maxTokens: 0, now: 0)
      if isLearned { scheduler.workerReported(worker, .idle, now: 0) }
    }
    guard isLearned else { return }
    for worker in fingerprints.indices { meet(worker) }
    _ = takeOthers()
  }

  /// The worker answers something, so that it counts as known.
  private func meet(_ worker: Int) {
    let fingerprint = scheduler.fingerprints[scheduler.worker(worker)?.fingerprint ?? 0]
    while scheduler.worker(worker)?.answeredPieces == 0 {
      guard submit(.init(pin: fingerprint, inputCount: 1, byteCount: 1, cost: 1)) != nil else {
        return
      }
      for sent in sent() { answer(sent) }
    }
  }

  func submit(_ request: CallRequest) -> Scheduler.CallID? {
    try? scheduler.submit(request, now: now)
  }

  /// A call of one unit.
  func submitWhole(
    milliseconds: Int64 = 5, caller: UInt64 = 0, priority: Priority = .interactive,
    budget: Int64? = nil, pin: String = ""
  ) -> Scheduler.CallID? {
    submit(
      CallRequest(
        caller: caller, priority: priority, deadline: budget.map { now + $0 } ?? .max, pin: pin,
        inputCount: 1, byteCount: 100, cost: milliseconds * Self.millisecond))
  }

  /// A call that is cut into units of these costs.
  func submitCut(
    _ milliseconds: [Int64], caller: UInt64 = 0, priority: Priority = .interactive,
    pin: String = "", known: KnownUnits = KnownUnits()
  ) -> Scheduler.CallID? {
    let costs = milliseconds.map { $0 * Self.millisecond }
    let request = CallRequest(
      caller: caller, priority: priority, pin: pin, inputCount: costs.count, byteCount: 100,
      cost: costs.reduce(0, +), costs: costs)
    return try? scheduler.submit(request, known, now: now)
  }

  /// What was sent since the last time.
  func sent() -> [Sent] {
    sortActions()
    defer { sends = [] }
    return sends
  }

  /// Actions other than sends since the last time.
  func takeOthers() -> [Scheduler.Action] {
    sortActions()
    defer { others = [] }
    return others
  }

  private func sortActions() {
    for action in scheduler.takeActions() {
      if case .send(let piece, let worker) = action {
        guard let details = scheduler.piece(piece) else { continue }
        sends.append(
          Sent(piece: piece, worker: worker, call: details.call, units: details.units))
      } else {
        others.append(action)
      }
    }
  }

  @discardableResult
  func answer(
    _ sent: Sent, fingerprint: String? = nil, slowness: Double = 1
  ) -> Scheduler.Answered? {
    let own = scheduler.fingerprints[scheduler.worker(sent.worker)?.fingerprint ?? 0]
    let cost = Double(scheduler.piece(sent.piece)?.cost ?? 1)
    return scheduler.pieceAnswered(
      sent.piece, by: sent.worker, fingerprint: fingerprint ?? own,
      computeNanoseconds: Int64(cost * slowness), now: now)
  }

  func fail(_ sent: Sent, as loss: Scheduler.Loss) {
    scheduler.pieceFailed(sent.piece, on: sent.worker, as: loss, now: now)
  }

  func cancel(_ call: Scheduler.CallID) {
    scheduler.cancel(call, now: now)
  }

  /// The worker dies with all that it has, and is up again at once.
  func die(_ worker: Int) {
    let fingerprint = scheduler.fingerprints[scheduler.worker(worker)?.fingerprint ?? 0]
    scheduler.workerLost(worker, isDeath: true, isStarting: true, now: now)
    scheduler.workerReady(worker, fingerprint: fingerprint, threads: 1, maxTokens: 0, now: now)
  }

  /// Lets time pass, with the looks at it that the coordinator takes.
  func wait(_ time: Int64) {
    let end = now + time
    while now < end {
      now = min(now + 20 * Self.millisecond, end)
      scheduler.checkTime(now)
    }
  }
}

extension LoadReport {
  /// Of a worker with nothing to do, that has learned what texts cost.
  static var idle: LoadReport {
    LoadReport(
      threads: 1, tokenNanoseconds: 100_000, tokenSquaredPicoseconds: 0, tokensPerKilobyte: 300)
  }
}
