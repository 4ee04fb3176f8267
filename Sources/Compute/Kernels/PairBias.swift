internal import CKernels

/// What is added to the scores of attention for the distance of query and key: one number for
/// each head and distance (MPNet, T5).
package struct DistanceBias: Sendable {
  /// Longest input: distances are below it on both sides.
  package let lengthMax: Int
  // [heads, 2 · lengthMax − 1]; key − query + lengthMax − 1 is the column.
  let values: [Float]

  /// `value` gives the number for a head and key − query.
  package init(headCount: Int, lengthMax: Int, value: (Int, Int) -> Float) {
    self.lengthMax = lengthMax
    var values: [Float] = []
    values.reserveCapacity(headCount * (2 * lengthMax - 1))
    for head in 0..<headCount {
      for distance in 1 - lengthMax..<lengthMax { values.append(value(head, distance)) }
    }
    self.values = values
  }

  var width: Int { 2 * lengthMax - 1 }
}

/// Disentangled attention (DeBERTa): to the product of query and key come those of the query with
/// a vector for the distance, and of the key with another.
package struct DisentangledBias: Sendable {
  /// The vectors of all heads, `[count, heads · headSize]`, by the column that a distance has.
  package struct Vectors: Sendable {
    // Transposed for each head: [heads, headSize, padded count].
    let transposed: SharedWeights
  }

  /// Longest input: distances are below it on both sides.
  package let lengthMax: Int
  /// Vectors in each table.
  package let count: Int
  let queryVectors: Vectors?
  let keyVectors: Vectors?
  // key − query + lengthMax − 1 is the index.
  let indices: [Int32]

  /// Columns of a product with all vectors.
  var paddedCount: Int { Scratch.paddedKeyCount(count) }

  /// `keys` are what queries are multiplied with, `queries` what keys are; `index` gives the row
  /// of a distance, key − query, in both. Throws `.outOfMemory`.
  package init(
    keys: consuming Matrix?, queries: consuming Matrix?, headCount: Int, lengthMax: Int,
    count: Int, table: KernelTable, index: (Int) -> Int
  ) throws(KernelsError) {
    self.lengthMax = lengthMax
    self.count = count
    indices = (1 - lengthMax..<lengthMax).map { distance in
      let row = index(distance)
      precondition(row >= 0 && row < count)
      return Int32(row)
    }
    if let keys {
      keyVectors = try Self.transpose(keys, headCount: headCount, table: table)
    } else {
      keyVectors = nil
    }
    if let queries {
      queryVectors = try Self.transpose(queries, headCount: headCount, table: table)
    } else {
      queryVectors = nil
    }
  }

  private static func transpose(
    _ vectors: borrowing Matrix, headCount: Int, table: KernelTable
  ) throws(KernelsError) -> Vectors {
    let headSize = vectors.columns / headCount
    let stride = Scratch.paddedKeyCount(vectors.rows)
    let transposed = try SharedWeights.floats(count: vectors.columns * stride) { out in
      for head in 0..<headCount {
        table.functions.pointee.transpose(
          out + head * headSize * stride, stride, vectors.base + head * headSize,
          vectors.columns, vectors.rows, headSize)
      }
    }
    return Vectors(transposed: transposed)
  }
}
