import Coordination
import Testing
import Wire

@Suite("Whose call is sent next")
struct SchedulerTurnTests {
  private typealias Bench = SchedulerBench

  /// Answers pieces one after the other, each after its time, and counts what is sent by caller.
  private func serve(
    _ bench: Bench, _ open: inout [Bench.Sent], count: Int,
    sent: (Bench, Bench.Sent) -> Void
  ) {
    for _ in 0..<count where !open.isEmpty {
      let first = open.removeFirst()
      bench.now += bench.scheduler.piece(first.piece)?.cost ?? 0
      bench.answer(first)
      for next in bench.sent() {
        sent(bench, next)
        open.append(next)
      }
    }
  }

  @Test("an interactive one's before bulk ones that came earlier")
  func interactiveFirst() {
    let bench = Bench(["f"])
    for _ in 0..<20 { _ = bench.submitWhole(priority: .bulk) }
    var open = bench.sent()
    let count = open.count
    let urgent = bench.submitWhole()
    #expect(bench.sent().map(\.call) == [urgent!])
    bench.answer(open.removeFirst())
    #expect(bench.scheduler.worker(0)?.pieces.count == count)
  }

  @Test("bulk ones have their turn while interactive ones fill every worker")
  func ageing() {
    let bench = Bench(["f", "f"])
    for _ in 0..<40 { _ = bench.submitWhole() }
    for _ in 0..<10 { _ = bench.submitWhole(caller: 1, priority: .bulk) }
    var open = bench.sent()
    var bulk: [Int64] = []
    let start = bench.now
    serve(bench, &open, count: 400) { bench, next in
      if bench.scheduler.call(next.call)?.priority == .bulk {
        bulk.append(bench.now - start)
      } else {
        _ = bench.submitWhole()
      }
    }
    // Each of two workers has one every 100 ms.
    #expect(bulk.count == 10)
    let gaps = zip(bulk.dropFirst(), bulk).map { $0 - $1 }
    #expect(gaps.allSatisfy { $0 <= 120 * Bench.millisecond })
    #expect(gaps.dropFirst().allSatisfy { $0 >= 20 * Bench.millisecond })
  }

  @Test("callers' in turns: one with a hundred waits as long as one with ten")
  func fairShares() {
    let bench = Bench(["f"])
    for _ in 0..<100 { _ = bench.submitWhole(caller: 1, priority: .bulk) }
    for _ in 0..<10 { _ = bench.submitWhole(caller: 2, priority: .bulk) }
    var open = bench.sent()
    var counts: [UInt64: Int] = [:]
    serve(bench, &open, count: 20) { bench, next in
      let caller = bench.scheduler.call(next.call)?.request.caller ?? 0
      counts[caller, default: 0] += 1
    }
    #expect(counts == [1: 10, 2: 10])
  }

  @Test("a small one of the same caller waits for one piece of a large one only")
  func smallBesideLarge() {
    let bench = Bench(["f", "f"])
    _ = bench.submitCut(Array(repeating: 10, count: 100), caller: 1, priority: .bulk)
    for _ in 0..<20 { _ = bench.submitWhole(caller: 2, priority: .bulk) }
    var open = bench.sent()
    let small = bench.submitWhole(caller: 1, priority: .bulk)
    var turns = 0
    var found: Int?
    serve(bench, &open, count: 20) { _, next in
      turns += 1
      if next.call == small, found == nil { found = turns }
    }
    #expect(found.map { $0 <= 4 } == true)
  }

  @Test("ejected workers are used when there are no others")
  func failsOpen() throws {
    let bench = Bench(["f", "f"])
    for _ in 0..<3 {
      bench.scheduler.workerLost(0, isDeath: true, now: bench.now)
      bench.scheduler.workerReady(
        0, fingerprint: "f", threads: 1, maxTokens: 0, now: bench.now)
    }
    #expect(bench.scheduler.counts.ejections == 1)
    for _ in 0..<4 {
      _ = bench.submitWhole()
      #expect(bench.sent().map(\.worker) == [1])
    }
    bench.scheduler.workerLost(1, isDeath: false, now: bench.now)
    #expect(Set(bench.sent().map(\.worker)) == [0])
  }

  @Test("never more than half of the workers are ejected")
  func half() {
    let bench = Bench(["f", "f", "f", "f", "f"])
    for worker in 0..<5 {
      for _ in 0..<3 {
        bench.scheduler.workerLost(worker, isDeath: true, now: bench.now)
        bench.scheduler.workerReady(
          worker, fingerprint: "f", threads: 1, maxTokens: 0, now: bench.now)
      }
    }
    #expect(bench.scheduler.counts.ejections == 2)
  }

  @Test("a worker that has just come gets little at first")
  func slowStart() throws {
    let bench = Bench(["f"])
    let worker = bench.scheduler.addWorker()
    bench.scheduler.workerReady(
      worker, fingerprint: "f", threads: 1, maxTokens: 0, now: bench.now)
    for _ in 0..<40 { _ = bench.submitWhole(milliseconds: 2) }
    var open = bench.sent()
    let onNew = { (bench: Bench) in bench.scheduler.worker(worker)?.pieces.count ?? 0 }
    #expect(onNew(bench) == 1)
    let first = try #require(open.first { $0.worker == worker })
    bench.answer(first)
    open = bench.sent()
    let little = onNew(bench)
    #expect(little >= 3 && little <= 5)
    bench.now += 6 * Bench.second
    bench.scheduler.checkTime(bench.now)
    #expect(onNew(bench) > 2 * little)
  }

  @Test("many workers take turns without a look at each")
  func many() {
    let bench = Bench(Array(repeating: "f", count: 100))
    for _ in 0..<100 { _ = bench.submitWhole() }
    // All are idle at first, and none gets a second call while another has none.
    let counts = Dictionary(grouping: bench.sent(), by: \.worker).mapValues(\.count)
    #expect(counts.count == 100 && counts.values.allSatisfy { $0 == 1 })
  }
}
