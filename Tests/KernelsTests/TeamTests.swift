import Foundation
import Kernels
import Testing

@Suite("Teams of threads", .timeLimit(.minutes(1)))
struct TeamTests {
  /// Runs `body` with a team and so many threads that assist it.
  private func withTeam(
    of assistants: Int, _ body: (Team) throws -> Void
  ) throws {
    let team = Team()
    team.open()
    let group = DispatchGroup()
    for _ in 0..<assistants {
      let thread = Thread {
        if let scratch = try? testScratch() { team.assist(scratch) { false } }
        group.leave()
      }
      group.enter()
      thread.start()
    }
    try body(team)
    team.close()
    group.wait()
  }

  @Test(
    "products and attention have the same bits with any number of threads",
    arguments: Precision.allCases, [0, 1, 3])
  func sameBits(precision: Precision, assistants: Int) throws {
    var noise = Noise(seed: 5)
    let (rows, hidden) = (37, 384)
    let layer = try linear(
      weights(noise.floats(3 * hidden * hidden)), in: hidden, bias: noise.floats(3 * hidden),
      .biasGELU, precision: precision)
    let attention = RaggedAttention(headCount: 12, headSize: 32, table: try bestTable())
    let masked = MaskedAttention(
      headCount: 12, keyHeadCount: 12, headSize: 32, scale: 0.2, window: .causal,
      table: try bestTable())
    let input = try matrix(noise.floats(rows * hidden), rows: rows)
    func run(_ scratch: Scratch) throws -> [[Float]] {
      var projections = try Matrix(rows: rows, columns: 3 * hidden)
      var context = try Matrix(rows: rows, columns: hidden)
      layer.apply(input, rows: 0..<rows, into: &projections, at: 0, scratch: scratch)
      attention.apply(projections, rows: 0..<rows, into: &context, at: 0, scratch: scratch)
      let full = values(context)
      masked.apply(projections, rows: 0..<rows, into: &context, at: 0, scratch: scratch)
      return [values(projections), full, values(context)]
    }
    let alone = try run(testScratch())
    try withTeam(of: assistants) { team in
      let scratch = try testScratch()
      scratch.team = team
      for _ in 0..<50 {
        let together = try run(scratch)
        for (first, second) in zip(alone, together) { #expect(agree(first, second[...])) }
      }
    }
  }

  @Test("a thread that wants to leave goes at once, and one that finds a closed team too")
  func leaves() throws {
    let team = Team()
    let scratch = try testScratch()
    team.assist(scratch) { false }
    team.open()
    team.assist(scratch) { true }
    #expect(team.isOpen)
  }
}
