import Benchmarks
import Testing

@Suite("Closed load")
struct ClosedLoadTests {
  @Test("texts, tokens and latencies of all callers are added")
  func sums() async throws {
    let target = FakeTarget()
    let load = ClosedLoad(target: target, calls: [0..<2, 2..<5], concurrency: 3)
    let run = try await load.run(nanoseconds: 0)
    // Three callers with one call each: the first range twice, the second once.
    #expect(run.latencies.count == 3)
    #expect(run.texts == 7)
    #expect(run.tokens == 70)
    #expect(run.nanoseconds > 0)
  }

  @Test("an overloaded target is asked again, and the refusals are counted")
  func overload() async throws {
    let target = FakeTarget(refusals: 2)
    let run = try await ClosedLoad(target: target, calls: [0..<1], concurrency: 1)
      .run(nanoseconds: 0)
    #expect(run.refusals == 2)
    #expect(run.texts == 1)
  }

  @Test("a failed call ends the run with its error")
  func failure() async {
    let target = FakeTarget(failure: BenchmarksError(.callFailed, "input 3: no"))
    await #expect(throws: BenchmarksError(.callFailed, "input 3: no")) {
      try await ClosedLoad(target: target, calls: [0..<1], concurrency: 2).run(nanoseconds: 0)
    }
  }
}
