import Benchmarks
import Testing

@Suite("Open load")
struct OpenLoadTests {
  @Test("calls come at their rate, and all are answered")
  func rate() async throws {
    let load = OpenLoad(target: FakeTarget(), calls: [0..<2, 2..<5], callsPerSecond: 2_000)
    let run = try await load.run(nanoseconds: 200_000_000)
    // 400 are expected; the seed is fixed.
    #expect((340...460).contains(run.latencies.count))
    #expect(run.texts * 2 >= 5 * (run.latencies.count - 1))
    #expect(run.tokens == 10 * run.texts)
    #expect(run.seconds >= 0.19)
  }

  @Test("a refused call is counted and not repeated")
  func overload() async throws {
    let load = OpenLoad(target: FakeTarget(refusals: 3), calls: [0..<1], callsPerSecond: 1_000)
    let run = try await load.run(nanoseconds: 50_000_000)
    #expect(run.refusals == 3)
    #expect(run.latencies.count == run.texts)
  }

  @Test("a failed call ends the run with its error")
  func failure() async {
    let target = FakeTarget(failure: BenchmarksError(.callFailed, "input 3: no"))
    await #expect(throws: BenchmarksError(.callFailed, "input 3: no")) {
      try await OpenLoad(target: target, calls: [0..<1], callsPerSecond: 1_000)
        .run(nanoseconds: 50_000_000)
    }
  }
}
