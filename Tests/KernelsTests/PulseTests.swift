import Kernels
import Testing

/// Whoever watches a thread sees it move within one operation on a long input.
@Suite("Pulses of long work")
struct PulseTests {
  /// The pulses of what `body` does.
  private func pulses(_ body: (Scratch) throws -> Void) throws -> Int {
    let scratch = try testScratch()
    var count = 0
    scratch.pulse = { count += 1 }
    try body(scratch)
    return count
  }

  @Test(
    "attention beats before every tile of 60 queries but the first, for each head",
    arguments: [(1, 0), (60, 0), (61, 1), (120, 1), (121, 2)])
  func attention(rows: Int, perHead: Int) throws {
    var noise = Noise(seed: 7)
    let input = try matrix(noise.floats(rows * 3 * 64), rows: rows)
    var output = try Matrix(rows: rows, columns: 64)
    for precision in [Precision.f32, .bf16] {
      let attention = RaggedAttention(
        headCount: 2, headSize: 32, precision: precision, table: try bestTable())
      let count = try pulses { scratch in
        attention.apply(input, rows: 0..<rows, into: &output, at: 0, scratch: scratch)
      }
      #expect(count >= 2 * perHead)
      #expect(perHead > 0 || count == 0)
    }
    let masked = MaskedAttention(
      headCount: 2, keyHeadCount: 2, headSize: 32, scale: 0.2, window: .causal,
      table: try bestTable())
    let count = try pulses { scratch in
      masked.apply(input, rows: 0..<rows, into: &output, at: 0, scratch: scratch)
    }
    #expect(count >= 2 * perHead)
    #expect(perHead > 0 || count == 0)
  }

  @Test(
    "a product beats before every tile of 144 rows but the first",
    arguments: [(1, 0), (144, 0), (145, 1), (432, 2)])
  func product(rows: Int, expected: Int) throws {
    var noise = Noise(seed: 8)
    let layer = try linear(weights(noise.floats(32 * 32)), in: 32, bias: nil, .bias)
    let input = try matrix(noise.floats(rows * 32), rows: rows)
    var output = try Matrix(rows: rows, columns: 32)
    let count = try pulses { scratch in
      layer.apply(input, rows: 0..<rows, into: &output, at: 0, scratch: scratch)
    }
    #expect(count == expected)
  }
}
