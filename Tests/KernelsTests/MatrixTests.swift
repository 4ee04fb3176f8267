import Kernels
import Testing

@Suite("Matrices")
struct MatrixTests {
  @Test("a matrix is zero at first and keeps what is written")
  func keeps() throws {
    var matrix = try Matrix(rows: 3, columns: 5)
    #expect(values(matrix).allSatisfy { $0 == 0 })
    var span = matrix.mutableValues
    span[7] = 2
    let row = matrix.row(1)
    #expect(row.count == 5 && row[2] == 2)
  }

  @Test(
    "a matrix that no memory can hold is an error with its size", arguments: [Int.max, 1 << 45])
  func tooLarge(rows: Int) {
    let error = #expect(throws: KernelsError.self) { _ = try Matrix(rows: rows, columns: 1 << 14) }
    #expect(error?.code == .outOfMemory)
    #expect(error?.message == "no memory for a matrix of \(rows) × 16384 float32")
  }

  @Test("rows outside a matrix end the process")
  func rowOutside() async {
    await #expect(processExitsWith: .failure) {
      let matrix = try Matrix(rows: 3, columns: 5)
      _ = matrix.row(3).count
    }
  }
}
