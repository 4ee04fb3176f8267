import Coordination
import Testing
import Wire

@Suite("Whether a call is let in")
struct SchedulerAdmissionTests {
  private typealias Bench = SchedulerBench

  private func refusal(_ bench: Bench, _ request: CallRequest) -> Status? {
    do throws(Status) {
      _ = try bench.scheduler.submit(request, now: bench.now)
      return nil
    } catch {
      return error
    }
  }

  private func request(
    milliseconds: Int64 = 5, caller: UInt64 = 0, deadline: Int64 = .max
  ) -> CallRequest {
    CallRequest(
      caller: caller, deadline: deadline, inputCount: 1, byteCount: 100,
      cost: milliseconds * Bench.millisecond)
  }

  @Test("not beyond so many open ones, with a time to come back")
  func callsMax() throws {
    var configuration = SchedulerConfiguration()
    configuration.callsMax = 3
    let bench = Bench(["f"], configuration: configuration)
    for _ in 0..<3 { #expect(refusal(bench, request()) == nil) }
    let status = try #require(refusal(bench, request()))
    #expect(status.code == .resourceExhausted && status.reason == .overloaded)
    #expect(status.isRetryable && status.retryAfterMicroseconds >= 10_000)
    let first = bench.scheduler.openCalls[0].id
    #expect(!bench.scheduler.canFollow(first, deadline: .max))
    bench.answer(bench.sent()[0])
    #expect(refusal(bench, request()) == nil)
  }

  @Test("not while too much waits, but a caller with less than its share is")
  func backlog() throws {
    var configuration = SchedulerConfiguration()
    configuration.backlogMax = 100 * Bench.millisecond
    let bench = Bench(["f"], configuration: configuration)
    var refused: Status?
    for _ in 0..<100 where refused == nil { refused = refusal(bench, request(caller: 1)) }
    let status = try #require(refused)
    #expect(status.reason == .overloaded && status.retryAfterMicroseconds > 0)
    #expect(refusal(bench, request(caller: 2)) == nil)
    #expect(refusal(bench, request(caller: 1)) != nil)
  }

  @Test("not when it could not be answered in time: at once, and it says whether waiting helps")
  func deadline() throws {
    let bench = Bench(["f"])
    let late = request(milliseconds: 50, deadline: bench.now + 40 * Bench.millisecond)
    let never = try #require(refusal(bench, late))
    #expect(never.code == .deadlineExceeded && never.reason == .tooLate && !never.isRetryable)
    for _ in 0..<20 { _ = bench.submitWhole() }
    let busy = request(deadline: bench.now + 40 * Bench.millisecond)
    let later = try #require(refusal(bench, busy))
    #expect(later.code == .resourceExhausted && later.isRetryable)
    #expect(later.retryAfterMicroseconds >= 1_000)
    let past = try #require(refusal(bench, request(deadline: bench.now)))
    #expect(past.code == .deadlineExceeded)
    #expect(bench.scheduler.counts.tooLateCalls == 2)
  }

  @Test("however much waits: what idle workers would answer in time may come back")
  func longWait() throws {
    let bench = Bench(["f"])
    for _ in 0..<400 { _ = bench.submitWhole() }
    let status = try #require(
      refusal(bench, request(deadline: bench.now + 50 * Bench.millisecond)))
    #expect(status.code == .resourceExhausted && status.isRetryable)
    #expect(status.retryAfterMicroseconds >= 1_000_000)
  }

  @Test("and goes to a worker that answers in time, whatever is hoped of another")
  func hope() throws {
    let bench = Bench(["f", "f"])
    // One has shown that it is slow, and nothing since.
    for _ in 0..<60 {
      let calls = [bench.submitWhole(), bench.submitWhole()]
      #expect(calls.count == 2)
      for sent in bench.sent() { bench.answer(sent, slowness: sent.worker == 0 ? 50 : 1) }
    }
    bench.now += 600 * Bench.second
    for _ in 0..<200 {
      let call = bench.submitWhole(budget: 100 * Bench.millisecond)
      #expect(call != nil)
      let sent = try #require(bench.sent().first)
      #expect(sent.worker == 1)
      bench.now += 50 * Bench.millisecond
      bench.answer(sent)
    }
    #expect(bench.scheduler.counts.lateCalls == 0)
  }

  @Test("whatever a worker reports: figures that cannot be do not end anything")
  func absurd() throws {
    let bench = Bench(["f"], isLearned: false)
    for _ in 0..<20 {
      _ = bench.submitCut(Array(repeating: 1, count: 5_000), priority: .bulk)
      _ = bench.submitWhole(budget: 10 * Bench.second)
    }
    let load = LoadReport(
      backlogMicroseconds: .max, threads: 1, tokenNanoseconds: .max,
      tokenSquaredPicoseconds: .max, tokensPerKilobyte: .max, batchNanoseconds: .max)
    bench.scheduler.workerReported(0, load, now: bench.now)
    bench.wait(Bench.second)
    for _ in 0..<20 {
      _ = bench.submitWhole(budget: 10 * Bench.second)
      for sent in bench.sent() { bench.answer(sent, slowness: 1e6) }
    }
    #expect(bench.scheduler.backlog(.bulk) ?? -1 >= 0)
  }

  @Test("by a deadline only once costs are known")
  func unlearned() {
    let bench = Bench(["f"], isLearned: false)
    let late = request(milliseconds: 50, deadline: bench.now + 40 * Bench.millisecond)
    #expect(refusal(bench, late) == nil)
  }

  @Test("and then is given up when it could not be answered in time any more")
  func tooLateLater() throws {
    let bench = Bench(["f"])
    for _ in 0..<9 { _ = bench.submitWhole() }
    let call = bench.submitWhole(budget: 60 * Bench.millisecond)
    var open = bench.sent()
    // What was before it takes longer than was thought.
    bench.now += 58 * Bench.millisecond
    while !open.isEmpty {
      bench.answer(open.removeFirst())
      open += bench.sent()
    }
    guard
      case .failed(call, let status)? = bench.takeOthers().first(where: {
        if case .failed = $0 { true } else { false }
      })
    else {
      Issue.record("it was sent")
      return
    }
    // On idle workers it would have been: it may come back.
    #expect(status.code == .resourceExhausted && status.reason == .overloaded)
    #expect(status.retryAfterMicroseconds >= 1_000)
    #expect(bench.scheduler.counts.lateCalls == 1)
  }

  @Test("and is over when its deadline has passed")
  func passed() {
    let bench = Bench(["f"])
    let call = bench.submitWhole(budget: 50 * Bench.millisecond)
    let sent = bench.sent()
    bench.wait(60 * Bench.millisecond)
    let others = bench.takeOthers()
    #expect(others.contains(.cancel(sent[0].piece, sent[0].worker)))
    #expect(others.last == .dropped(call!))
  }

  @Test("with costs that follow what the model learns while it waits")
  func restated() {
    let bench = Bench(["f"], isLearned: false)
    for _ in 0..<10 { _ = bench.submitWhole(milliseconds: 10) }
    let before = bench.scheduler.waitingCost.interactive
    let load = LoadReport(
      threads: 1, tokenNanoseconds: 50_000, tokenSquaredPicoseconds: 0, tokensPerKilobyte: 300)
    bench.scheduler.workerReported(0, load, now: bench.now)
    #expect(bench.scheduler.waitingCost.interactive == before / 2)
  }
}
