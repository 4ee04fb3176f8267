import Inference
import Testing

/// One millisecond in the queue's unit.
private let millisecond: UInt64 = 1_000_000

@Suite("Batch queue")
struct BatchQueueTests {
  /// A queue with room, `threads` threads and batches of 10 ms however much is queued.
  private func makeQueue(
    threads: Int = 1, _ change: (inout QueueLimits) -> Void = { _ in }
  ) -> BatchQueue {
    var limits = QueueLimits.defaults(threadCount: threads)
    limits.batchCostMax = limits.batchCost
    change(&limits)
    return BatchQueue(limits: limits)
  }

  /// Admits a call of `count` units of `cost` each and gives its id.
  private func admit(
    _ queue: inout BatchQueue, count: Int = 1, cost: UInt64 = millisecond, tokens: Int = 10,
    priority: CallPriority = .interactive, deadline: UInt64? = nil, bytes: Int = 100,
    tokenizeOnly: Bool = false, now: UInt64 = 0
  ) throws -> CallID {
    let admission = queue.admit(
      priority: priority, deadline: deadline, bytes: bytes, tokenizeOnly: tokenizeOnly,
      estimates: Array(repeating: UnitEstimate(cost: cost, tokens: tokens), count: count), now: now)
    guard case .admitted(let id) = admission else {
      throw Refused(admission: admission)
    }
    return id
  }

  private struct Refused: Error {
    var admission: BatchQueue.Admission
  }

  /// Finishes a batch: its thread is free and its units have results.
  private func finish(_ queue: inout BatchQueue, _ plan: BatchPlan, thread: Int = 0) {
    queue.batchFinished(thread: thread)
    for selection in plan.selections {
      queue.unitsFinished(selection.call, count: selection.count)
    }
  }

  // MARK: - Batches

  @Test("a batch takes what is there from several calls in order of arrival, without waiting")
  func acrossCalls() throws {
    var queue = makeQueue()
    let first = try admit(&queue, count: 2)
    let second = try admit(&queue, count: 3)
    let plan = try takeBatch(&queue, thread: 0, now: 5)
    #expect(plan.selections.map(\.call) == [first, second])
    #expect(plan.selections.map(\.raw) == [0..<2, 0..<3])
    #expect(plan.cost == 5 * millisecond)
    #expect(queue.queuedUnits == 0)
    #expect(queue.queuedCost == 0)
    let third = queue.takeBatch(thread: 0, now: 6)
    #expect(third == nil)
    finish(&queue, plan)
    #expect(queue.callCount == 0)
    #expect(queue.heldBytes == 0)
  }

  @Test("a batch ends where its predicted time is closest to the target")
  func batchTime() throws {
    var queue = makeQueue()
    _ = try admit(&queue, count: 100, cost: 4 * millisecond)
    let first = try takeBatch(&queue, thread: 0, now: 0)
    #expect(first.cost == 12 * millisecond)
    queue.batchFinished(thread: 0)
    let second = try takeBatch(&queue, thread: 0, now: 0)
    #expect(second.cost == 12 * millisecond)
  }

  @Test("while much is queued a batch takes a quarter of each thread's share, up to a bound")
  func growth() throws {
    var queue = makeQueue(threads: 2) { $0.batchCostMax = 40 * millisecond }
    _ = try admit(&queue, count: 100, cost: 2 * millisecond)
    var costs: [UInt64] = []
    while let plan = queue.takeBatch(thread: 0, now: 0) {
      costs.append(plan.cost / millisecond)
      finish(&queue, plan)
    }
    #expect(costs == [26, 22, 20, 16, 14, 12, 12, 10, 10, 10, 10, 10, 10, 10, 4, 2, 2])
    _ = try admit(&queue, count: 1_000, cost: 2 * millisecond, tokens: 1)
    let bounded = try takeBatch(&queue, thread: 0, now: 0)
    #expect(bounded.cost == 40 * millisecond)
  }

  @Test("a batch is ten times as long as its fixed part, and no call is cut finer than that part")
  func fixedPart() throws {
    var queue = makeQueue(threads: 2)
    queue.batchFixedCost = 3 * millisecond
    _ = try admit(&queue, count: 100)
    let plan = try takeBatch(&queue, thread: 0, now: 0)
    #expect(plan.selections.map(\.count) == [27])
    #expect(plan.cost == 30 * millisecond)
    var few = makeQueue(threads: 2)
    few.batchFixedCost = 3 * millisecond
    _ = try admit(&few, count: 4)
    let first = try takeBatch(&few, thread: 0, now: 0)
    #expect(first.selections.map(\.count) == [3])
    #expect(few.backlog(now: 0) == 6 * millisecond + (1 + 3) * millisecond)
  }

  @Test("one unit larger than every bound of a batch still gets its batch")
  func largeUnit() throws {
    var queue = makeQueue()
    _ = try admit(&queue, count: 2, cost: 500 * millisecond, tokens: 5_000)
    let plan = try takeBatch(&queue, thread: 0, now: 0)
    #expect(plan.selections.map(\.raw) == [0..<1])
  }

