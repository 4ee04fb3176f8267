/// A part of a call that goes to one worker.
package struct Piece: Sendable, Equatable {
  package typealias ID = Int

  package var id: ID
  /// Indices of the call's inputs, longest first.
  package var inputs: [Int]
  /// Predicted nanoseconds of compute.
  package var cost: Int64

  package init(id: ID, inputs: [Int], cost: Int64) {
    self.id = id
    self.inputs = inputs
    self.cost = cost
  }
}

/// One call's way over the workers, without I/O: what to send to whom, and what is left.
///
/// Inputs go longest first. A piece is half of an even share of what is left, within bounds, so
/// pieces shrink towards the end and unequal workers finish together (guided self-scheduling:
/// Polychronopoulos and Kuck, 1987). A lost piece goes to another worker; a late one is sent to a
/// second, and the first answer counts.
package struct FanOut: Sendable {
  package typealias WorkerID = Int

  private struct Outstanding {
    var piece: Piece
    /// Workers that have it, with the time it was sent, in nanoseconds.
    var holders: [WorkerID: Int64]
    var lateAfter: Int64
  }

  /// What a lost piece comes to.
  package enum Loss: Sendable, Equatable {
    /// Another worker has it as well, or it was answered before.
    case none
    /// It will be sent again.
    case requeued
    /// Too many workers were lost under it.
    case exhausted(Piece)
  }

  private let configuration: FanOutConfiguration
  private let costs: [Int64]
  /// Input indices that are not sent yet, cheapest first: taken from the end.
  private var pending: [Int]
  private var pendingCost: Int64
  /// Lost pieces that wait for another worker.
  private var requeued: [Piece] = []
  private var outstanding: [Piece.ID: Outstanding] = [:]
  private var losses: [Piece.ID: Int] = [:]
  private var lostOn: [Piece.ID: Set<WorkerID>] = [:]
  private var nextID = 0
  private let isWhole: Bool

  /// - Parameters:
  ///   - costs: predicted nanoseconds of each input.
  ///   - isWhole: the call is not split: one piece holds all of it.
  package init(costs: [Int64], isWhole: Bool, configuration: FanOutConfiguration) {
    self.configuration = configuration
    self.costs = costs
    self.isWhole = isWhole
    pending = Array(costs.indices)
    if !isWhole {
      pending.sort { (costs[$0], $1) < (costs[$1], $0) }
    }
    pendingCost = costs.reduce(0, +)
    if isWhole, costs.isEmpty { requeued = [Piece(id: takeID(), inputs: [], cost: 0)] }
  }

  /// Every piece is answered.
  package var isDone: Bool { pending.isEmpty && requeued.isEmpty && outstanding.isEmpty }

  /// Something waits for a worker.
  package var hasPending: Bool { !pending.isEmpty || !requeued.isEmpty }

  package func outstandingCount(on worker: WorkerID) -> Int {
    outstanding.values.reduce(0) { $0 + ($1.holders[worker] == nil ? 0 : 1) }
  }

  /// The next piece for a worker, or nil if it holds enough or nothing is left for it.
  ///
  /// - Parameters:
  ///   - workerCount: workers that could take pieces of this call now.
  ///   - backlog: predicted nanoseconds before the worker would begin.
  package mutating func nextPiece(
    for worker: WorkerID, workerCount: Int, backlog: Int64, now: Int64
  ) -> Piece? {
    guard outstandingCount(on: worker) < configuration.outstandingPerWorker else { return nil }
    let piece: Piece
    if let index = requeuedIndex(for: worker, workerCount: workerCount) {
      piece = requeued.remove(at: index)
    } else if !pending.isEmpty {
      piece = takePiece(workerCount: workerCount)
    } else {
      return nil
    }
    let patience = max(
      configuration.lateMin.nanoseconds,
      (piece.cost + backlog).saturatingMultiplied(by: Int64(configuration.lateFactor)))
    outstanding[piece.id] = Outstanding(
      piece: piece, holders: [worker: now], lateAfter: patience)
    return piece
  }

  /// - Returns: the workers that still work on it for nothing, or nil if it was answered before.
  package mutating func answered(_ id: Piece.ID, by worker: WorkerID) -> [WorkerID]? {
    guard let entry = outstanding.removeValue(forKey: id) else { return nil }
    lostOn[id] = nil
    losses[id] = nil
    return entry.holders.keys.filter { $0 != worker }.sorted()
  }

  /// A worker lost a piece.
  ///
  /// - Parameter counts: whether the worker may have died of it; a worker that refused it, or
  ///   never read it, did not.
  package mutating func lost(_ id: Piece.ID, on worker: WorkerID, counts: Bool) -> Loss {
    guard var entry = outstanding[id], entry.holders.removeValue(forKey: worker) != nil else {
      return .none
    }
    lostOn[id, default: []].insert(worker)
    if counts { losses[id, default: 0] += 1 }
    guard entry.holders.isEmpty else {
      outstanding[id] = entry
      return .none
    }
    outstanding[id] = nil
    if losses[id, default: 0] >= configuration.lossesMax { return .exhausted(entry.piece) }
    requeued.append(entry.piece)
    return .requeued
  }

  /// Pieces that should have been answered long ago and that only one worker has.
  package func latePieces(now: Int64) -> [Piece.ID] {
    outstanding.values
      .filter { entry in
        entry.holders.count == 1 && entry.holders.values.allSatisfy { now - $0 > entry.lateAfter }
      }
      .map(\.piece.id).sorted()
  }

  /// Sends a late piece to a second worker as well.
  ///
  /// - Returns: nil if it was answered, or if that worker has it.
  package mutating func duplicate(_ id: Piece.ID, to worker: WorkerID, now: Int64) -> Piece? {
    guard var entry = outstanding[id], entry.holders[worker] == nil,
      lostOn[id]?.contains(worker) != true
    else { return nil }
    entry.holders[worker] = now
    outstanding[id] = entry
    return entry.piece
  }

  /// Whether one of the workers has not lost or refused the piece yet.
  package func hasUntried(_ id: Piece.ID, among workers: [WorkerID]) -> Bool {
    workers.contains { lostOn[id]?.contains($0) != true }
  }

  private func requeuedIndex(for worker: WorkerID, workerCount: Int) -> Int? {
    requeued.firstIndex { piece in
      let lost = lostOn[piece.id] ?? []
      // With nobody else to ask, a worker that came back gets it again.
      return !lost.contains(worker) || lost.count >= workerCount
    }
  }

  private mutating func takePiece(workerCount: Int) -> Piece {
    if isWhole {
      defer { pending = [] }
      return Piece(id: takeID(), inputs: pending, cost: pendingCost)
    }
    let share = pendingCost / Int64(max(1, workerCount) * 2)
    let target = min(
      max(share, configuration.pieceMin.nanoseconds), configuration.pieceMax.nanoseconds)
    var piece = Piece(id: takeID(), inputs: [], cost: 0)
    while let index = pending.last, piece.inputs.isEmpty || piece.cost + costs[index] <= target {
      pending.removeLast()
      piece.inputs.append(index)
      piece.cost += costs[index]
      pendingCost -= costs[index]
    }
    return piece
  }

  private mutating func takeID() -> Piece.ID {
    defer { nextID += 1 }
    return nextID
  }
}

extension Int64 {
  fileprivate func saturatingMultiplied(by factor: Int64) -> Int64 {
    let (product, overflow) = multipliedReportingOverflow(by: factor)
    return overflow ? .max : product
  }
}
