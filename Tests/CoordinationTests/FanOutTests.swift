import Coordination
import Testing

@Suite("A call's way over the workers")
struct FanOutTests {
  private let millisecond: Int64 = 1_000_000

  private func fanOut(_ costs: [Int64], isWhole: Bool = false) -> FanOut {
    FanOut(costs: costs, isWhole: isWhole, configuration: .defaults)
  }

  private func take(
    _ fanOut: inout FanOut, for worker: Int, of workerCount: Int, backlog: Int64
  ) throws -> Piece {
    let piece = fanOut.nextPiece(
      for: worker, workerCount: workerCount, backlog: backlog, now: 0)
    return try #require(piece)
  }

  @Test("every input is sent exactly once, whatever the costs")
  func coversEveryInput() {
    var generator = SystemRandomNumberGenerator()
    let costs = (0..<1_000).map { _ in Int64.random(in: 1...20_000_000, using: &generator) }
    var fanOut = fanOut(costs)
    var seen: [Int] = []
    var worker = 0
    while fanOut.hasPending {
      guard let piece = fanOut.nextPiece(for: worker, workerCount: 3, backlog: 0, now: 0) else {
        Issue.record("no piece for an idle worker")
        return
      }
      seen += piece.inputs
      let outcome1 = fanOut.answered(piece.id, by: worker)
      #expect(outcome1 == [])
      worker = (worker + 1) % 3
    }
    #expect(fanOut.isDone)
    #expect(seen.sorted() == Array(costs.indices))
  }

  @Test("the longest inputs go first, and pieces shrink towards the end")
  func longestFirst() throws {
    var fanOut = fanOut((1...400).map { Int64($0) * 100_000 })
    var costs: [Int64] = []
    var first: [Int] = []
    while fanOut.hasPending {
      let piece = try take(&fanOut, for: 0, of: 2, backlog: 0)
      if first.isEmpty { first = piece.inputs }
      costs.append(piece.cost)
      _ = fanOut.answered(piece.id, by: 0)
    }
    #expect(first.first == 399)
    #expect(costs.allSatisfy { $0 <= 40 * millisecond })
    #expect((costs.first ?? 0) > (costs.last ?? 0))
  }

  @Test("equal costs keep the order of the inputs")
  func stableOrder() throws {
    var fanOut = fanOut(Array(repeating: 10 * millisecond, count: 8))
    let piece = try take(&fanOut, for: 0, of: 1, backlog: 0)
    #expect(piece.inputs == Array(0..<piece.inputs.count))
  }

  @Test("a worker holds at most two pieces of a call")
  func outstandingBound() {
    var fanOut = fanOut(Array(repeating: 30 * millisecond, count: 20))
    let outcome2 = fanOut.nextPiece(for: 7, workerCount: 2, backlog: 0, now: 0)
    #expect(outcome2 != nil)
    let outcome3 = fanOut.nextPiece(for: 7, workerCount: 2, backlog: 0, now: 0)
    #expect(outcome3 != nil)
    let outcome4 = fanOut.nextPiece(for: 7, workerCount: 2, backlog: 0, now: 0)
    #expect(outcome4 == nil)
    let outcome5 = fanOut.nextPiece(for: 8, workerCount: 2, backlog: 0, now: 0)
    #expect(outcome5 != nil)
    #expect(fanOut.outstandingCount(on: 7) == 2)
  }

  @Test("a lost piece goes to another worker")
  func lostPieceMoves() throws {
    var fanOut = fanOut([millisecond])
    let piece = try take(&fanOut, for: 1, of: 2, backlog: 0)
    let outcome6 = fanOut.lost(piece.id, on: 1, counts: true)
    #expect(outcome6 == .requeued)
    let outcome7 = fanOut.nextPiece(for: 1, workerCount: 2, backlog: 0, now: 0)
    #expect(outcome7 == nil)
    let outcome8 = fanOut.nextPiece(for: 2, workerCount: 2, backlog: 0, now: 0)
    #expect(outcome8 == piece)
  }

