import Coordination
import Testing
import Wire

@Suite("Workers of several fingerprints")
struct SchedulerFingerprintTests {
  private typealias Bench = SchedulerBench

  @Test("answer a call that is cut with one of them only")
  func neverMixed() throws {
    let bench = Bench(["a", "b", "a", "b"])
    _ = bench.submitCut(Array(repeating: 10, count: 30))
    var open = bench.sent()
    let fingerprint = try #require(bench.scheduler.worker(open[0].worker)?.fingerprint)
    var count = 0
    while !open.isEmpty {
      let sent = open.removeFirst()
      count += sent.units.count
      #expect(bench.scheduler.worker(sent.worker)?.fingerprint == fingerprint)
      bench.answer(sent)
      open += bench.sent()
    }
    #expect(count == 30)
  }

  @Test("answer a pinned call as it says; one that nobody has is refused")
  func pinned() throws {
    let bench = Bench(["a", "b"])
    for _ in 0..<3 {
      _ = bench.submitWhole(pin: "b")
      #expect(bench.sent().allSatisfy { $0.worker == 1 })
    }
    let unknown = CallRequest(pin: "c", inputCount: 1, byteCount: 1, cost: 1)
    #expect {
      try bench.scheduler.submit(unknown, now: bench.now)
    } throws: { error in
      (error as? Status)?.reason == .unknownFingerprint
    }
  }

  @Test("are not believed when they answer with another one than they told")
  func liar() throws {
    let bench = Bench(["a", "a"])
    let call = bench.submitWhole(pin: "a")
    let first = try #require(bench.sent().first)
    #expect(bench.answer(first, fingerprint: "z") == nil)
    let second = try #require(bench.sent().first)
    #expect(second.worker != first.worker)
    #expect(bench.answer(second) != nil)
    #expect(bench.takeOthers() == [.finished(call!, followers: [])])
  }

  @Test("change over: new calls go to the new ones, open ones end with the old")
  func swap() throws {
    let bench = Bench(["old", "new"])
    bench.scheduler.prefer(fingerprint: "old", now: bench.now)
    let call = bench.submitCut(Array(repeating: 10, count: 6))
    var open = bench.sent()
    #expect(Set(open.map(\.worker)) == [0])
    #expect(bench.scheduler.isInUse(fingerprint: "old"))
    bench.scheduler.prefer(fingerprint: "new", now: bench.now)
    _ = bench.submitWhole()
    #expect(bench.sent().map(\.worker) == [1])
    while !open.isEmpty {
      bench.answer(open.removeFirst())
      open += bench.sent()
      #expect(open.allSatisfy { $0.worker == 0 })
    }
    #expect(bench.takeOthers().contains(.finished(call!, followers: [])))
    #expect(!bench.scheduler.isInUse(fingerprint: "old"))
  }

  @Test("full ones do not hold up calls for the others")
  func lanes() {
    let bench = Bench(["a", "b"])
    for _ in 0..<30 { _ = bench.submitWhole(pin: "a") }
    #expect(Set(bench.sent().map(\.worker)) == [0])
    _ = bench.submitWhole(pin: "b")
    #expect(bench.sent().map(\.worker) == [1])
  }

  @Test("take what is left when the preferred ones are gone")
  func preferredGone() {
    let bench = Bench(["a", "b"])
    bench.scheduler.prefer(fingerprint: "a", now: bench.now)
    for _ in 0..<20 { _ = bench.submitWhole() }
    #expect(Set(bench.sent().map(\.worker)) == [0])
    bench.scheduler.workerDraining(0, now: bench.now)
    #expect(Set(bench.sent().map(\.worker)) == [1])
  }

  @Test("begin a call anew when those that answered a part are gone; what failed stays failed")
  func restart() throws {
    let bench = Bench(["a", "b"])
    bench.scheduler.prefer(fingerprint: "a", now: bench.now)
    let call = try #require(bench.submitCut([9, 5, 5]))
    for _ in 0..<10 where bench.scheduler.counts.poisonedUnits == 0 {
      for sent in bench.sent() where bench.scheduler.piece(sent.piece) != nil {
        if sent.units.contains(0) { bench.die(sent.worker) } else { bench.answer(sent) }
      }
    }
    #expect(bench.scheduler.counts.poisonedUnits == 1)
    _ = bench.takeOthers()
    _ = bench.sent()
    try #require(bench.scheduler.call(call) != nil)
    bench.scheduler.removeWorker(0, now: bench.now)
    bench.wait(20 * Bench.millisecond)
    let others = bench.takeOthers()
    #expect(others.first == .restarted(call))
    guard others.count == 2, case .failedUnits(call, [0], _) = others[1] else {
      Issue.record("asked for: \(others)")
      return
    }
    let again = bench.sent()
    #expect(Set(again.flatMap(\.units)) == [1, 2] && again.allSatisfy { $0.worker == 1 })
  }

  @Test("are waited for a while when they are on their way back")
  func comesBack() throws {
    let bench = Bench(["a", "b"])
    bench.scheduler.prefer(fingerprint: "a", now: bench.now)
    _ = bench.submitCut([9, 5, 5, 5, 5, 5])
    bench.answer(try #require(bench.sent().first))
    bench.scheduler.workerLost(0, isDeath: true, isStarting: true, now: bench.now)
    bench.wait(4 * Bench.second)
    #expect(bench.sent().isEmpty && bench.takeOthers().isEmpty)
    bench.wait(2 * Bench.second)
    #expect(bench.sent().allSatisfy { $0.worker == 1 })
    #expect(bench.scheduler.counts.restarts == 1)
  }
}
