internal import CKernels

/// Full (bidirectional) attention of every head within each sequence of a ragged batch.
///
/// softmax(Q · Kᵀ / √headSize) · V in tiles of up to 60 queries by all keys: memory grows with the
/// length of a sequence, not with its square. The result of a sequence depends on nothing but its
/// own rows, and a row's bits not on the tile it falls in.
package struct RaggedAttention: Sendable {
  /// Number of heads.
  package let headCount: Int
  /// Columns of one head.
  package let headSize: Int
  private let scale: Float
  private let table: KernelTable
  /// Whether both products are computed in bf16.
  private let isBF16: Bool

  /// Both sizes must be positive. Products are computed in bf16 where `precision` is not f32 and the
  /// instruction set has it, for heads of 16, 32, 48 or 64 columns; else in f32.
  package init(
    headCount: Int, headSize: Int, precision: Precision = .f32, table: KernelTable
  ) {
    precondition(headCount > 0 && headSize > 0)
    self.headCount = headCount
    self.headSize = headSize
    self.table = table
    isBF16 =
      table.family(of: precision) == "dpbf16" && headSize % 16 == 0
      && headSize <= PackedShape.panelColumns
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
    let attend = isBF16 ? attendInHalves : attend
    scratch.share(headCount) { head, scratch in
      let queries = first + head * headSize
      attend(
        queries, 3 * width, queries + width, queries + 2 * width, rows.count, seenCount,
        target + head * headSize, width, scratch)
    }
  }

  private func attend(
    _ queries: UnsafePointer<Float>, _ stride: Int, _ keys: UnsafePointer<Float>,
    _ values: UnsafePointer<Float>, _ count: Int, _ seenCount: Int,
    _ output: UnsafeMutablePointer<Float>, _ outputStride: Int, _ scratch: Scratch
  ) {
    let functions = table.functions
    let keyCount = Scratch.paddedKeyCount(seenCount)
    let transposedKeys = scratch.keys.base
    let scores = scratch.scores.base
    functions.pointee.transpose(transposedKeys, keyCount, keys, stride, seenCount, headSize)
    let shares = scratch.shares.base
    for tile in RowTiles(0..<count, rowsMax: Scratch.queryTileRows(keyCount: keyCount)) {
      if tile.lowerBound > 0 { scratch.beat() }
      functions.pointee.matmul(
        scores, keyCount, queries + tile.lowerBound * stride, stride, transposedKeys, keyCount,
        tile.count, keyCount, headSize)
      functions.pointee.exponentials(scores, keyCount, shares, scale, tile.count, seenCount)
      let target = output + tile.lowerBound * outputStride
      functions.pointee.matmul(
        target, outputStride, scores, keyCount, values, stride, tile.count, headSize, seenCount)
      functions.pointee.scale_rows(target, outputStride, shares, tile.count, headSize)
    }
  }

  /// The same in bf16: keys and values are packed as weights are, once for all tiles.
  private func attendInHalves(
    _ queries: UnsafePointer<Float>, _ stride: Int, _ keys: UnsafePointer<Float>,
    _ values: UnsafePointer<Float>, _ count: Int, _ seenCount: Int,
    _ output: UnsafeMutablePointer<Float>, _ outputStride: Int, _ scratch: Scratch
  ) {
    let functions = table.functions.pointee
    let keyCount = Scratch.paddedKeyCount(seenCount)
    let scores = scratch.scores.base
    // Panels of keys, then that of values: 16 bits each in the place of 32.
    let keyPanels = UnsafeMutableRawPointer(scratch.keys.base)
      .assumingMemoryBound(to: UInt16.self)
    let valuePanel = keyPanels + keyCount * headSize
    let rounded = UnsafeMutableRawPointer(scores).assumingMemoryBound(to: UInt16.self)
    functions.f32_to_bf16(rounded, headSize, keys, stride, seenCount, headSize)
    for first in Swift.stride(from: 0, to: seenCount, by: PackedShape.panelColumns) {
      functions.pack_bf16(
        keyPanels + first * headSize, rounded + first * headSize,
        min(PackedShape.panelColumns, seenCount - first), headSize)
    }
    functions.pack_rows_bf16(valuePanel, values, stride, headSize, seenCount)
    let own = UnsafeMutableRawPointer(scratch.halves.base).assumingMemoryBound(to: UInt16.self)
    let weights = own + Scratch.queryTileRows * headSize
    let shares = scratch.shares.base
    var packedKeys = packed(keyPanels, columns: seenCount, inner: headSize)
    var packedValues = packed(valuePanel, columns: headSize, inner: seenCount)
    for tile in RowTiles(0..<count, rowsMax: Scratch.queryTileRows(keyCount: keyCount)) {
      if tile.lowerBound > 0 { scratch.beat() }
      functions.f32_to_bf16(
        own, headSize, queries + tile.lowerBound * stride, stride, tile.count, headSize)
      var rows = ck_rows(
        values: own, stride: headSize, scales: nil, zeros: nil, count: tile.count)
      functions.product_bf16(scores, keyCount, &rows, &packedKeys, CK_EPILOGUE_NONE)
      let weightStride = (seenCount + 1) / 2 * 2
      functions.exponentials_bf16(
        weights, weightStride, shares, scores, keyCount, scale, tile.count, seenCount)
      rows = ck_rows(
        values: weights, stride: weightStride, scales: nil, zeros: nil, count: tile.count)
      let target = output + tile.lowerBound * outputStride
      functions.product_bf16(target, outputStride, &rows, &packedValues, CK_EPILOGUE_NONE)
      functions.scale_rows(target, outputStride, shares, tile.count, headSize)
    }
  }

  private func packed(
    _ panels: UnsafePointer<UInt16>, columns: Int, inner: Int
  ) -> ck_packed {
    ck_packed(
      panels: panels, bias: nil, scales: nil, sums: nil, columns: columns, inner: inner,
      next: nil)
  }
}
