import Benchmarks
import Testing

@Suite("Processor times")
struct ProcessorTimesTests {
  @Test("the first line of /proc/stat is read; guest time counts once, waiting for disks is idle")
  func machine() {
    let text = """
      cpu  100 20 30 4000 50 6 7 8 90 10
      cpu0 1 2 3 4 5 6 7 8 9 10
      intr 12345

      """
    #expect(MachineTimes(procStat: text) == MachineTimes(busy: 163, stolen: 8, idle: 4_050))
  }

  @Test(
    "what is no /proc/stat is nil",
    arguments: ["", "cpu0 1 2 3 4 5 6 7 8", "cpu 1 2 3", "cpu 1 2 3 4 5 6 7 x", "cpu"])
  func notMachine(text: String) {
    #expect(MachineTimes(procStat: text) == nil)
  }

  @Test(
    "a process's own and its children's ticks are added, whatever its name",
    arguments: ["millpond", "a b", "(x) R 7", ")"])
  func process(name: String) {
    let text = "42 (\(name)) S 7 42 42 0 -1 4194304 5 6 0 0 11 22 33 44 20 0 3 0 999 1 2\n"
    #expect(
      ProcessTimes(procPidStat: text) == ProcessTimes(id: 42, parent: 7, ticks: 11 + 22 + 33 + 44))
  }

  @Test(
    "what is no /proc/<pid>/stat is nil",
    arguments: ["", "42 S 7", "42 (x) S 7 1 2", ") 42 (", "x (y) S 7 42 42 0 -1 4 5 6 0 0 1 2 3 4"])
  func notProcess(text: String) {
    #expect(ProcessTimes(procPidStat: text) == nil)
  }

  @Test("the ticks of a tree are those of its roots and of all below them, each once")
  func tree() {
    let processes = [
      ProcessTimes(id: 1, parent: 0, ticks: 1_000), ProcessTimes(id: 10, parent: 1, ticks: 1),
      ProcessTimes(id: 11, parent: 10, ticks: 2), ProcessTimes(id: 12, parent: 11, ticks: 4),
      ProcessTimes(id: 20, parent: 1, ticks: 8), ProcessTimes(id: 30, parent: 1, ticks: 16),
    ]
    #expect(processes.ticks(ofTreesUnder: [10]) == 7)
    #expect(processes.ticks(ofTreesUnder: [10, 11, 20]) == 15)
    #expect(processes.ticks(ofTreesUnder: [99]) == 0)
  }
}
