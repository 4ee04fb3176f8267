import Inference
import Testing

@Suite("Batch queue, tokenising")
struct BatchQueueTokenizingTests {
  private func makeQueue(tokenizeAhead: UInt64 = 1_000_000) -> BatchQueue {
    var limits = QueueLimits.defaults(threadCount: 1)
    limits.tokenizeAhead = tokenizeAhead
    limits.batchTokensMax = 512
    return BatchQueue(limits: limits)
  }

  private func admit(
    _ queue: inout BatchQueue, count: Int, tokenizeOnly: Bool = false
  ) throws -> CallID {
    let admission = queue.admit(
      priority: .interactive, deadline: nil, bytes: 10, tokenizeOnly: tokenizeOnly,
      estimates: Array(repeating: UnitEstimate(cost: 100, tokens: 10), count: count), now: 0)
    guard case .admitted(let id) = admission else {
      Issue.record("not admitted: \(admission)")
      return 0
    }
    return id
  }

  @Test("tokenised units are computed before raw ones, with their true cost")
  func readyFirst() throws {
    var queue = makeQueue()
    let call = try admit(&queue, count: 40)
    let taken = try takeRaw(&queue)
    #expect(taken.raw == 0..<32)
    #expect(queue.takeableUnits == 8)
    #expect(queue.queuedCost == 4_000)
    for index in taken.raw {
      queue.unitReady(call, index: index, UnitEstimate(cost: 50, tokens: 5))
    }
    #expect(queue.queuedCost == 32 * 50 + 8 * 100)
    let plan = try takeBatch(&queue, thread: 0, now: 0)
    #expect(plan.selections.count == 1)
    #expect(plan.selections.first?.ready == Array(0..<32))
    #expect(plan.selections.first?.raw == 32..<40)
    #expect(queue.queuedCost == 0)
  }

  @Test("a compute thread does not take what a tokenising thread has, and gets it afterwards")
  func notTwice() throws {
    var queue = makeQueue()
    let call = try admit(&queue, count: 3)
    _ = try takeRaw(&queue)
    let nothing = queue.takeBatch(thread: 0, now: 0)
    #expect(nothing == nil)
    #expect(queue.queuedUnits == 3)
    queue.unitReady(call, index: 2, UnitEstimate(cost: 100, tokens: 10))
    let plan = try takeBatch(&queue, thread: 0, now: 0)
    #expect(plan.selections.first?.ready == [2])
  }

  @Test("tokenising stops when enough is ready and goes on when it was taken")
  func ahead() throws {
    var queue = makeQueue(tokenizeAhead: 1_000)
    let call = try admit(&queue, count: 100)
    let taken = try takeRaw(&queue)
    #expect(queue.wantsTokenizing)
    for index in taken.raw {
      queue.unitReady(call, index: index, UnitEstimate(cost: 100, tokens: 10))
    }
    #expect(!queue.wantsTokenizing)
    let beforeBatch = queue.takeRaw()
    #expect(beforeBatch == nil)
    _ = try takeBatch(&queue, thread: 0, now: 0)
    #expect(queue.wantsTokenizing)
    let resumed = try takeRaw(&queue)
    #expect(resumed.call == call)
  }

  @Test("a call that only tokenises does not wait for compute, and ends with its last unit")
  func tokenizeOnly() throws {
    var queue = makeQueue(tokenizeAhead: 0)
    _ = try admit(&queue, count: 5)
    #expect(!queue.wantsTokenizing)
    let call = try admit(&queue, count: 2, tokenizeOnly: true)
    let taken = try takeRaw(&queue)
    #expect(taken.call == call)
    queue.unitFinishedTokenizing(call, index: 0)
    #expect(queue.callCount == 2)
    queue.unitFinishedTokenizing(call, index: 1)
    #expect(queue.callCount == 1)
    #expect(queue.queuedCost == 500)
  }

  @Test("a unit that tokenising refuses leaves the queue, and the others go on")
  func refusedUnit() throws {
    var queue = makeQueue()
    let call = try admit(&queue, count: 2)
    _ = try takeRaw(&queue)
    queue.unitFinishedTokenizing(call, index: 0)
    queue.unitReady(call, index: 1, UnitEstimate(cost: 100, tokens: 10))
    let plan = try takeBatch(&queue, thread: 0, now: 0)
    #expect(plan.selections.first?.ready == [1])
    queue.batchFinished(thread: 0)
    queue.unitsFinished(call, count: 1)
    #expect(queue.callCount == 0)
  }

  @Test("what comes back for a call that is gone is ignored")
  func gone() throws {
    var queue = makeQueue()
    let call = try admit(&queue, count: 2)
    _ = try takeRaw(&queue)
    let isKnown = queue.remove(call)
    #expect(isKnown)
    queue.unitReady(call, index: 0, UnitEstimate(cost: 1, tokens: 1))
    queue.unitFinishedTokenizing(call, index: 1)
    #expect(queue.queuedUnits == 0)
    #expect(queue.queuedCost == 0)
    let nothing = queue.takeBatch(thread: 0, now: 0)
    #expect(nothing == nil)
  }

  @Test("the backlog counts what is queued and what remains of running batches")
  func backlog() throws {
    var queue = makeQueue()
    _ = try admit(&queue, count: 10)
    let plan = try takeBatch(&queue, thread: 0, now: 1_000)
    #expect(plan.cost == 1_000)
    _ = try admit(&queue, count: 2)
    #expect(queue.backlog(now: 1_400) == 600 + 200)
    #expect(queue.backlog(now: 9_000) == 200)
    #expect(queue.runningCount == 1)
    queue.batchFinished(thread: 0)
    #expect(queue.runningCount == 0)
  }

  @Test("thousands of calls pass through in order with their accounts at zero in the end")
  func manyCalls() throws {
    var queue = makeQueue()
    var expected: [CallID] = []
    for _ in 0..<5_000 { expected.append(try admit(&queue, count: 1)) }
    var served: [CallID] = []
    while let plan = queue.takeBatch(thread: 0, now: 0) {
      served += plan.selections.map(\.call)
      queue.batchFinished(thread: 0)
      for selection in plan.selections {
        queue.unitsFinished(selection.call, count: selection.count)
      }
    }
    #expect(served == expected)
    #expect(queue.callCount == 0)
    #expect(queue.queuedCost == 0)
    #expect(queue.heldBytes == 0)
  }
}
