/// What a convolution over the rows of a sequence reads, so that a dense layer computes it.
extension Matrix {
  /// Writes, for each of `rows` of `source`, the `count` columns from `column` on of the `size`
  /// rows around it, one after another, into consecutive rows of this matrix from `target` on. Rows
  /// outside `rows` are zeros; `size` is odd.
  package mutating func copyWindows(
    of source: borrowing Matrix, rows: Range<Int>, column: Int, count: Int, size: Int,
    to target: Int
  ) {
    source.check(rows)
    check(target..<target + rows.count)
    precondition(column >= 0 && count > 0 && column + count <= source.columns)
    precondition(size % 2 == 1 && columns == size * count)
    for row in rows {
      var place = start(ofRow: target + row - rows.lowerBound)
      for neighbour in row - size / 2...row + size / 2 {
        if rows.contains(neighbour) {
          place.update(from: source.start(ofRow: neighbour) + column, count: count)
        } else {
          place.update(repeating: 0, count: count)
        }
        place += count
      }
    }
  }
}

extension SharedWeights {
  /// The rows `outputs` of a convolution's weights, `[all outputs, columns, size]`, as those of a
  /// dense layer that reads the rows of `Matrix.copyWindows`. Throws `.outOfMemory`.
  package static func convolution(
    _ values: [Float], outputs: Range<Int>, columns: Int, size: Int
  ) throws(KernelsError) -> SharedWeights {
    precondition(outputs.lowerBound >= 0 && outputs.upperBound * columns * size <= values.count)
    var turned: [Float] = []
    turned.reserveCapacity(outputs.count * columns * size)
    for output in outputs {
      for neighbour in 0..<size {
        for column in 0..<columns {
          turned.append(values[(output * columns + column) * size + neighbour])
        }
      }
    }
    return try SharedWeights.copy(turned.span.bytes, of: .f32)
  }
}
