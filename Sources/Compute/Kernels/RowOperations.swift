internal import CKernels

/// Operations on rows that need no weights.
extension KernelTable {
  /// The mean of `rows` of `matrix`, which are at least one, in row order, into `output` from
  /// element `index` on: as many elements as the matrix has columns.
  package func meanPool(
    _ matrix: borrowing Matrix, rows: Range<Int>, into output: inout [Float], at index: Int
  ) {
    matrix.check(rows)
    let columns = matrix.columns
    precondition(!rows.isEmpty && index >= 0 && index + columns <= output.count)
    let start = matrix.start(ofRow: rows.lowerBound)
    output.withUnsafeMutableBufferPointer { output in
      guard let out = output.baseAddress else { return }
      functions.pointee.mean_rows(out + index, start, columns, rows.count, columns)
    }
  }

  /// The greatest value of each column over `rows` of `matrix`, which are at least one, or NaN
  /// where one of them is, into `output` from element `index` on.
  package func maxPool(
    _ matrix: borrowing Matrix, rows: Range<Int>, into output: inout [Float], at index: Int
  ) {
    matrix.check(rows)
    let columns = matrix.columns
    precondition(!rows.isEmpty && index >= 0 && index + columns <= output.count)
    let start = matrix.start(ofRow: rows.lowerBound)
    output.withUnsafeMutableBufferPointer { output in
      guard let out = output.baseAddress else { return }
      functions.pointee.max_rows(out + index, start, columns, rows.count, columns)
    }
  }

  /// The mean of `rows` of `matrix`, in which the n-th row counts n times, into `output` from
  /// element `index` on; the first row of all is number `firstNumber`.
  package func weightedMeanPool(
    _ matrix: borrowing Matrix, rows: Range<Int>, firstNumber: Int = 1,
    into output: inout [Float], at index: Int
  ) {
    matrix.check(rows)
    let columns = matrix.columns
    precondition(!rows.isEmpty && index >= 0 && index + columns <= output.count)
    output.withUnsafeMutableBufferPointer { output in
      guard let out = output.baseAddress else { return }
      (out + index).update(repeating: 0, count: columns)
      var sum: Float = 0
      for (offset, row) in rows.enumerated() {
        let number = Float(firstNumber + offset)
        functions.pointee.add_scaled(out + index, matrix.start(ofRow: row), number, columns)
        sum += number
      }
      functions.pointee.scale(out + index, 1 / sum, columns)
    }
  }

  /// Multiplies `count` elements of `row` from `index` on.
  package func scale(_ row: inout [Float], at index: Int, count: Int, by factor: Float) {
    precondition(index >= 0 && index + count <= row.count)
    row.withUnsafeMutableBufferPointer { row in
      guard let x = row.baseAddress else { return }
      functions.pointee.scale(x + index, factor, count)
    }
  }

  /// Divides `row` by its Euclidean norm, or by 1e-12 where that is more.
  package func normalize(_ row: inout MutableSpan<Float>) {
    row.withUnsafeMutableBufferPointer { row in
      guard let x = row.baseAddress else { return }
      functions.pointee.l2_normalize(x, row.count, 1, row.count)
    }
  }

  /// Replaces each element x by 1/(1 + e^−x).
  package func sigmoid(_ row: inout MutableSpan<Float>) {
    row.withUnsafeMutableBufferPointer { row in
      guard let x = row.baseAddress else { return }
      functions.pointee.sigmoid(x, row.count)
    }
  }

  /// Replaces each element by its share of Σ e^x. All of `row` is one distribution.
  package func softmax(_ row: inout MutableSpan<Float>) {
    row.withUnsafeMutableBufferPointer { row in
      guard let x = row.baseAddress else { return }
      functions.pointee.softmax(x, row.count, 1, 1, row.count)
    }
  }

  /// Σ x[i] · y[i]; both have the same length.
  package func dot(_ x: Span<Float>, _ y: Span<Float>) -> Float {
    precondition(x.count == y.count)
    return x.withUnsafeBufferPointer { x in
      y.withUnsafeBufferPointer { y in
        guard let first = x.baseAddress, let second = y.baseAddress else { return 0 }
        return functions.pointee.dot(first, second, x.count)
      }
    }
  }
}
