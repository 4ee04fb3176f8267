internal import CKernels

/// A norm of rows: with mean and shift, or of the root mean square only.
package enum RowNorm: Sendable {
  /// (x − mean) / √(variance + ε) · gamma + beta.
  case layer(LayerNorm)
  /// x / √(mean of x² + epsilon) · gamma.
  case rootMeanSquare(gamma: [Float], epsilon: Float)

  /// Columns of the rows it normalises.
  package var columns: Int {
    switch self {
    case .layer(let norm): norm.columns
    case .rootMeanSquare(let gamma, _): gamma.count
    }
  }
}

extension KernelTable {
  /// Normalises `rows` of `matrix`, whose columns the norm has, in place.
  package func normalize(_ matrix: inout Matrix, rows: Range<Int>, _ norm: RowNorm) {
    matrix.check(rows)
    precondition(matrix.columns == norm.columns)
    apply(norm, to: matrix.start(ofRow: rows.lowerBound), stride: matrix.columns, rows: rows.count)
  }

  /// Normalises a copy of `rows` of `source`; the results are the first rows of `target`.
  package func normalize(
    _ source: borrowing Matrix, rows: Range<Int>, into target: inout Matrix, _ norm: RowNorm
  ) {
    source.check(rows)
    target.check(0..<rows.count)
    precondition(source.columns == norm.columns && target.columns == norm.columns)
    target.base.update(
      from: source.start(ofRow: rows.lowerBound), count: rows.count * source.columns)
    apply(norm, to: target.base, stride: target.columns, rows: rows.count)
  }

  /// Normalises each of `count` pieces, as wide as the norm, that lie side by side from `column`
  /// on in the first `rows` rows of `matrix`: the heads of a projection.
  package func normalizeHeads(
    _ matrix: inout Matrix, rows: Int, column: Int, count: Int, _ norm: RowNorm
  ) {
    matrix.check(0..<rows)
    precondition(column >= 0 && column + count * norm.columns <= matrix.columns)
    for row in 0..<rows {
      apply(norm, to: matrix.start(ofRow: row) + column, stride: norm.columns, rows: count)
    }
  }

  /// Normalises the first `rows` rows of `values`, which has no gaps.
  package func normalize(_ values: inout [Float], rows: Int, _ norm: RowNorm) {
    precondition(values.count >= rows * norm.columns)
    values.withUnsafeMutableBufferPointer { values in
      guard let start = values.baseAddress else { return }
      apply(norm, to: start, stride: norm.columns, rows: rows)
    }
  }

  private func apply(
    _ norm: RowNorm, to x: UnsafeMutablePointer<Float>, stride: Int, rows: Int
  ) {
    switch norm {
    case .layer(let norm):
      functions.pointee.layer_norm(
        x, stride, norm.gamma, norm.beta, norm.epsilon, rows, norm.columns)
    case .rootMeanSquare(let gamma, let epsilon):
      functions.pointee.rms_norm(x, stride, gamma, epsilon, rows, gamma.count)
    }
  }
}
