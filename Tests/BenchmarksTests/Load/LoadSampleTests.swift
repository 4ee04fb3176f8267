import Benchmarks
import Testing

@Suite("Foreign load")
struct LoadSampleTests {
  private let before = LoadSample(
    machine: MachineTimes(busy: 1_000, stolen: 100, idle: 5_000), own: 300)

  @Test("what is busy or stolen and not ours is foreign")
  func share() {
    let after = LoadSample(
      machine: MachineTimes(busy: 1_150, stolen: 110, idle: 5_040), own: 430)
    // 150 busy, 10 stolen, 40 idle; 130 of them ours.
    #expect(before.foreignShare(until: after) == 30.0 / 200)
  }

  @Test("more ticks of ours than there were are no foreign load")
  func sampling() {
    let after = LoadSample(
      machine: MachineTimes(busy: 1_100, stolen: 100, idle: 5_000), own: 405)
    #expect(before.foreignShare(until: after) == 0)
  }

  @Test("no time and a clock that went back are no load")
  func nothing() {
    let earlier = LoadSample(machine: MachineTimes(busy: 0, stolen: 0, idle: 0), own: 0)
    #expect(before.foreignShare(until: before) == 0)
    #expect(before.foreignShare(until: earlier) == 0)
  }

  @Test("this process is seen on this machine")
  func real() {
    let sample = LoadWatch().sample()
    #expect(sample.machine.idle > 0)
    #expect(sample.own <= sample.machine.busy)
  }
}
