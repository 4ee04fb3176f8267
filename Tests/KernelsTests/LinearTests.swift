import Kernels
import Testing

@Suite("Dense layers for many rows")
struct LinearTests {
  private struct Shape: Sendable, CustomTestStringConvertible {
    var out: Int
    var `in`: Int
    var testDescription: String { "\(`in`) to \(out)" }
  }

  /// MiniLM's shapes, those of the small fixtures, and some that are below every threshold.
  private static let shapes = [
    Shape(out: 384, in: 384), Shape(out: 1_536, in: 384), Shape(out: 384, in: 1_536),
    Shape(out: 128, in: 128), Shape(out: 512, in: 128), Shape(out: 128, in: 512),
    Shape(out: 64, in: 64), Shape(out: 256, in: 64), Shape(out: 64, in: 256),
    Shape(out: 33, in: 17), Shape(out: 2, in: 384),
  ]

  @Test(
    "a row has the same bits whatever rows are computed with it", arguments: shapes,
    Precision.allCases)
  private func rowsAreIndependent(shape: Shape, precision: Precision) throws {
    let rows = 700
    var noise = Noise(seed: UInt64(shape.out))
    let layer = try linear(
      weights(noise.floats(shape.out * shape.in)), in: shape.in, bias: noise.floats(shape.out),
      .bias, precision: precision)
    let scratch = try testScratch()
    let input = try matrix(noise.floats(rows * shape.in), rows: rows)
    var whole = try Matrix(rows: rows, columns: shape.out)
    layer.apply(input, rows: 0..<rows, into: &whole, at: 0, scratch: scratch)
    let expected = values(whole)
    let counts = Array(1...70) + stride(from: 71, through: rows, by: 53)
    for count in counts {
      let first = Int.random(in: 0...rows - count, using: &noise)
      var part = try Matrix(rows: count, columns: shape.out)
      layer.apply(input, rows: first..<first + count, into: &part, at: 0, scratch: scratch)
      let result = values(part)
      let slice = expected[first * shape.out..<(first + count) * shape.out]
      #expect(agree(result, slice), "\(count) rows from \(first)")
    }
  }

  @Test("the residual that is added does not change that", arguments: shapes.prefix(6))
  private func residualRowsAreIndependent(shape: Shape) throws {
    let rows = 96
    var noise = Noise(seed: UInt64(shape.in))
    let norm = LayerNorm(
      gamma: noise.floats(shape.out), beta: noise.floats(shape.out), epsilon: 1e-12)
    let layer = try linear(
      weights(noise.floats(shape.out * shape.in)), in: shape.in, bias: noise.floats(shape.out),
      .biasResidualLayerNorm(norm))
    let scratch = try testScratch()
    let input = try matrix(noise.floats(rows * shape.in), rows: rows)
    let residual = noise.floats(rows * shape.out)
    var whole = try matrix(residual, rows: rows)
    layer.apply(input, rows: 0..<rows, into: &whole, at: 0, scratch: scratch)
    let expected = values(whole)
    for count in 1...40 {
      let first = Int.random(in: 0...rows - count, using: &noise)
      let elements = first * shape.out..<(first + count) * shape.out
      var part = try matrix(Array(residual[elements]), rows: count)
      layer.apply(input, rows: first..<first + count, into: &part, at: 0, scratch: scratch)
      #expect(agree(values(part), expected[elements]), "\(count) rows from \(first)")
    }
  }

  @Test("each epilogue gives what it says, for few and for many rows", arguments: [1, 15, 16, 70])
  func epilogues(rows: Int) throws {
    let (out, inner) = (48, 80)
    var noise = Noise(seed: 5)
    let x = noise.floats(rows * inner)
    let w = noise.floats(out * inner)
    let bias = noise.floats(out)
    let residual = noise.floats(rows * out)
    let ones = [Float](repeating: 1, count: out)
    let norm = LayerNorm(gamma: ones, beta: bias, epsilon: 1e-5)
    let input = try matrix(x, rows: rows)
    func run(_ epilogue: Linear.Epilogue) throws -> [Double] {
      let layer = try linear(weights(w), in: inner, bias: bias, epilogue)
      var output = try matrix(residual, rows: rows)
      layer.apply(input, rows: 0..<rows, into: &output, at: 0, scratch: try testScratch())
      return values(output).map(Double.init)
    }
    let sums = (0..<rows).map { r in
      (0..<out).map { c in
        (0..<inner).reduce(Double(bias[c])) {
          $0 + Double(x[r * inner + $1]) * Double(w[c * inner + $1])
        }
      }
    }
    let plain = try run(.bias)
    let gelu = try run(.biasGELU)
    let normalised = try run(.biasResidualLayerNorm(norm))
    for r in 0..<rows {
      let row = zip(sums[r], residual[r * out..<(r + 1) * out]).map { $0 + Double($1) }
      let mean = row.reduce(0, +) / Double(out)
      let variance = row.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(out)
      for c in 0..<out {
        let index = r * out + c
        #expect(abs(plain[index] - sums[r][c]) < 2e-5)
        #expect(abs(gelu[index] - referenceGELU(sums[r][c])) < 2e-5)
        let unit = (row[c] - mean) / (variance + 1e-5).squareRoot()
        #expect(abs(normalised[index] - unit - Double(bias[c])) < 2e-5)
      }
    }
  }

