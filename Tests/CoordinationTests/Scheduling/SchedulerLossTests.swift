import Coordination
import Testing
import Wire

@Suite("A piece without an answer")
struct SchedulerLossTests {
  private typealias Bench = SchedulerBench

  private let overloaded = Status.overloaded("full", retryAfter: 40_000_000)

  @Test("that is lost with its worker goes to another")
  func lost() throws {
    let bench = Bench(["f", "f"])
    let call = bench.submitWhole()
    let first = try #require(bench.sent().first)
    bench.scheduler.workerLost(first.worker, isDeath: true, now: bench.now)
    let second = try #require(bench.sent().first)
    #expect(second.worker != first.worker && second.units == first.units)
    bench.answer(second)
    #expect(bench.takeOthers() == [.finished(call!, followers: [])])
    #expect(bench.scheduler.counts.retriedPieces == 1)
  }

  @Test("that is late goes to a second worker as well, and the first answer counts")
  func late() throws {
    let bench = Bench(["f", "f"])
    let call = bench.submitWhole()
    let first = try #require(bench.sent().first)
    bench.wait(280 * Bench.millisecond)
    #expect(bench.sent().isEmpty)
    bench.wait(60 * Bench.millisecond)
    let second = try #require(bench.sent().first)
    #expect(second.piece == first.piece && second.worker != first.worker)
    #expect(bench.scheduler.lateWorkers == [first.worker])
    bench.answer(second)
    #expect(
      bench.takeOthers()
        == [.cancel(first.piece, first.worker), .finished(call!, followers: [])])
    // Nothing was heard of it since.
    _ = bench.submitWhole()
    #expect(bench.sent().first?.worker == second.worker)
    bench.scheduler.workerReported(first.worker, .idle, now: bench.now)
    #expect(bench.scheduler.lateWorkers == [])
  }

  @Test("that is late wherever it is goes on to the next, until one answers")
  func lateEverywhere() throws {
    let bench = Bench(["f", "f", "f", "f"])
    let call = bench.submitWhole()
    var holders = bench.sent()
    for count in 2...4 {
      bench.wait(340 * Bench.millisecond)
      holders += bench.sent()
      #expect(Set(holders.map(\.worker)).count == count && holders.count == count)
    }
    bench.answer(holders[3])
    let others = bench.takeOthers()
    #expect(others.count == 4 && others.last == .finished(call!, followers: []))
    for worker in holders.map(\.worker) {
      #expect(bench.scheduler.worker(worker)?.pieces.isEmpty == true)
    }
  }

  @Test("that is late beyond all patience is lost, and its worker is told")
  func stalled() throws {
    let bench = Bench(["f"])
    _ = bench.submitWhole()
    let first = try #require(bench.sent().first)
    bench.wait(11 * Bench.second)
    let again = try #require(bench.sent().first)
    #expect(again.worker == first.worker && again.piece != first.piece)
    #expect(bench.takeOthers() == [.cancel(first.piece, first.worker)])
  }

  @Test("that a worker refuses goes to another, and the worker is left alone as long as it says")
  func refused() throws {
    let bench = Bench(["f", "f"])
    _ = bench.submitWhole()
    let first = try #require(bench.sent().first)
    bench.fail(first, as: .refused(overloaded))
    let second = try #require(bench.sent().first)
    #expect(second.worker != first.worker)
    bench.answer(second)
    for _ in 0..<4 {
      _ = bench.submitWhole()
      let sent = try #require(bench.sent().first)
      #expect(sent.worker == second.worker)
      bench.answer(sent)
    }
    bench.wait(40 * Bench.millisecond)
    _ = bench.submitWhole()
    _ = bench.submitWhole()
    #expect(Set(bench.sent().map(\.worker)) == [0, 1])
  }

  @Test("that all refuse six times fails, each time later")
  func refusedByAll() throws {
    let bench = Bench(["f"])
    let call = bench.submitWhole()
    let start = bench.now
    let status = Status.overloaded("full", retryAfter: 0)
    for _ in 0..<6 {
      var sent = bench.sent()
      while sent.isEmpty {
        bench.wait(20 * Bench.millisecond)
        sent = bench.sent()
      }
      bench.fail(sent[0], as: .refused(status))
    }
    #expect(bench.takeOthers() == [.failed(call!, status), .dropped(call!)])
    #expect(bench.now - start >= 300 * Bench.millisecond)
  }

  @Test("that two workers fail at fails with what they say")
  func faults() throws {
    let bench = Bench(["f", "f", "f"])
    let call = bench.submitWhole()
    let status = Status(.internal, "broken")
    let first = try #require(bench.sent().first)
    bench.fail(first, as: .fault(status))
    let second = try #require(bench.sent().first)
    #expect(second.worker != first.worker)
    bench.fail(second, as: .fault(status))
    #expect(bench.takeOthers() == [.failed(call!, status), .dropped(call!)])
  }

  @Test("that was never read costs nothing")
  func unread() throws {
    let bench = Bench(["f", "f"])
    _ = bench.submitWhole()
    for _ in 0..<50 {
      var sent = bench.sent()
      if sent.isEmpty {
        bench.wait(20 * Bench.millisecond)
        sent = bench.sent()
      }
      bench.fail(try #require(sent.first), as: .unread)
    }
    #expect(bench.scheduler.counts.unreadPieces == 50 && bench.takeOthers() == [])
  }

  @Test("is lost with the old connection, also if only the new one is told of")
  func untold() throws {
    let bench = Bench(["f"])
    _ = bench.submitWhole()
    let first = try #require(bench.sent().first)
    bench.scheduler.workerReady(0, fingerprint: "f", threads: 1, maxTokens: 0, now: bench.now)
    let again = try #require(bench.sent().first)
    #expect(again.piece != first.piece)
    #expect(bench.answer(first) == nil)
  }

  @Test("of a worker that goes is waited for, and nothing new goes there")
  func draining() throws {
    let bench = Bench(["f", "f"])
    let call = bench.submitWhole()
    let first = try #require(bench.sent().first)
    bench.scheduler.workerDraining(first.worker, now: bench.now)
    for _ in 0..<3 {
      _ = bench.submitWhole()
      #expect(bench.sent().allSatisfy { $0.worker != first.worker })
    }
    bench.answer(first)
    #expect(bench.takeOthers().contains(.finished(call!, followers: [])))
  }

  @Test("fails when no worker comes up in half a minute")
  func noWorker() {
    let bench = Bench(["f"])
    let call = bench.submitWhole()
    _ = bench.sent()
    bench.scheduler.workerLost(0, isDeath: true, now: bench.now)
    bench.wait(29 * Bench.second)
    #expect(bench.takeOthers() == [])
    bench.wait(2 * Bench.second)
    guard case .failed(call, let status)? = bench.takeOthers().first else {
      Issue.record("it did not fail")
      return
    }
    #expect(status.code == .unavailable && status.isRetryable)
  }

  @Test("is asked of a second worker when it is slower than most, if that is set")
  func hedge() throws {
    var configuration = SchedulerConfiguration()
    configuration.hedges = true
    let bench = Bench(["f", "f"], configuration: configuration)
    for _ in 0..<120 {
      _ = bench.submitWhole(milliseconds: 20)
      let sent = try #require(bench.sent().first)
      bench.now += 20 * Bench.millisecond
      bench.answer(sent)
    }
    _ = bench.submitWhole(milliseconds: 20)
    let first = try #require(bench.sent().first)
    bench.wait(100 * Bench.millisecond)
    let second = try #require(bench.sent().first)
    #expect(second.piece == first.piece && second.worker != first.worker)
    #expect(bench.scheduler.counts.hedgedPieces == 1)
    #expect(bench.scheduler.counts.doubledPieces == 0)
  }
}
