package import Wire

/// The workers that a coordinator knows, without I/O: which are up, how busy each is, and which
/// takes the next piece.
package struct WorkerPool: Sendable {
  package typealias WorkerID = Int

  /// A worker's life as the coordinator sees it.
  package enum Phase: String, Sendable {
    /// Its process starts, or its connection is being made.
    case starting
    case ready
    /// It said go-away: what it has is answered, nothing new is sent.
    case draining
    case down
  }

  package struct Worker: Sendable {
    package var id: WorkerID
    /// The model that it serves; nil for a worker elsewhere that has not said yet.
    package var model: String?
    package var phase: Phase
    package var fingerprint = ""
    /// Predicted nanoseconds of the pieces sent to it and not answered.
    package var inFlightCost: Int64 = 0
    package var openPieces = 0
    package var load: LoadReport?
    /// Backlog that others caused, from the last report: nanoseconds.
    package var foreignBacklog: Int64 = 0
    package var info: ModelInfo?

    /// Predicted nanoseconds until it would begin something new.
    package var backlog: Int64 {
      (inFlightCost + foreignBacklog) / Int64(max(1, load?.threads ?? 1))
    }
  }

  package private(set) var workers: [WorkerID: Worker] = [:]
  private var nextID = 0
  /// Moves on with each pick, so that equals take turns.
  private var rotation = 0

  package init() {}

  package mutating func add(model: String?) -> WorkerID {
    let id = nextID
    nextID += 1
    workers[id] = Worker(id: id, model: model, phase: .starting)
    return id
  }

  package mutating func remove(_ id: WorkerID) {
    workers[id] = nil
  }

  package mutating func starting(_ id: WorkerID) {
    workers[id]?.phase = .starting
  }

  package mutating func ready(_ id: WorkerID, info: ModelInfo) {
    guard var worker = workers[id] else { return }
    worker.phase = .ready
    worker.model = info.name
    worker.info = info
    worker.fingerprint = info.fingerprint
    worker.inFlightCost = 0
    worker.openPieces = 0
    worker.foreignBacklog = 0
    worker.load = nil
    workers[id] = worker
  }

  package mutating func draining(_ id: WorkerID) {
    workers[id]?.phase = .draining
  }

  package mutating func down(_ id: WorkerID) {
    guard var worker = workers[id] else { return }
    worker.phase = .down
    worker.inFlightCost = 0
    worker.openPieces = 0
    workers[id] = worker
  }

  package mutating func sent(_ piece: Piece, to id: WorkerID) {
    workers[id]?.inFlightCost += piece.cost
    workers[id]?.openPieces += 1
  }

  /// The piece is answered, lost or given up.
  package mutating func ended(_ piece: Piece, on id: WorkerID) {
    guard var worker = workers[id] else { return }
    worker.inFlightCost = max(0, worker.inFlightCost - piece.cost)
    worker.openPieces = max(0, worker.openPieces - 1)
    workers[id] = worker
  }

  package mutating func reported(_ load: LoadReport, by id: WorkerID) {
    guard var worker = workers[id] else { return }
    worker.load = load
    let reported = Int64(clamping: load.backlogMicroseconds).multipliedReportingOverflow(by: 1_000)
    let backlog = reported.overflow ? Int64.max / 4 : min(reported.partialValue, .max / 4)
    worker.foreignBacklog = max(0, backlog - worker.inFlightCost)
    workers[id] = worker
  }

  /// Names of the models that any worker serves or will serve, sorted.
  package var modelNames: [String] {
    Set(workers.values.compactMap(\.model)).sorted()
  }

  /// Workers of a model, in order of their ids.
  package func workers(of model: String) -> [Worker] {
    workers.values.filter { $0.model == model }.sorted { $0.id < $1.id }
  }

  /// Workers of a model that take new pieces.
  package func readyWorkers(of model: String) -> [Worker] {
    workers(of: model).filter { $0.phase == .ready }
  }

  /// Predicted nanoseconds until the least busy worker of a model would begin something new; nil
  /// with none up.
  package func leastBacklog(of model: String) -> Int64? {
    readyWorkers(of: model).map(\.backlog).min()
  }

  /// What a batch costs the model's workers whatever is in it: nanoseconds, the largest of theirs.
  package func batchNanoseconds(of model: String) -> UInt64 {
    readyWorkers(of: model).compactMap(\.load?.batchNanoseconds).max() ?? 0
  }

  /// The model's ready workers, least busy first; equals in turns.
  package mutating func candidates(for model: String) -> [Worker] {
    let ready = readyWorkers(of: model)
    guard !ready.isEmpty else { return [] }
    rotation &+= 1
    let start = Int(UInt(bitPattern: rotation) % UInt(ready.count))
    let rotated = ready[start...] + ready[..<start]
    return rotated.enumerated()
      .sorted { ($0.element.backlog, $0.offset) < ($1.element.backlog, $1.offset) }
      .map(\.element)
  }
}
