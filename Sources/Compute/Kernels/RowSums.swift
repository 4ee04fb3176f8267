internal import CKernels

/// Shares of rows, and sums of rows with them.
extension KernelTable {
  /// Replaces each element of the first `rows` rows by its share of Σ e^x over its row.
  package func softmax(_ matrix: inout Matrix, rows: Int) {
    matrix.check(0..<rows)
    let columns = matrix.columns
    functions.pointee.softmax(matrix.base, columns, 1, rows, columns)
  }

  /// Adds row `row` of `addend`, times `factor`, to row `target` of `matrix`.
  package func add(
    row: Int, of addend: borrowing Matrix, times factor: Float, to target: Int,
    of matrix: inout Matrix
  ) {
    addend.check(row..<row + 1)
    matrix.check(target..<target + 1)
    precondition(addend.columns == matrix.columns)
    functions.pointee.add_scaled(
      matrix.start(ofRow: target), addend.start(ofRow: row), factor, matrix.columns)
  }
}

extension Matrix {
  /// One element.
  package func element(row: Int, column: Int) -> Float {
    check(row..<row + 1)
    precondition(column >= 0 && column < columns)
    return start(ofRow: row)[column]
  }

  /// Writes `values`, one for each column, to each of `rows`.
  package mutating func fill(rows: Range<Int>, with values: [Float]) {
    check(rows)
    precondition(values.count == columns)
    for row in rows { start(ofRow: row).update(from: values, count: columns) }
  }
}

extension SharedWeights {
  /// A part of these weights, in the same memory.
  package func slice(_ elements: Range<Int>) -> SharedWeights {
    precondition(elements.lowerBound >= 0 && elements.upperBound <= count && !elements.isEmpty)
    let bytes = UnsafeRawBufferPointer(
      start: address + elements.lowerBound * type.byteCount,
      count: elements.count * type.byteCount)
    return SharedWeights(bytes.bytes, of: type, keptAliveBy: owner)
  }
}
