internal import CKernels

/// A function of each element.
package enum ElementFunction: Sendable, Equatable {
  /// x · Φ(x).
  case gelu
  /// GELU by tanh of a cubic.
  case geluTanh
  /// x · sigmoid(x).
  case silu
  /// max(x, 0).
  case relu
  /// x where it is positive, else x / 100.
  case leakyReLU
  /// Hyperbolic tangent.
  case tanh
  /// 1 / (1 + e⁻ˣ).
  case sigmoid
  /// x.
  case identity
}

extension KernelTable {
  /// Replaces `count` elements from `column` on in each of the first `rows` rows of `matrix`.
  package func apply(
    _ function: ElementFunction, to matrix: inout Matrix, rows: Int, column: Int, count: Int
  ) {
    matrix.check(0..<rows)
    precondition(column >= 0 && count >= 0 && column + count <= matrix.columns)
    for row in 0..<rows { apply(function, matrix.start(ofRow: row) + column, count) }
  }

  /// Multiplies, in each of the first `rows` rows of `matrix`, whose columns are two halves, the
  /// function of one half with the other, into as many rows of `output`.
  package func gate(
    _ function: ElementFunction, firstHalf: Bool, _ matrix: inout Matrix, rows: Int,
    into output: inout Matrix
  ) {
    matrix.check(0..<rows)
    output.check(0..<rows)
    let half = output.columns
    precondition(matrix.columns == 2 * half)
    for row in 0..<rows {
      let start = matrix.start(ofRow: row)
      let gate = firstHalf ? start : start + half
      apply(function, gate, half)
      let out = output.start(ofRow: row)
      out.update(from: gate, count: half)
      functions.pointee.multiply(out, firstHalf ? start + half : start, half)
    }
  }

  /// Adds the first `rows.count` rows of `addend` to `rows` of `matrix`.
  package func add(_ addend: borrowing Matrix, to matrix: inout Matrix, rows: Range<Int>) {
    matrix.check(rows)
    addend.check(0..<rows.count)
    precondition(addend.columns == matrix.columns)
    functions.pointee.add(
      matrix.start(ofRow: rows.lowerBound), addend.base, rows.count * matrix.columns)
  }

  func apply(_ function: ElementFunction, _ x: UnsafeMutablePointer<Float>, _ count: Int) {
    switch function {
    case .gelu: functions.pointee.gelu(x, count)
    case .geluTanh: functions.pointee.gelu_tanh(x, count)
    case .silu: functions.pointee.silu(x, count)
    case .relu: functions.pointee.relu(x, count)
    case .tanh: functions.pointee.tanh(x, count)
    case .sigmoid: functions.pointee.sigmoid(x, count)
    case .leakyReLU:
      // One multiplication, whose result is the same wherever it is done.
      for index in 0..<count where x[index] < 0 { x[index] *= 0.01 }
    case .identity: break
    }
  }
}
