import Coordination
import Testing
import Wire

@Suite("The workers that a coordinator knows")
struct WorkerPoolTests {
  private func info(_ name: String, fingerprint: String = "f") -> ModelInfo {
    var info = ModelInfo()
    info.name = name
    info.fingerprint = fingerprint
    return info
  }

  private func pool(_ count: Int, model: String = "m") -> WorkerPool {
    var pool = WorkerPool()
    for _ in 0..<count {
      let id = pool.add(model: model)
      pool.ready(id, info: info(model))
    }
    return pool
  }

  @Test("the least busy worker comes first")
  func leastBusy() {
    var pool = pool(3)
    pool.sent(Piece(id: 0, inputs: [0], cost: 5_000), to: 0)
    pool.sent(Piece(id: 1, inputs: [0], cost: 1_000), to: 1)
    #expect(pool.candidates(for: "m").map(\.id) == [2, 1, 0])
  }

  @Test("equals take turns")
  func rotation() {
    var pool = pool(3)
    let firsts = Set((0..<3).compactMap { _ in pool.candidates(for: "m").first?.id })
    #expect(firsts == [0, 1, 2])
  }

  @Test("a worker with more threads counts its backlog less")
  func threads() {
    var pool = pool(2)
    pool.reported(LoadReport(threads: 4), by: 0)
    pool.sent(Piece(id: 0, inputs: [0], cost: 2_000), to: 0)
    pool.sent(Piece(id: 1, inputs: [0], cost: 1_000), to: 1)
    #expect(pool.candidates(for: "m").map(\.id) == [0, 1])
  }

  @Test("work that others sent to a worker counts")
  func foreignBacklog() {
    var pool = pool(2)
    pool.reported(LoadReport(backlogMicroseconds: 50, threads: 1), by: 0)
    #expect(pool.candidates(for: "m").map(\.id) == [1, 0])
    #expect(pool.workers[0]?.backlog == 50_000)
  }

  @Test("our own pieces are not counted twice when the worker reports them")
  func ownBacklogOnce() {
    var pool = pool(1)
    pool.sent(Piece(id: 0, inputs: [0], cost: 40_000), to: 0)
    pool.reported(LoadReport(backlogMicroseconds: 40, threads: 1), by: 0)
    #expect(pool.workers[0]?.backlog == 40_000)
  }

  @Test("ended pieces give back what they took, never more")
  func endGivesBack() {
    var pool = pool(1)
    let piece = Piece(id: 0, inputs: [0], cost: 7_000)
    pool.sent(piece, to: 0)
    pool.ended(piece, on: 0)
    pool.ended(piece, on: 0)
    #expect(pool.workers[0]?.inFlightCost == 0)
    #expect(pool.workers[0]?.openPieces == 0)
  }

  @Test("draining, starting and lost workers get nothing new")
  func onlyReady() {
    var pool = pool(4)
    pool.draining(0)
    pool.starting(1)
    pool.down(2)
    #expect(pool.candidates(for: "m").map(\.id) == [3])
    #expect(pool.workers(of: "m").count == 4)
  }

  @Test("a huge reported backlog does not overflow")
  func hugeBacklog() {
    var pool = pool(1)
    pool.reported(LoadReport(backlogMicroseconds: .max, threads: 0), by: 0)
    #expect((pool.leastBacklog(of: "m") ?? 0) > 0)
  }

  @Test("a model is known by its workers, also while none is up")
  func modelNames() {
    var pool = pool(1, model: "a")
    _ = pool.add(model: "b")
    let elsewhere = pool.add(model: nil)
    #expect(pool.modelNames == ["a", "b"])
    pool.ready(elsewhere, info: info("c"))
    #expect(pool.modelNames == ["a", "b", "c"])
    #expect(pool.leastBacklog(of: "b") == nil)
  }
}
