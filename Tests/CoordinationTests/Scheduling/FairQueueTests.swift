import Coordination
import Testing
import Wire

@Suite("The queue of calls that wait for a worker")
struct FairQueueTests {
  private typealias Call = ScheduledCall.ID

  private let calls: [Call]

  init() {
    let request = CallRequest(inputCount: 1, byteCount: 1, cost: 1)
    var scheduler = Scheduler(seed: 1)
    calls = (0..<40).compactMap { _ in try? scheduler.submit(request, now: 0) }
  }

  /// Serves until the queue is empty, each call as often as `pieces` says.
  private func order(
    _ queue: inout FairQueue, pieces: Int = 1, cost: Int64 = 10, now: Int64 = 0
  ) -> [Int] {
    var left: [Call: Int] = [:]
    var served: [Int] = []
    while let turn = queue.next(now: now) {
      served.append(calls.firstIndex(of: turn.call) ?? -1)
      left[turn.call, default: pieces] -= 1
      queue.served(turn, cost: cost, isOver: left[turn.call] == 0, now: now)
    }
    return served
  }

  @Test("serves one caller's calls in the order in which they came")
  func firstCome() {
    var queue = FairQueue(patience: 100)
    for index in 0..<4 {
      queue.push(calls[index], caller: 1, priority: .interactive, isSplit: false, now: 0)
    }
    #expect(order(&queue) == [0, 1, 2, 3])
    #expect(queue.isEmpty)
  }

  @Test("gives callers the same share however many calls they send")
  func shares() {
    var queue = FairQueue(patience: 100)
    for index in 0..<10 {
      queue.push(calls[index], caller: 1, priority: .bulk, isSplit: false, now: 0)
    }
    for index in 10..<13 {
      queue.push(calls[index], caller: 2, priority: .bulk, isSplit: false, now: 0)
    }
    #expect(order(&queue).prefix(6) == [0, 10, 1, 11, 2, 12])
  }

  @Test("counts cost and not turns")
  func byCost() {
    var queue = FairQueue(patience: 100)
    for index in 0..<2 {
      queue.push(calls[index], caller: 1, priority: .bulk, isSplit: false, now: 0)
    }
    for index in 2..<8 {
      queue.push(calls[index], caller: 2, priority: .bulk, isSplit: false, now: 0)
    }
    var served: [Int] = []
    while let turn = queue.next(now: 0) {
      let index = calls.firstIndex(of: turn.call) ?? -1
      served.append(index)
      queue.served(turn, cost: index < 2 ? 30 : 10, isOver: true, now: 0)
    }
    #expect(served == [0, 2, 3, 4, 1, 5, 6, 7])
  }

  @Test("lets a caller that was served no further ahead when it comes back")
  func debt() {
    var queue = FairQueue(patience: 100)
    for index in 0..<4 {
      queue.push(calls[index], caller: 1, priority: .bulk, isSplit: false, now: 0)
    }
    queue.push(calls[10], caller: 2, priority: .bulk, isSplit: false, now: 0)
    var served: [Int] = []
    for _ in 0..<5 {
      guard let turn = queue.next(now: 0) else { break }
      let index = calls.firstIndex(of: turn.call) ?? -1
      served.append(index)
      queue.served(turn, cost: index == 10 ? 40 : 10, isOver: true, now: 0)
      // Caller 2 sends its next call at once.
      if index == 10 {
        queue.push(calls[11], caller: 2, priority: .bulk, isSplit: false, now: 0)
      }
    }
    #expect(served == [0, 10, 1, 2, 3])
  }

  @Test("serves interactive calls first, and bulk calls that have waited too long")
  func patience() throws {
    var queue = FairQueue(patience: 100)
    queue.push(calls[0], caller: 1, priority: .bulk, isSplit: false, now: 0)
    queue.push(calls[1], caller: 2, priority: .interactive, isSplit: false, now: 0)
    let first = queue.next(now: 100)
    let early = try #require(first)
    #expect(early.call == calls[1] && !early.isDue)
    let second = queue.next(now: 101)
    let late = try #require(second)
    #expect(late.call == calls[0] && late.isDue)
    queue.served(late, cost: 10, isOver: false, now: 101)
    #expect(queue.next(now: 201)?.call == calls[1])
    #expect(queue.next(now: 202)?.call == calls[0])
  }

  @Test("keeps a caller's cut calls and its whole ones apart")
  func lines() {
    var queue = FairQueue(patience: 100)
    queue.push(calls[0], caller: 1, priority: .bulk, isSplit: true, now: 0)
    queue.push(calls[1], caller: 1, priority: .bulk, isSplit: false, now: 0)
    #expect(order(&queue, pieces: 3) == [0, 1, 0, 1, 0, 1])
  }

  @Test("serves other lanes where one is full")
  func lanes() {
    var queue = FairQueue(patience: 100)
    queue.push(calls[0], caller: 1, priority: .interactive, isSplit: false, lane: 2, now: 0)
    queue.push(calls[1], caller: 1, priority: .interactive, isSplit: false, lane: 0, now: 0)
    queue.push(calls[2], caller: 1, priority: .bulk, isSplit: false, lane: 2, now: 0)
    var full = FairQueue.FullLanes()
    full.insert(.interactive, 2)
    #expect(queue.next(except: full, now: 0)?.call == calls[1])
    full.insert(.interactive, 0)
    #expect(queue.next(except: full, now: 0)?.call == calls[2])
    full.insert(.bulk, 2)
    #expect(queue.next(except: full, now: 0) == nil)
    #expect(queue.isEmpty(.bulk, lane: 0) && !queue.isEmpty(.bulk, lane: 2))
    #expect(queue.lane(of: calls[2]) == 2 && queue.lane(of: calls[3]) == nil)
  }

  @Test("puts a call that comes back where it was")
  func comesBack() {
    var queue = FairQueue(patience: 100)
    let first = queue.push(calls[0], caller: 1, priority: .bulk, isSplit: true, now: 0)
    let second = queue.push(calls[1], caller: 1, priority: .bulk, isSplit: true, now: 0)
    queue.push(calls[2], caller: 1, priority: .bulk, isSplit: true, now: 0)
    queue.remove(calls[0])
    queue.remove(calls[1])
    queue.push(calls[1], caller: 1, priority: .bulk, isSplit: true, order: second, now: 0)
    queue.push(calls[0], caller: 1, priority: .bulk, isSplit: true, order: first, now: 0)
    #expect(order(&queue) == [0, 1, 2])
  }

  @Test("forgets a call wherever it stands, and its caller with it")
  func removal() {
    var queue = FairQueue(patience: 100)
    for index in 0..<3 {
      queue.push(
        calls[index], caller: UInt64(index), priority: .bulk, isSplit: false, now: 0)
    }
    queue.remove(calls[1])
    #expect(!queue.contains(calls[1]) && queue.count == 2)
    #expect(order(&queue) == [0, 2])
    #expect(queue.lineCount == 0)
  }

  @Test("keeps a call's first place when it is put in twice")
  func twice() {
    var queue = FairQueue(patience: 100)
    queue.push(calls[0], caller: 1, priority: .bulk, isSplit: false, now: 0)
    queue.push(calls[1], caller: 1, priority: .bulk, isSplit: false, now: 0)
    queue.push(calls[0], caller: 1, priority: .bulk, isSplit: false, now: 0)
    #expect(order(&queue) == [0, 1])
  }
}
