/// Copies of whole rows, and rows in arrays.
extension Matrix {
  /// Copies row `row` of `source`, which has as many columns, to row `target` of this matrix.
  package mutating func copyRow(_ row: Int, of source: borrowing Matrix, to target: Int) {
    source.check(row..<row + 1)
    check(target..<target + 1)
    precondition(source.columns == columns)
    start(ofRow: target).update(from: source.start(ofRow: row), count: columns)
  }

  /// Copies `rows` into `output` from element `index` on, without gaps.
  package func copyRows(_ rows: Range<Int>, into output: inout [Float], at index: Int) {
    check(rows)
    precondition(index >= 0 && index + rows.count * columns <= output.count)
    output.withUnsafeMutableBufferPointer { output in
      guard let target = output.baseAddress else { return }
      (target + index).update(
        from: start(ofRow: rows.lowerBound), count: rows.count * columns)
    }
  }
}

extension KernelTable {
  /// Replaces each element of `row` by that of `other`, which has as many, where it is greater or
  /// NaN. A NaN in `row` stays.
  package func takeGreater(_ row: inout [Float], _ other: [Float]) {
    precondition(row.count == other.count)
    for index in row.indices where !(other[index] <= row[index]) && !row[index].isNaN {
      row[index] = other[index]
    }
  }

  /// The positive elements among the first `count` of `row` as ascending indices and values, each
  /// value x as log(1 + x), `repetitions` times over, rounded once from double precision.
  package func positiveLogarithms(
    _ row: [Float], count: Int, repetitions: Int
  ) -> (indices: [Int32], values: [Float]) {
    precondition(count <= row.count && repetitions > 0)
    var indices: [Int32] = []
    var values: [Float] = []
    for index in 0..<count where !(row[index] <= 0) {
      var value = Double(row[index])
      // What is not finite stays what it is: the caller refuses it.
      for _ in 0..<repetitions where value.isFinite {
        value = DeterministicMath.log1p(value)
      }
      let rounded = Float(value)
      guard rounded != 0 else { continue }
      indices.append(Int32(index))
      values.append(rounded)
    }
    return (indices, values)
  }
}

extension DeterministicMath {
  /// log(1 + x) for a finite x ≥ 0.
  static func log1p(_ x: Double) -> Double {
    let sum = 1 + x
    // The part of x that the sum lost, to the first order.
    return log(sum) + (x - (sum - 1)) / sum
  }
}
