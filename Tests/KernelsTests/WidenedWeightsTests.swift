import Kernels
import Testing

@Suite("Weights that stay in 16 bits")
struct WidenedWeightsTests {
  struct Shape: Sendable, CustomTestStringConvertible {
    var out: Int
    var `in`: Int
    var testDescription: String { "\(`in`) to \(out)" }
  }

  /// Less than a panel, whole panels, last panels of every kind, and odd inner sizes.
  static let shapes = [
    Shape(out: 24, in: 40), Shape(out: 1_000, in: 512), Shape(out: 128, in: 640),
    Shape(out: 333, in: 1_599), Shape(out: 2, in: 384), Shape(out: 255, in: 33),
  ]

  private func scratch(_ shape: Shape) throws -> Scratch {
    try Scratch(
      Scratch.Limits(
        inColumnsMax: shape.in, sequenceLengthMax: 1, headSize: 1))
  }

  private func run(
    _ shape: Shape, _ weights: SharedWeights, rows: Int, _ input: borrowing Matrix,
    _ bias: [Float], _ epilogue: Linear.Epilogue, before: [Float]
  ) throws -> [Float] {
    let layer = try linear(weights, in: shape.in, bias: bias, epilogue)
    var output = try matrix(before, rows: rows)
    layer.apply(
      input, rows: 0..<rows, into: &output, at: 0, scratch: try scratch(shape))
    return values(output)
  }

  @Test("give the bits of the same numbers stored as f32, for few and many rows", arguments: shapes)
  func sameBits(shape: Shape) throws {
    var noise = Noise(seed: UInt64(shape.out))
    let count = shape.out * shape.in
    let numbers = noise.floats(count)
    let halves = numbers.map { Float16($0) }
    let brains = numbers.map { UInt16($0.bitPattern >> 16) }
    let bias = noise.floats(shape.out)
    let pairs: [(narrow: SharedWeights, wide: SharedWeights)] = [
      (try weights(halves.map(\.bitPattern), of: .f16), try weights(halves.map { Float($0) })),
      (
        try weights(brains, of: .bf16),
        try weights(brains.map { Float(bitPattern: UInt32($0) << 16) })
      ),
    ]
    for rows in [1, 15, 16, 17, 67, 600] {
      let input = try matrix(noise.floats(rows * shape.in), rows: rows)
      let before = noise.floats(rows * shape.out)
      for (narrow, wide) in pairs {
        for epilogue in [Linear.Epilogue.bias, .biasResidual] {
          let result = try run(shape, narrow, rows: rows, input, bias, epilogue, before: before)
          let expected = try run(shape, wide, rows: rows, input, bias, epilogue, before: before)
          let same = zip(result, expected).allSatisfy { $0.bitPattern == $1.bitPattern }
          #expect(same, "\(rows) rows of \(narrow.type)")
        }
      }
    }
  }

  @Test("positions of a token table are added as their f32 numbers are")
  func positions() throws {
    var noise = Noise(seed: 3)
    let columns = 37
    let words = try weights(noise.floats(5 * columns))
    let brains = noise.floats(9 * columns).map { UInt16($0.bitPattern >> 16) }
    let halves = noise.floats(9 * columns).map { Float16($0) }
    let pairs: [(narrow: SharedWeights, wide: SharedWeights)] = [
      (try weights(halves.map(\.bitPattern), of: .f16), try weights(halves.map { Float($0) })),
      (
        try weights(brains, of: .bf16),
        try weights(brains.map { Float(bitPattern: UInt32($0) << 16) })
      ),
    ]
    func run(_ positions: SharedWeights) throws -> [Float] {
      let table = try TokenTable(
        words: words, columns: columns, positions: positions, segments: nil, factor: 1.5,
        table: bestTable())
      var output = try Matrix(rows: 3, columns: columns)
      table.apply([4, 0, 2], segmentStart: 3, firstPosition: 6, into: &output, at: 0)
      return values(output)
    }
    for (narrow, wide) in pairs { #expect(try run(narrow) == run(wide)) }
  }

  @Test("exchange of rows and columns keeps the type", arguments: [ElementType.f32, .bf16])
  func transposed(type: ElementType) throws {
    let numbers: [Float] = [1, 2, 3, 4, 5, 6]
    let stored =
      type == .f32
      ? try weights(numbers)
      : try weights(numbers.map { UInt16($0.bitPattern >> 16) }, of: .bf16)
    let turned = try stored.transposed(rows: 2, columns: 3)
    #expect(turned.type == type && turned.count == 6)
    let layer = try linear(turned, in: 2, bias: nil, .bias)
    var output = try Matrix(rows: 1, columns: 3)
    layer.apply(
      try matrix([1, 10], rows: 1), rows: 0..<1, into: &output, at: 0,
      scratch: try testScratch())
    #expect(values(output) == [41, 52, 63])
  }
}
