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
