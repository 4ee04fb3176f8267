import Coordination
import Testing
import Wire

@Suite("An input that kills workers")
struct SchedulerPoisonTests {
  private typealias Bench = SchedulerBench

  /// Answers all but pieces with the unit, of which the worker dies.
  ///
  /// - Returns: how many died, and what was asked for beside sends.
  private func run(
    _ bench: Bench, poison: Int32, in call: Scheduler.CallID
  ) -> (deaths: Int, others: [Scheduler.Action]) {
    var deaths = 0
    var open = bench.sent()
    var others: [Scheduler.Action] = []
    for _ in 0..<3_000 where bench.scheduler.call(call) != nil {
      if open.isEmpty { bench.wait(20 * Bench.millisecond) }
      open += bench.sent()
      guard !open.isEmpty else { continue }
      let sent = open.removeFirst()
      if bench.scheduler.piece(sent.piece) == nil { continue }
      if sent.call == call, sent.units.contains(poison) {
        deaths += 1
        bench.die(sent.worker)
      } else {
        bench.answer(sent)
      }
      open += bench.sent()
      others += bench.takeOthers()
    }
    return (deaths, others)
  }

  @Test("is found after few deaths among a thousand, and all others are answered")
  func amongMany() throws {
    let bench = Bench(["f", "f", "f", "f"])
    let call = try #require(bench.submitCut(Array(repeating: 1, count: 1_000)))
    let (deaths, others) = run(bench, poison: 617, in: call)
    #expect(deaths <= 5)
    guard case .failedUnits(call, [617], let status)? = others.first, others.count == 2 else {
      Issue.record("asked for: \(others)")
      return
    }
    #expect(status.code == .internal && status.reason == .poison && status.inputIndex == 617)
    #expect(others[1] == .finished(call, followers: []))
    #expect(bench.scheduler.suspicions.isEmpty)
  }

  @Test("is answered by an error after three deaths when it came alone: the first may be chance")
  func alone() throws {
    let bench = Bench(["f", "f", "f"])
    let call = try #require(bench.submitWhole())
    let (deaths, others) = run(bench, poison: 0, in: call)
    #expect(deaths == 3 && others.count == 2)
    #expect(bench.scheduler.counts.poisonedUnits == 1)
  }

  @Test("is not one that died with others, however often")
  func innocent() throws {
    let bench = Bench(["f", "f"])
    let call = try #require(bench.submitWhole(milliseconds: 1))
    let other = try #require(bench.submitWhole(milliseconds: 1))
    let sent = bench.sent()
    #expect(sent.count == 2)
    bench.scheduler.workerLost(0, isDeath: true, isStarting: true, now: bench.now)
    bench.scheduler.workerLost(1, isDeath: true, isStarting: true, now: bench.now)
    bench.scheduler.workerReady(0, fingerprint: "f", threads: 1, maxTokens: 0, now: bench.now)
    // Each was alone at one death, and both are with worker 0 at the second.
    var again = bench.sent()
    while again.count < 2, !again.isEmpty {
      bench.answer(again.removeFirst())
      again += bench.sent()
    }
    #expect(!bench.takeOthers().contains { if case .failedUnits = $0 { true } else { false } })
    _ = (call, other)
  }