  @Test("a batch keeps within its tokens and its units")
  func tokensAndUnits() throws {
    var queue = makeQueue {
      $0.batchTokensMax = 100
      $0.batchUnitsMax = 3
    }
    _ = try admit(&queue, count: 2, cost: 1, tokens: 45)
    _ = try admit(&queue, count: 1, cost: 1, tokens: 45)
    let byTokens = try takeBatch(&queue, thread: 0, now: 0)
    #expect(byTokens.selections.map(\.count) == [2])
    _ = try admit(&queue, count: 9, cost: 1, tokens: 1)
    queue.batchFinished(thread: 0)
    let byUnits = try takeBatch(&queue, thread: 0, now: 0)
    #expect(byUnits.selections.map(\.count) == [1, 2])
  }

  @Test("with two idle threads a call is cut so that both finish together")
  func cutForTwoThreads() throws {
    var queue = makeQueue(threads: 2)
    _ = try admit(&queue, count: 8)
    let first = try takeBatch(&queue, thread: 0, now: 0)
    let second = try takeBatch(&queue, thread: 1, now: 0)
    #expect(first.cost == 4 * millisecond)
    #expect(second.cost == 4 * millisecond)
    #expect(queue.queuedUnits == 0)
  }

  @Test("a thread that is free beside a busy one takes what lets both finish together")
  func cutBesideBusyThread() throws {
    var queue = makeQueue(threads: 2)
    _ = try admit(&queue, count: 1, cost: 8 * millisecond)
    _ = try takeBatch(&queue, thread: 0, now: 0)
    _ = try admit(&queue, count: 6)
    // Thread 0 is busy for 4 ms more; 6 ms are queued: both can end after 5 ms.
    let plan = try takeBatch(&queue, thread: 1, now: 4 * millisecond)
    #expect(plan.cost == 5 * millisecond)
  }

  @Test("a call is not cut into crumbs")
  func noCrumbs() throws {
    var queue = makeQueue(threads: 2)
    _ = try admit(&queue, count: 3, cost: millisecond / 10)
    let plan = try takeBatch(&queue, thread: 0, now: 0)
    #expect(plan.selections.map(\.count) == [3])
  }

  // MARK: - Order

  @Test("interactive work goes before bulk work that came first, and never shares its batch")
  func interactiveFirst() throws {
    var queue = makeQueue()
    let bulk = try admit(&queue, count: 2, priority: .bulk, now: 0)
    let interactive = try admit(&queue, count: 1, now: millisecond)
    let plan = try takeBatch(&queue, thread: 0, now: 2 * millisecond)
    #expect(plan.selections.map(\.call) == [interactive])
    #expect(plan.priority == .interactive)
    queue.batchFinished(thread: 0)
    let next = try takeBatch(&queue, thread: 0, now: 3 * millisecond)
    #expect(next.selections.map(\.call) == [bulk])
  }

  @Test("bulk work gets a batch of its own each time it has waited its patience out")
  func ageing() throws {
    var queue = makeQueue()
    _ = try admit(&queue, count: 50, cost: 10 * millisecond, priority: .bulk, now: 0)
    _ = try admit(&queue, count: 100, cost: 10 * millisecond, now: 0)
    var bulkTimes: [UInt64] = []
    for step in 0..<50 {
      let now = UInt64(step) * 10 * millisecond
      let plan = try takeBatch(&queue, thread: 0, now: now)
      if plan.priority == .bulk { bulkTimes.append(now / millisecond) }
      finish(&queue, plan)
    }
    #expect(bulkTimes == [100, 200, 300, 400])
  }

  @Test("bulk work does not bring saved-up patience into a busy engine")
  func patienceStartsAtArrival() throws {
    var queue = makeQueue()
    _ = try admit(&queue, count: 2, cost: 10 * millisecond, now: 1_000 * millisecond)
    _ = try admit(&queue, count: 1, priority: .bulk, now: 1_000 * millisecond)
    let plan = try takeBatch(&queue, thread: 0, now: 1_001 * millisecond)
    #expect(plan.priority == .interactive)
  }

  // MARK: - Bounds

