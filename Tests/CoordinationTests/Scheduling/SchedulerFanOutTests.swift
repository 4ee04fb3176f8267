import Coordination
import Testing
import Wire

@Suite("A call that is cut")
struct SchedulerFanOutTests {
  private typealias Bench = SchedulerBench

  @Test("goes out longest input first, to every worker")
  func longestFirst() {
    let bench = Bench(["f", "f", "f"])
    _ = bench.submitCut([1, 9, 2, 8, 3, 7, 4, 6, 5])
    let sent = bench.sent()
    #expect(sent.prefix(3).map(\.units) == [[1], [3], [5]])
    #expect(Set(sent.map(\.worker)) == [0, 1, 2])
    #expect(sent.allSatisfy { $0.units == $0.units.sorted { $0 == $1 || $0 % 2 == 1 } })
  }

  @Test("has two pieces on a worker at once, and the next when one is answered")
  func twoOutstanding() throws {
    let bench = Bench(["f", "f"])
    _ = bench.submitCut(Array(repeating: 10, count: 20))
    var open = bench.sent()
    #expect(open.count == 4)
    for _ in 0..<16 {
      bench.answer(open.removeFirst())
      let next = bench.sent()
      #expect(next.count == 1)
      open += next
      let counts = Dictionary(grouping: open, by: \.worker).mapValues(\.count)
      #expect(counts == [0: 2, 1: 2])
    }
  }

  @Test("is cut into pieces of 5 to 10 ms that shrink towards its end")
  func pieceSizes() {
    let bench = Bench(["f", "f"])
    _ = bench.submitCut(Array(repeating: 1, count: 100))
    var sizes: [Int] = []
    var open = bench.sent()
    while !open.isEmpty {
      let sent = open.removeFirst()
      sizes.append(sent.units.count)
      bench.answer(sent)
      open += bench.sent()
    }
    #expect(sizes.first == 10 && sizes.reduce(0, +) == 100)
    #expect(sizes.dropLast().allSatisfy { $0 >= 5 && $0 <= 10 })
    #expect(sizes == sizes.sorted(by: >))
  }

  @Test("goes to workers by how fast they are")
  func unequal() {
    let bench = Bench(["f", "f"])
    let slowness = [1.0, 4.0]
    _ = bench.submitCut(Array(repeating: 5, count: 200))
    var ends: [(time: Int64, sent: Bench.Sent)] = []
    var free = [bench.now, bench.now]
    var counts = [0, 0]
    let take = { (bench: Bench) in
      for sent in bench.sent() {
        let cost = Double(sent.units.count) * 5e6 * slowness[sent.worker]
        free[sent.worker] = max(free[sent.worker], bench.now) + Int64(cost)
        ends.append((free[sent.worker], sent))
        counts[sent.worker] += sent.units.count
      }
    }
    take(bench)
    while let next = ends.indices.min(by: { ends[$0].time < ends[$1].time }) {
      let (time, sent) = ends.remove(at: next)
      bench.now = time
      bench.answer(sent, slowness: slowness[sent.worker])
      take(bench)
    }
    #expect(abs(counts[0] - 160) <= 4)
    #expect(abs(free[0] - free[1]) <= 40_000_000)
  }

  @Test("ends once, when its last unit is answered")
  func end() {
    let bench = Bench(["f", "f"])
    let call = bench.submitCut([5, 5, 5])
    let sent = bench.sent()
    for piece in sent.dropLast() { bench.answer(piece) }
    #expect(bench.takeOthers() == [])
    bench.answer(sent[sent.count - 1])
    #expect(bench.takeOthers() == [.finished(call!, followers: [])])
    #expect(bench.answer(sent[0]) == nil)
    #expect(bench.scheduler.openCallCount == 0)
  }

  @Test("is worth it where several workers share it, or one would have it for long")
  func worth() {
    let one = Bench(["f"])
    let two = Bench(["f", "f"])
    let ms = Bench.millisecond
    #expect(!one.scheduler.isWorthCutting(inputCount: 10, cost: 20 * ms))
    #expect(one.scheduler.isWorthCutting(inputCount: 10, cost: 200 * ms))
    #expect(two.scheduler.isWorthCutting(inputCount: 10, cost: 20 * ms))
    #expect(!two.scheduler.isWorthCutting(inputCount: 10, cost: 4 * ms))
    #expect(!two.scheduler.isWorthCutting(inputCount: 1, cost: 200 * ms))
  }

  @Test("single calls in a row are shared by workers that are equal, nearly")
  func equalsShare() throws {
    let bench = Bench(["f", "f", "f", "f"])
    let slowness = [1, 1.02, 1.04, 1.06]
    var counts = [0, 0, 0, 0]
    for _ in 0..<400 {
      _ = bench.submitWhole(milliseconds: 10)
      let sent = try #require(bench.sent().first)
      bench.now += 10 * Bench.millisecond
      bench.answer(sent, slowness: slowness[sent.worker])
      counts[sent.worker] += 1
    }
    #expect(counts.allSatisfy { $0 >= 20 })
  }

  @Test("a worker that was slow once is tried again before long, one that stays slow seldom")
  func slowOnce() throws {
    let bench = Bench(["f", "f"])
    var slowness = 8.0
    var counts = [0, 0]
    for second in 0..<240 {
      if second == 120 { slowness = 1 }
      bench.now += Bench.second
      for _ in 0..<5 {
        _ = bench.submitWhole(milliseconds: 10)
        let sent = try #require(bench.sent().first)
        bench.now += 10 * Bench.millisecond
        bench.answer(sent, slowness: sent.worker == 0 ? slowness : 1)
        if second < 120 || second >= 200 {
          counts[second < 120 ? 0 : 1] += sent.worker == 0 ? 1 : 0
        }
      }
    }
    #expect((1...15).contains(counts[0]))
    #expect(counts[1] >= 50)
  }
}
