package import Wire

/// One model's calls on their way over its workers, without I/O: what to send to whom, when to send
/// it again, and when to give up. Time is passed in, in nanoseconds of any clock that only rises.
///
/// Whoever drives it tells what happens and then does the `actions`, in their order.
///
/// - Work is counted in predicted nanoseconds of one compute thread. A call that is cut goes out
///   longest input first, in pieces that shrink towards its end (guided self-scheduling:
///   Polychronopoulos and Kuck, 1987), at most two on a worker at once, each to the worker that is
///   predicted to answer it first; so unequal and busy workers end together.
/// - What no worker has room for waits here in a `FairQueue`, where any worker can take it.
/// - A piece that a worker lost goes to another; one that is late goes to a second as well, and the
///   first answer counts.
package struct Scheduler: Sendable {
  package typealias CallID = ScheduledCall.ID
  package typealias PieceID = Piece.ID
  package typealias WorkerID = Int

  /// What is to be done.
  package enum Action: Sendable, Equatable {
    /// Send the piece to the worker.
    case send(PieceID, WorkerID)
    /// Tell the worker that nobody waits for the piece. It may be gone already.
    case cancel(PieceID, WorkerID)
    /// The call's answer is whole: give it to the call and to its followers.
    case finished(CallID, followers: [CallID])
    /// There will be no answer.
    case failed(CallID, Status)
    /// These units of the call are answered by an error.
    case failedUnits(CallID, [Int32], Status)
    /// Read the call's inputs and `split` it, or fail it.
    case split(CallID)
    /// Forget what of the call was answered: its workers are gone, and others may say otherwise.
    case restarted(CallID)
    /// The call is over, and was not answered by `finished`: it had failed, or nobody waited.
    case dropped(CallID)
  }

  package let configuration: SchedulerConfiguration
  package internal(set) var calls = SlotTable<ScheduledCall>()
  package internal(set) var pieces = SlotTable<Piece>()
  /// By id; nil where a worker was removed.
  package internal(set) var workers = NumberedTable<WorkerState>()
  package internal(set) var fingerprints: [String] = []
  package internal(set) var cost = CostModel()
  /// What the costs of calls that are open are made of: see `CostModel.unit`.
  var restatedUnit = CostModel().unit
  package internal(set) var counts = SchedulerCounts()
  /// What new calls are sent to, where workers of several fingerprints are up; nil is any.
  package internal(set) var current: Int?
  package var actions: [Action] = []

  /// Calls with pieces that some worker may take as soon as one has room.
  package internal(set) var queue: FairQueue
  /// Ready workers, all of them and by fingerprint.
  package internal(set) var ready: [WorkerID] = []
  var readyByFingerprint: [[WorkerID]] = []
  var idleByFingerprint: [IdleWorkers] = []
  /// Calls that hold as much on every worker as they may, or whose workers are not up.
  package internal(set) var parked: Set<CallID> = []
  /// Calls that have requeued units which must wait.
  package internal(set) var deferred: Set<CallID> = []
  /// Calls that have units which must be alone with a worker.
  package internal(set) var secluded: Set<CallID> = []
  /// A worker that gets nothing new until it is empty, for one of those.
  package internal(set) var vacating: WorkerID?
  /// Predicted nanoseconds of what is queued, by class and by caller.
  package internal(set) var waitingCost: (interactive: Int64, bulk: Int64) = (0, 0)
  package internal(set) var waitingOfCaller: [UInt64: Int64] = [:]
  /// The speed of all ready workers together, in threads of the model's predicted time.
  var capacity = 0.0
  /// The most that a batch costs a ready worker whatever is in it: nanoseconds.
  var batchNanoseconds: Int64 = 0
  package internal(set) var suspicions: [UnitReference: Suspicion] = [:]
  package internal(set) var unitFollowers: [UnitReference: [UnitReference]] = [:]
  var retries = Budget(share: 0.2, perSecond: 10, seconds: 10)
  var hedging = Budget(share: 0.05, perSecond: 1, seconds: 10)
  var speed = AnswerSpeed()
  var rotation = 0
  var random: SplitMix64

  package init(configuration: SchedulerConfiguration = SchedulerConfiguration(), seed: UInt64) {
    self.configuration = configuration
    queue = FairQueue(patience: configuration.bulkPatience)
    random = SplitMix64(seed: seed)
  }

  package var openCallCount: Int { calls.count }

  /// All calls that are open, for whoever looks on.
  package var openCalls: [(id: CallID, call: ScheduledCall)] {
    calls.ids.compactMap { id in calls[id].map { (id, $0) } }
  }

  /// All pieces that workers have.
  package var openPieces: [(id: PieceID, piece: Piece)] {
    pieces.ids.compactMap { id in pieces[id].map { (id, $0) } }
  }

  package func call(_ id: CallID) -> ScheduledCall? { calls[id] }

  package func piece(_ id: PieceID) -> Piece? { pieces[id] }

  /// Predicted nanoseconds until a new call of the class would begin; nil with no worker up.
  package func backlog(_ priority: Priority) -> Int64? {
    guard capacity > 0 else { return nil }
    return predictedWait(priority)
  }

  /// Predicted nanoseconds of the smallest piece.
  var pieceMin: Int64 { configuration.pieceMin(batchNanoseconds: batchNanoseconds) }

  /// Whether a call is better sent in pieces: so that several workers share it, or so that one is not
  /// taken by it for long.
  package func isWorthCutting(inputCount: Int, cost: Int64) -> Bool {
    inputCount > 1 && cost > (ready.count > 1 ? pieceMin : max(pieceMin, configuration.window))
  }

  /// Inputs of open calls that no worker has.
  package var waitingInputs: Int {
    var count = 0
    for id in calls.ids {
      guard let call = calls[id] else { continue }
      let units =
        call.pending.count + (call.requeued + call.alone).reduce(0) { $0 + $1.units.count }
      count += call.isSplit ? units : units * call.request.inputCount
    }
    return count
  }

  /// Workers that owe late answers, or have not been heard of since one was late.
  package var lateWorkers: [WorkerID] {
    ready.filter { workers[$0].map { $0.latePieces > 0 || $0.isSilent } ?? false }
  }

  /// What has been asked for since the last time.
  package mutating func takeActions() -> [Action] {
    defer { actions.removeAll(keepingCapacity: true) }
    return actions
  }

  package func worker(_ id: WorkerID) -> WorkerState? {
    workers.indices.contains(id) ? workers[id] : nil
  }
}