  @Test(
    "a gate multiplies its function with what it is for, and a pair of layers is one after the other",
    arguments: [Linear.Gate.gelu, .geluTanh, .silu], Precision.allCases)
  func gatesAndPairs(gate: Linear.Gate, precision: Precision) throws {
    let (rows, inner, width) = (150, 72, 96)
    var noise = Noise(seed: 11)
    let input = try matrix(noise.floats(rows * inner), rows: rows)
    let gates = try weights(noise.floats(width * inner))
    let others = try weights(noise.floats(width * inner))
    let bias = noise.floats(2 * width)
    let function: ElementFunction =
      switch gate {
      case .gelu: .gelu
      case .geluTanh: .geluTanh
      case .silu: .silu
      }
    for isa in InstructionSet.available {
      let table = try KernelTable(named: isa.rawValue)
      // Apart: both halves, the function, the product.
      let plain = try linear(
        [gates, others], in: inner, bias: bias, .bias, precision: precision, table: table)
      var halves = try Matrix(rows: rows, columns: 2 * width)
      plain.apply(input, rows: 0..<rows, into: &halves, at: 0, scratch: try testScratch())
      var apart = try Matrix(rows: rows, columns: width)
      table.gate(function, firstHalf: true, &halves, rows: rows, into: &apart)
      // Together: 32 of each in turns.
      let step = Linear.gateWidth
      let order = stride(from: 0, to: width, by: step).flatMap { [$0, width + $0] }
      let parts = order.map { start in
        let own = start < width ? gates : others
        return own.slice(start % width * inner..<(start % width + step) * inner)
      }
      let gated = try linear(
        parts, in: inner, bias: order.flatMap { bias[$0..<$0 + step] }, .biasGate(gate),
        precision: precision, table: table)
      var together = try Matrix(rows: rows, columns: width)
      gated.apply(input, rows: 0..<rows, into: &together, at: 0, scratch: try testScratch())
      if precision == .f32 {
        #expect(agree(values(together), values(apart)), "\(isa)")
      } else {
        #expect(zip(values(together), values(apart)).allSatisfy { abs($0 - $1) < 2e-3 }, "\(isa)")
      }
      // And a second layer behind it, with a residual.
      let last = try linear(
        [others.slice(0..<width * inner)], in: width, bias: nil, .biasResidual,
        precision: precision, table: table)
      let residual = noise.floats(rows * inner)
      var expected = try matrix(residual, rows: rows)
      last.apply(together, rows: 0..<rows, into: &expected, at: 0, scratch: try testScratch())
      var pair = try matrix(residual, rows: rows)
      gated.apply(
        input, rows: 0..<rows, then: last, into: &pair, at: 0, scratch: try testScratch())
      #expect(agree(values(pair), values(expected)), "\(isa)")
      // In the place of its input, and on a stretch of rows.
      var place = try matrix(residual, rows: rows)
      var again = try matrix(residual, rows: rows)
      gated.apply(
        to: &place, rows: 3..<150, then: last, scratch: try testScratch())
      let copy = try matrix(residual, rows: rows)
      gated.apply(
        copy, rows: 3..<150, then: last, into: &again, at: 3, scratch: try testScratch())
      #expect(agree(values(place), values(again)), "\(isa)")
    }
  }

  @Test(
    "a lower precision is as close as it promises, on every instruction set",
    arguments: [(Precision.bf16, 0.01), (.int8, 0.02)], InstructionSet.available)
  private func closeness(precision: (Precision, Double), isa: InstructionSet) throws {
    let (rows, out, inner) = (9, 70, 203)
    var noise = Noise(seed: 6)
    let x = noise.floats(rows * inner)
    let w = noise.floats(out * inner)
    let input = try matrix(x, rows: rows)
    func run(_ precision: Precision) throws -> [Double] {
      let layer = try linear(
        weights(w), in: inner, bias: nil, .bias, precision: precision,
        table: KernelTable(named: isa.rawValue))
      var output = try Matrix(rows: rows, columns: out)
      layer.apply(input, rows: 0..<rows, into: &output, at: 0, scratch: try testScratch())
      return values(output).map(Double.init)
    }
    let exact = try run(.f32)
    let error = zip(try run(precision.0), exact).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    let size = exact.reduce(0) { $0 + $1 * $1 }
    #expect((error / size).squareRoot() < precision.1)
    #expect(error > 0)
  }

  @Test("nothing beside the chosen rows and columns is written", arguments: [3, 40])
  func nothingElseIsWritten(rows: Int) throws {
    var noise = Noise(seed: 8)
    let layer = try linear(
      weights(noise.floats(32 * 64)), in: 64, bias: noise.floats(32), .bias)
    let input = try matrix(noise.floats((rows + 5) * 64), rows: rows + 5)
    let before = [Float](repeating: 7, count: (rows + 9) * 96)
    var output = try matrix(before, rows: rows + 9)
    layer.apply(
      input, rows: 2..<2 + rows, into: &output, at: 4, column: 32, scratch: try testScratch())
    let after = values(output)
    for index in after.indices {
      let (row, column) = (index / 96, index % 96)
      let isInside = row >= 4 && row < 4 + rows && column >= 32 && column < 64
      #expect((after[index] == 7) == !isInside, "row \(row), column \(column)")
    }
  }

  @Test("tiles cover a range once, in order, and are about equally large")
  func tiles() {
    for count in [0, 1, 9, 10, 11, 99, 100, 101] {
      let tiles = Array(RowTiles(5..<5 + count, rowsMax: 10))
      #expect(tiles.flatMap { Array($0) } == Array(5..<5 + count))
      #expect(tiles.count == (count + 9) / 10)
      let sizes = tiles.map(\.count)
      #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
    }
  }
}
