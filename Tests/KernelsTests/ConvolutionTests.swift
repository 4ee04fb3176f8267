import Kernels
import Testing

@Suite("Windows of a convolution, and sums with shares")
struct ConvolutionTests {
  private func matrix(rows: Int, columns: Int) throws -> Matrix {
    var matrix = try Matrix(rows: rows, columns: columns)
    var values = matrix.mutableValues
    for index in values.indices { values[index] = Float(index + 1) }
    return matrix
  }

  @Test("a window holds the neighbours of its own sequence, and zeros beyond its ends")
  func windows() throws {
    let source = try matrix(rows: 5, columns: 4)
    var target = try Matrix(rows: 3, columns: 6)
    // Rows 1 and 2 are a sequence; of columns 2 and 3.
    target.copyWindows(of: source, rows: 1..<3, column: 2, count: 2, size: 3, to: 1)
    let rows = (0..<3).map { row in (0..<6).map { target.element(row: row, column: $0) } }
    #expect(rows == [[0, 0, 0, 0, 0, 0], [0, 0, 7, 8, 11, 12], [7, 8, 11, 12, 0, 0]])
  }

  @Test("rows are filled, added with a factor, and made shares")
  func sums() throws {
    let table = try KernelTable(named: nil)
    let source = try matrix(rows: 2, columns: 3)
    var target = try Matrix(rows: 2, columns: 3)
    target.fill(rows: 0..<2, with: [10, 20, 30])
    table.add(row: 1, of: source, times: 2, to: 0, of: &target)
    let row = (0..<3).map { target.element(row: 0, column: $0) }
    #expect(row == [18, 30, 42])
    table.softmax(&target, rows: 1)
    let shares = (0..<3).map { target.element(row: 0, column: $0) }
    #expect(abs(shares.reduce(0, +) - 1) < 1e-6 && shares[2] > 0.99)
    #expect((0..<3).map { target.element(row: 1, column: $0) } == [10, 20, 30])
  }
}