/// What happened since the start.
package struct SchedulerCounts: Sendable, Equatable {
  package var admittedCalls: UInt64 = 0
  package var finishedCalls: UInt64 = 0
  package var failedCalls: UInt64 = 0
  /// Calls that were let in and then given up, for they could not have been answered in time.
  package var lateCalls: UInt64 = 0
  package var overloadedCalls: UInt64 = 0
  package var tooLateCalls: UInt64 = 0
  package var sentPieces: UInt64 = 0
  /// Pieces that were sent again since a worker lost or refused them …
  package var retriedPieces: UInt64 = 0
  /// … never read them …
  package var unreadPieces: UInt64 = 0
  /// … or was late.
  package var doubledPieces: UInt64 = 0
  package var hedgedPieces: UInt64 = 0
  package var followingCalls: UInt64 = 0
  package var followingUnits: UInt64 = 0
  package var workerDeaths: UInt64 = 0
  package var ejections: UInt64 = 0
  package var poisonedUnits: UInt64 = 0
  /// Looks at the queue for something to send.
  package var turns: UInt64 = 0
  package var restarts: UInt64 = 0
}

/// How answers come in against what was predicted, for hedging: the ratio that 95 of 100 stay below,
/// followed step by step (stochastic approximation: Robbins and Monro, 1951).
package struct AnswerSpeed: Sendable {
  private static let quantile = 0.95
  private static let step = 0.05
  package private(set) var ratio = 4.0
  private var count = 0

  package init() {}

  package mutating func observed(predicted: Int64, actual: Int64) {
    guard predicted > 0 else { return }
    count += 1
    let isAbove = Double(actual) > ratio * Double(predicted)
    ratio *= isAbove ? 1 + Self.step * Self.quantile : 1 - Self.step * (1 - Self.quantile)
    ratio = min(max(ratio, 0.1), 1_000)
  }

  /// Whether enough was seen to judge by.
  package var isKnown: Bool { count >= 100 }
}

/// How often workers died while they had a unit.
package struct Suspicion: Sendable {
  var deaths = 0
  /// … and nothing else.
  var deathsAlone = 0
}
