import Foundation
import Kernels
import Testing

/// Attention with windows, groups, caps and distances against sums in Double.
@Suite("Masked attention against Double")
struct MaskedAttentionTests {
  private struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var window = MaskedAttention.Window.all
    var keyHeads = 3
    var softCap: Float?
    var hasDistances = false
  }

  private static let headSize = 5
  private static let heads = 6

  private static let cases = [
    Case(testDescription: "all"), Case(testDescription: "causal", window: .causal),
    Case(testDescription: "one key head", window: .causal, keyHeads: 1),
    Case(testDescription: "window before", window: .init(left: 20, right: 0)),
    Case(testDescription: "own token only", window: .init(left: 0, right: 0)),
    Case(testDescription: "window around", window: .init(left: 17, right: 17), keyHeads: 6),
    Case(testDescription: "capped", window: .causal, softCap: 0.7),
    Case(testDescription: "distances", window: .init(left: 40, right: 3), hasDistances: true),
  ]

  private static func distance(_ head: Int, _ distance: Int) -> Float {
    Float(head + 1) * Float(distance % 7) / 10
  }

  private static func attention(_ example: Case) throws -> MaskedAttention {
    let bias: MaskedAttention.Bias =
      example.hasDistances
      ? .distance(DistanceBias(headCount: heads, lengthMax: 150, value: distance)) : .none
    return try MaskedAttention(
      headCount: heads, keyHeadCount: example.keyHeads, headSize: headSize, scale: 0.4,
      window: example.window, softCap: example.softCap, bias: bias, table: KernelTable(named: nil))
  }

  private static func scratch() throws -> Scratch {
    try Scratch(
      Scratch.Limits(
        inColumnsMax: 1, sequenceLengthMax: 150, headSize: headSize))
  }

  private static func exact(
    _ x: [Float], _ columns: Int, _ example: Case, count: Int, query: Int, head: Int
  ) -> [Double] {
    let keyHead = head / (heads / example.keyHeads)
    let keyStart = (heads + keyHead) * headSize
    let valueStart = keyStart + example.keyHeads * headSize
    let first = example.window.left.map { max(0, query - $0) } ?? 0
    let last = example.window.right.map { min(count - 1, query + $0) } ?? count - 1
    let scores = (first...last).map { key in
      var score = (0..<headSize).reduce(0.0) {
        $0 + Double(x[query * columns + head * headSize + $1])
          * Double(x[key * columns + keyStart + $1])
      }
      score *= 0.4
      if example.hasDistances { score += Double(distance(head, key - query)) }
      if let cap = example.softCap.map(Double.init) { score = cap * tanh(score / cap) }
      return exp(score)
    }
    let sum = scores.reduce(0, +)
    return (0..<headSize).map { column in
      zip(first...last, scores).reduce(0.0) {
        $0 + $1.1 / sum * Double(x[$1.0 * columns + valueStart + column])
      }
    }
  }

  @Test("every row is the weighted mean of the values it sees", arguments: cases)
  private func agrees(example: Case) throws {
    let attention = try Self.attention(example)
    let scratch = try Self.scratch()
    for count in [1, 15, 16, 64, 65, 150] {
      var noise = Noise(seed: UInt64(count))
      var x = try Matrix(rows: count, columns: attention.projectionColumns)
      let values = noise.floats(count * x.columns)
      var span = x.mutableValues
      for index in values.indices { span[index] = values[index] }
      var output = try Matrix(rows: count, columns: Self.heads * Self.headSize)
      attention.apply(x, rows: 0..<count, into: &output, at: 0, scratch: scratch)
      var largest = 0.0
      for query in 0..<count {
        for head in 0..<Self.heads {
          let exact = Self.exact(
            values, x.columns, example, count: count, query: query, head: head)
          for column in 0..<Self.headSize {
            let actual = Double(output.row(query)[head * Self.headSize + column])
            largest = max(largest, abs(actual - exact[column]))
          }
        }
      }
      #expect(largest < 3e-6, "\(count) tokens")
    }
  }
}
