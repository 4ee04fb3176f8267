internal import CKernels

/// Full (bidirectional) attention of every head within each sequence of a ragged batch.
///
/// softmax(Q · Kᵀ / √headSize) · V in tiles of 64 queries by all keys: memory grows with the
/// length of a sequence, not with its square. The result of a sequence depends on nothing but its
/// own rows, and a row's bits not on the tile it falls in.
package struct RaggedAttention: Sendable {
  /// Number of heads.
  package let headCount: Int
  /// Columns of one head.
  package let headSize: Int
  private let scale: Float
  private let table: KernelTable

  /// Both sizes must be positive.
  package init(headCount: Int, headSize: Int, table: KernelTable) {
    precondition(headCount > 0 && headSize > 0)
    self.headCount = headCount
    self.headSize = headSize
    self.table = table
    scale = 1 / Float(headSize).squareRoot()
  }

  /// Attends within one sequence.
  ///
  /// `projections` holds the queries, keys and values of a row side by side, `[rows, 3 · heads ·
  /// headSize]`; `rows` are the sequence's. The results go to `output` `[…, heads · headSize]`
  /// from row `outputRow` on. Only the first `seenCount` rows (at least one; nil: all) are seen.
  package func apply(
    _ projections: borrowing Matrix, rows: Range<Int>, into output: inout Matrix,
    at outputRow: Int, keyCount seenCount: Int? = nil, scratch: Scratch
  ) {
    let width = headCount * headSize
    projections.check(rows)
    output.check(outputRow..<outputRow + rows.count)
    precondition(projections.columns == 3 * width && output.columns == width)
    precondition(rows.count <= scratch.limits.sequenceLengthMax)
    precondition(headSize <= scratch.limits.headSize)
    guard !rows.isEmpty else { return }
    let seenCount = seenCount ?? rows.count
    precondition(seenCount > 0 && seenCount <= rows.count)
    let first = projections.start(ofRow: rows.lowerBound)
    let target = output.start(ofRow: outputRow)
    scratch.share(headCount) { head, scratch in
      let queries = first + head * headSize
      attend(
        queries, stride: 3 * width, keys: queries + width, values: queries + 2 * width,
        count: rows.count, seenCount, into: target + head * headSize, outputStride: width,
        scratch: scratch)
    }
  }

  private func attend(
    _ queries: UnsafePointer<Float>, stride: Int, keys: UnsafePointer<Float>,
    values: UnsafePointer<Float>, count: Int, _ seenCount: Int,
    into output: UnsafeMutablePointer<Float>, outputStride: Int, scratch: Scratch
  ) {
    let functions = table.functions
    let keyCount = Scratch.paddedKeyCount(seenCount)
    let transposedKeys = scratch.keys.base
    let scores = scratch.scores.base
    functions.pointee.transpose(transposedKeys, keyCount, keys, stride, seenCount, headSize)
    for tile in RowTiles(0..<count, rowsMax: Scratch.queryTileRows) {
      functions.pointee.matmul(
        scores, keyCount, queries + tile.lowerBound * stride, stride, transposedKeys, keyCount,
        tile.count, keyCount, headSize)
      functions.pointee.softmax(scores, keyCount, scale, tile.count, seenCount)
      functions.pointee.matmul(
        output + tile.lowerBound * outputStride, outputStride, scores, keyCount, values, stride,
        tile.count, headSize, seenCount)
    }
  }
}
