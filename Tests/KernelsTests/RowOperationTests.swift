import Kernels
import Testing

@Suite("Norms, gates and poolings of rows")
struct RowOperationTests {
  private func matrix(_ rows: [[Float]]) throws -> Matrix {
    var matrix = try Matrix(rows: rows.count, columns: rows[0].count)
    var span = matrix.mutableValues
    for (index, value) in rows.joined().enumerated() { span[index] = value }
    return matrix
  }

  @Test("poolings by the greatest and by place")
  func poolings() throws {
    let table = try KernelTable(named: nil)
    let x = try matrix([[9, 9], [1, -4], [3, -6], [-5, -5]])
    var output: [Float] = [7, 7, 7]
    table.maxPool(x, rows: 1..<4, into: &output, at: 1)
    #expect(output == [7, 3, -4])
    table.weightedMeanPool(x, rows: 1..<4, into: &output, at: 1)
    #expect(abs(output[1] + 8.0 / 6) < 1e-6 && abs(output[2] + 31.0 / 6) < 1e-6)
    table.scale(&output, at: 0, count: 1, by: 2)
    #expect(output[0] == 14)
  }

  @Test("a NaN stays the greatest, in whichever row and part it is", arguments: 0..<3)
  func notANumber(place: Int) throws {
    let table = try KernelTable(named: nil)
    var rows: [[Float]] = [[1, -7], [3, -6], [2, -8]]
    rows[place][0] = .nan
    let x = try matrix(rows)
    for split in 1...3 {
      var row: [Float] = [0, 0]
      table.maxPool(x, rows: 0..<split, into: &row, at: 0)
      if split < 3 {
        var other: [Float] = [0, 0]
        table.maxPool(x, rows: split..<3, into: &other, at: 0)
        table.takeGreater(&row, other)
      }
      #expect(row[0].isNaN && row[1] == -6, "parts of \(split) and \(3 - split) rows")
    }
  }

  @Test("a gate multiplies the function of one half with the other")
  func gate() throws {
    let table = try KernelTable(named: nil)
    var x = try matrix([[-1, 2, 10, 20]])
    var output = try Matrix(rows: 1, columns: 2)
    table.gate(.relu, firstHalf: true, &x, rows: 1, into: &output)
    #expect(output.row(0)[0] == 0 && output.row(0)[1] == 40)
    x = try matrix([[3, 2, -10, 20]])
    table.gate(.relu, firstHalf: false, &x, rows: 1, into: &output)
    #expect(output.row(0)[0] == 0 && output.row(0)[1] == 40)
  }

  @Test("norms of a copy leave the source alone, and heads are normalised apart")
  func norms() throws {
    let table = try KernelTable(named: nil)
    let norm = RowNorm.rootMeanSquare(gamma: [1, 2], epsilon: 0)
    let x = try matrix([[0, 0], [3, -3]])
    var copy = try Matrix(rows: 2, columns: 2)
    table.normalize(x, rows: 1..<2, into: &copy, norm)
    #expect(copy.row(0)[0] == 1 && copy.row(0)[1] == -2 && x.row(1)[0] == 3)
    var heads = try matrix([[8, 5, 5, -7, 7, 8]])
    table.normalizeHeads(&heads, rows: 1, column: 1, count: 2, norm)
    let row = (0..<6).map { heads.row(0)[$0] }
    #expect(row == [8, 1, 2, -1, 2, 8])
  }

  @Test("a linear map without a bias adds to the residual")
  func residual() throws {
    let table = try KernelTable(named: nil)
    let bytes: [Float] = [1, 2, 3, 4]
    let weights = try bytes.withUnsafeBytes { try SharedWeights.copy($0.bytes, of: .f32) }
    let packed = try PackedWeights([weights], inner: 2, precision: .f32, table: table)
    let map = Linear(packed, bias: nil, epilogue: .biasResidual, table: table)
    let scratch = try Scratch(
      Scratch.Limits(inColumnsMax: 2, sequenceLengthMax: 1, headSize: 1))
    var output = try matrix([[100, 200]])
    map.apply(try matrix([[1, 1]]), rows: 0..<1, into: &output, at: 0, scratch: scratch)
    #expect(output.row(0)[0] == 103 && output.row(0)[1] == 207)
    let turned = try weights.transposed(rows: 2, columns: 2)
    #expect(turned.count == 4)
  }
}