  @Test("with no other worker, the one that lost a piece and came back gets it again")
  func lostPieceReturns() throws {
    var fanOut = fanOut([millisecond])
    let piece = try take(&fanOut, for: 1, of: 1, backlog: 0)
    let outcome9 = fanOut.lost(piece.id, on: 1, counts: true)
    #expect(outcome9 == .requeued)
    let outcome10 = fanOut.nextPiece(for: 1, workerCount: 1, backlog: 0, now: 0)
    #expect(outcome10 == piece)
  }

  @Test("a piece under which five workers were lost is given up")
  func lossesAreBounded() throws {
    var fanOut = fanOut([millisecond])
    for round in 1...5 {
      let piece = try take(&fanOut, for: round, of: 9, backlog: 0)
      let loss = fanOut.lost(piece.id, on: round, counts: true)
      #expect(loss == (round < 5 ? .requeued : .exhausted(piece)))
    }
  }

  @Test("a refusal is not held against a piece")
  func refusalsDoNotCount() throws {
    var fanOut = fanOut([millisecond])
    for round in 1...20 {
      let piece = try take(&fanOut, for: round, of: 99, backlog: 0)
      let outcome11 = fanOut.lost(piece.id, on: round, counts: false)
      #expect(outcome11 == .requeued)
    }
  }

  @Test("a late piece goes to a second worker, and the first answer counts")
  func latePieceIsDuplicated() throws {
    var fanOut = fanOut([millisecond])
    let piece = try take(&fanOut, for: 1, of: 2, backlog: 0)
    #expect(fanOut.latePieces(now: 900 * millisecond) == [])
    #expect(fanOut.latePieces(now: 1_100 * millisecond) == [piece.id])
    let outcome12 = fanOut.duplicate(piece.id, to: 1, now: 0)
    #expect(outcome12 == nil)
    let outcome13 = fanOut.duplicate(piece.id, to: 2, now: 1_100 * millisecond)
    #expect(outcome13 == piece)
    #expect(fanOut.latePieces(now: 5_000 * millisecond) == [])
    let outcome14 = fanOut.answered(piece.id, by: 2)
    #expect(outcome14 == [1])
    let outcome15 = fanOut.answered(piece.id, by: 1)
    #expect(outcome15 == nil)
    #expect(fanOut.isDone)
  }

  @Test("one of two holders of a piece may be lost")
  func duplicateSurvives() throws {
    var fanOut = fanOut([millisecond])
    let piece = try take(&fanOut, for: 1, of: 2, backlog: 0)
    _ = fanOut.duplicate(piece.id, to: 2, now: 0)
    let outcome16 = fanOut.lost(piece.id, on: 1, counts: true)
    #expect(outcome16 == .none)
    let outcome17 = fanOut.answered(piece.id, by: 2)
    #expect(outcome17 == [])
  }

  @Test("patience grows with the piece and the backlog before it")
  func patience() throws {
    var fanOut = fanOut([100 * millisecond])
    _ = try take(&fanOut, for: 1, of: 2, backlog: 400 * millisecond)
    #expect(fanOut.latePieces(now: 3_900 * millisecond) == [])
    #expect(fanOut.latePieces(now: 4_100 * millisecond).count == 1)
  }

  @Test("a call that is not split is one piece, also without inputs", arguments: [0, 1, 50])
  func whole(count: Int) throws {
    var fanOut = fanOut(Array(repeating: 100 * millisecond, count: count), isWhole: true)
    let piece = try take(&fanOut, for: 1, of: 2, backlog: 0)
    #expect(piece.inputs == Array(0..<count))
    #expect(!fanOut.hasPending)
    _ = fanOut.answered(piece.id, by: 1)
    #expect(fanOut.isDone)
  }
}