  @Test("is sent alone once it is all that is left to suspect, and nothing goes beside it")
  func reserved() throws {
    let bench = Bench(["f", "f"])
    _ = try #require(bench.submitCut([5, 5, 5, 5]))
    var deaths = 0
    var alone: Bench.Sent?
    var open = bench.sent()
    for _ in 0..<20 where alone == nil {
      guard let index = open.firstIndex(where: { $0.units == [0] }) else {
        bench.answer(open.removeFirst())
        open += bench.sent()
        continue
      }
      if deaths == 1 { alone = open[index] } else { bench.die(open[index].worker) }
      deaths += 1
      open = open.filter { bench.scheduler.piece($0.piece) != nil } + bench.sent()
    }
    let sent = try #require(alone)
    #expect(bench.scheduler.piece(sent.piece)?.isAlone == true)
    for _ in 0..<6 { _ = bench.submitWhole() }
    open += bench.sent()
    #expect(open.allSatisfy { $0.worker != sent.worker || $0 == sent })
    while !open.isEmpty {
      bench.answer(open.removeFirst())
      open += bench.sent()
    }
    #expect(bench.scheduler.openCallCount == 0)
    for worker in 0..<2 { #expect(bench.scheduler.worker(worker)?.isReserved == false) }
  }

  @Test("is not one that was all that two workers had when they were killed by chance")
  func chance() throws {
    let bench = Bench(["f", "f", "f"])
    let call = try #require(bench.submitWhole())
    for _ in 0..<2 { bench.die(try #require(bench.sent().last).worker) }
    #expect(bench.scheduler.counts.poisonedUnits == 0)
    bench.answer(try #require(bench.sent().last))
    #expect(bench.takeOthers() == [.finished(call, followers: [])])
  }

  @Test("alone with a worker that is late goes to another, and is alone there")
  func aloneAndLate() throws {
    let bench = Bench(["f", "f", "f"])
    let call = try #require(bench.submitWhole())
    bench.die(try #require(bench.sent().last).worker)
    let alone = try #require(bench.sent().last)
    bench.wait(400 * Bench.millisecond)
    let again = try #require(bench.sent().last)
    #expect(again.worker != alone.worker && bench.scheduler.piece(again.piece)?.isAlone == true)
    bench.answer(again)
    #expect(bench.takeOthers().last == .finished(call, followers: []))
  }

  @Test("slowly is found all the same: it is moved away from a late worker once")
  func slowKiller() throws {
    let bench = Bench(Array(repeating: "f", count: 16))
    let call = try #require(bench.submitWhole())
    var deaths = 0
    for _ in 0..<20 where bench.scheduler.call(call) != nil {
      guard let sent = bench.sent().last else { break }
      bench.wait(400 * Bench.millisecond)
      guard bench.scheduler.piece(sent.piece) != nil else { continue }
      deaths += 1
      // All that have it die of it, and count as they had it.
      for holder in bench.scheduler.piece(sent.piece)?.holders ?? [] { bench.die(holder.worker) }
    }
    #expect(bench.scheduler.counts.poisonedUnits == 1 && deaths <= 6)
  }

  @Test("is cut out of a call that was sent whole")
  func cut() throws {
    let bench = Bench(["f", "f"])
    let request = CallRequest(inputCount: 3, byteCount: 30, cost: 3 * Bench.millisecond)
    let call = try #require(bench.submit(request))
    let sent = try #require(bench.sent().first)
    bench.die(sent.worker)
    #expect(bench.sent().isEmpty)
    #expect(bench.takeOthers() == [.split(call)])
    let costs = Array(repeating: Bench.millisecond, count: 3)
    bench.scheduler.split(call, costs: costs, now: bench.now)
    let (deaths, others) = run(bench, poison: 1, in: call)
    #expect(deaths <= 4 && bench.scheduler.counts.poisonedUnits == 1)
    #expect(others.last == .finished(call, followers: []))
  }

  @Test("takes a worker's strays for the cause first")
  func strays() throws {
    let bench = Bench(["f"])
    // The caller of something deadly cancels, and the worker computes it all the same.
    let deadly = try #require(bench.submitWhole())
    _ = bench.sent()
    bench.cancel(deadly)
    let innocent = try #require(bench.submitWhole())
    _ = bench.sent()
    bench.die(0)
    // Alone at this death, and the next one is the first that counts.
    _ = bench.sent()
    bench.die(0)
    #expect(bench.scheduler.counts.poisonedUnits == 0)
    let again = try #require(bench.sent().first)
    bench.answer(again)
    #expect(bench.takeOthers().last == .finished(innocent, followers: []))
  }
}