  @Test("a call far over the bounds is taken by an idle engine, and the next one is refused")
  func largeCall() throws {
    var queue = makeQueue()
    _ = try admit(&queue, count: 10_000)
    let refused = queue.admit(
      priority: .interactive, deadline: nil, bytes: 1, tokenizeOnly: false,
      estimates: [UnitEstimate(cost: 1, tokens: 1)], now: 0)
    // 10 s are queued; the queue is half drained when 1 s is left.
    #expect(
      refused
        == .full(
          queuedWait: 10_000 * millisecond, heldBytes: 100, retryAfter: 9_000 * millisecond))
    #expect(queue.queuedUnits == 10_000)
    #expect(queue.callCount == 1)
  }

  @Test("on a machine that others use too, waiting counts by the clock")
  func slowdown() throws {
    var queue = makeQueue()
    queue.slowdown = 2
    _ = try admit(&queue, cost: 1_000 * millisecond)
    let refused = queue.admit(
      priority: .interactive, deadline: nil, bytes: 1, tokenizeOnly: false,
      estimates: [UnitEstimate(cost: 1, tokens: 1)], now: 0)
    #expect(
      refused
        == .full(
          queuedWait: 2_000 * millisecond, heldBytes: 100, retryAfter: 1_000 * millisecond))
    _ = try takeBatch(&queue, thread: 0, now: 0)
    #expect(queue.runningCost(now: 500 * millisecond) == 750 * millisecond)
  }

  @Test("a thousand inputs are admitted by the same rule as one")
  func oneRule() throws {
    var queue = makeQueue()
    _ = try admit(&queue, cost: 1_999 * millisecond)
    _ = try admit(&queue, count: 1_000)
    #expect(queue.queuedUnits == 1_001)
  }

  @Test("calls are refused while their bytes do not fit, and taken again when calls are answered")
  func bytes() throws {
    var queue = makeQueue {
      $0.bytesMax = 1_000
      $0.callBytesMax = 900
    }
    _ = try admit(&queue, bytes: 600)
    let plan = try takeBatch(&queue, thread: 0, now: 0)
    let estimates = [UnitEstimate(cost: 1, tokens: 1)]
    let refused = queue.admit(
      priority: .bulk, deadline: nil, bytes: 500, tokenizeOnly: false, estimates: estimates, now: 0)
    guard case .full(_, let heldBytes, let retryAfter) = refused else {
      Issue.record("admitted: \(refused)")
      return
    }
    #expect(heldBytes == 600)
    #expect(retryAfter == millisecond)
    finish(&queue, plan)
    _ = try admit(&queue, bytes: 500)
  }

  @Test("a call of more bytes than any call may have is refused for good")
  func callBytes() {
    var queue = makeQueue { $0.callBytesMax = 900 }
    let admission = queue.admit(
      priority: .bulk, deadline: nil, bytes: 901, tokenizeOnly: false,
      estimates: [UnitEstimate(cost: 1, tokens: 1)], now: 0)
    #expect(admission == .tooLarge)
  }

  // MARK: - Deadlines and cancelling

  @Test("a call whose deadline has passed is refused", arguments: [UInt64(0), 7, 10])
  func expiredAtTheDoor(deadline: UInt64) {
    var queue = makeQueue()
    let admission = queue.admit(
      priority: .interactive, deadline: deadline, bytes: 1, tokenizeOnly: false,
      estimates: [UnitEstimate(cost: 1, tokens: 1)], now: 10)
    #expect(admission == .expired)
    #expect(queue.callCount == 0)
  }

  @Test("queued calls are dropped when their deadline passes, and the others stay")
  func expiredInTheQueue() throws {
    var queue = makeQueue()
    let patient = try admit(&queue)
    let hasty = try admit(&queue, count: 3, deadline: 50)
    let later = try admit(&queue, deadline: 80)
    let early = queue.removeExpired(now: 49)
    #expect(early.isEmpty)
    let expired = queue.removeExpired(now: 50)
    #expect(expired == [hasty])
    #expect(queue.queuedUnits == 2)
    #expect(queue.heldBytes == 200)
    let expiredLater = queue.removeExpired(now: 90)
    #expect(expiredLater == [later])
    let plan = try takeBatch(&queue, thread: 0, now: 90)
    #expect(plan.selections.map(\.call) == [patient])
  }

  @Test("a call whose last units are being computed is left to finish after its deadline")
  func expiredWhileComputed() throws {
    var queue = makeQueue()
    _ = try admit(&queue, deadline: 50)
    let plan = try takeBatch(&queue, thread: 0, now: 40)
    let expired = queue.removeExpired(now: 60)
    #expect(expired.isEmpty)
    finish(&queue, plan)
    #expect(queue.callCount == 0)
  }

  @Test("cancelling takes queued units away and ignores those in flight")
  func cancel() throws {
    var queue = makeQueue()
    let first = try admit(&queue, count: 20)
    let second = try admit(&queue, count: 2)
    let plan = try takeBatch(&queue, thread: 0, now: 0)
    let isKnown = queue.remove(first)
    #expect(isKnown)
    let isKnownTwice = queue.remove(first)
    #expect(!isKnownTwice)
    #expect(queue.queuedUnits == 2)
    finish(&queue, plan)
    let next = try takeBatch(&queue, thread: 0, now: 0)
    #expect(next.selections.map(\.call) == [second])
    finish(&queue, next)
    #expect(queue.callCount == 0)
    #expect(queue.heldBytes == 0)
    #expect(queue.queuedCost == 0)
  }
}
