import Benchmarks
import Testing

@Suite("Choice of runs")
struct RunSelectionTests {
  @Test("undisturbed runs count until there are enough")
  func quiet() {
    var selection = RunSelection<Int>(wanted: 2)
    selection.add(1, foreignShare: 0.01)
    #expect(!selection.isComplete)
    selection.add(2, foreignShare: 0.05)
    #expect(selection.isComplete)
    #expect(selection.kept == [1, 2])
    #expect(selection.discardedCount == 0)
    #expect(selection.foreignShare == 0.05)
  }

  @Test("a run with more than 5 % of foreign load is discarded and repeated")
  func disturbed() {
    var selection = RunSelection<Int>(wanted: 2)
    for (run, share) in [(1, 0.2), (2, 0.0), (3, 0.051), (4, 0.02)] {
      #expect(!selection.isComplete)
      selection.add(run, foreignShare: share)
    }
    #expect(selection.isComplete)
    #expect(selection.kept == [2, 4])
    #expect(selection.discardedCount == 2)
    #expect(selection.hasQuietRuns)
  }

  @Test("after three attempts for each run the least disturbed one has to do")
  func bounded() {
    var selection = RunSelection<Int>(wanted: 2)
    for run in 0..<6 {
      #expect(!selection.isComplete)
      selection.add(run, foreignShare: run == 4 ? 0.3 : 0.5)
    }
    #expect(selection.isComplete)
    #expect(!selection.hasQuietRuns)
    #expect(selection.kept == [4])
    #expect(selection.discardedCount == 5)
    #expect(selection.foreignShare == 0.3)
  }

  @Test("what was kept is less than wanted when the attempts are used up")
  func few() {
    var selection = RunSelection<Int>(wanted: 2)
    for run in 0..<6 { selection.add(run, foreignShare: run == 0 ? 0 : 1) }
    #expect(selection.isComplete)
    #expect(selection.kept == [0])
  }

  @Test("none wanted means one")
  func least() {
    #expect(!RunSelection<Int>(wanted: 0).isComplete)
    #expect(RunSelection<Int>(wanted: 0).kept.isEmpty)
  }
}
