internal import CKernels

/// Scale and shift of a layer norm.
package struct LayerNorm: Sendable {
  /// Multiplies the normalised row, `[columns]`.
  package let gamma: [Float]
  /// Added to it, `[columns]`.
  package let beta: [Float]
  /// Added to the variance.
  package let epsilon: Float

  /// `gamma` and `beta` have the same, positive length.
  package init(gamma: [Float], beta: [Float], epsilon: Float) {
    precondition(gamma.count == beta.count && !gamma.isEmpty)
    self.gamma = gamma
    self.beta = beta
    self.epsilon = epsilon
  }

  /// Columns of the rows it normalises.
  package var columns: Int { gamma.count }
}

/// A dense layer for many rows with what follows the product: out = epilogue(x · weightsᵀ).
///
/// Weights are `[outColumns, inColumns]` and stay where they are and as they are stored, in a mapped
/// file for instance; 16-bit ones are widened to f32, exactly, a block of columns at a time, just
/// before the product that uses the block: the same bits as if they were stored as f32. OpenBLAS
/// multiplies, packing the weights anew in each call. What is behind this type may change; callers
/// do not.
///
/// With OpenBLAS's AVX-512 cores a row of the result has the same bits whatever rows are computed
/// with it; see `BLAS.rowsAreIndependent`.
package struct Linear: Sendable {
  /// What is done to the product while it is in the nearer caches.
  package enum Epilogue: Sendable {
    /// Adds the bias, where there is one.
    case bias
    /// Adds the bias, where there is one, and what the output held before (the residual).
    case biasResidual
    /// Adds the bias, then GELU in its exact form.
    case biasGELU
    /// Adds the bias and what the output held before (the residual), then normalises each row.
    case biasResidualLayerNorm(LayerNorm)
  }

  /// Rows multiplied at a time: enough for OpenBLAS's packing of the weights to cost little, few
  /// enough for the epilogue to find them in a cache. MiniLM runs 4 % slower with 256 rows, and
  /// products of 2,048 rows lose a quarter (measured, AMD EPYC 9005, 1 MB of second-level cache).
  package static let tileRows = 512

  /// Weights widened at a time: see `ColumnBlocks`. 2 MiB of f32.
  static let widenedElements = 1 << 19

  /// Columns of the output.
  package let outColumns: Int
  /// Columns of the input.
  package let inColumns: Int
  private let weights: SharedWeights
  private let bias: [Float]?
  private let epilogue: Epilogue
  private let table: KernelTable

  /// A layer of `weights` `[outColumns, inColumns]` and a bias `[outColumns]`, which the last two
  /// epilogues need.
  package init(
    weights: SharedWeights, inColumns: Int, bias: [Float]?, epilogue: Epilogue, table: KernelTable
  ) {
    precondition(inColumns > 0 && weights.count > 0 && weights.count % inColumns == 0)
    let columns = weights.count / inColumns
    precondition(bias == nil || bias?.count == columns)
    switch epilogue {
    case .bias, .biasResidual: break
    case .biasGELU: precondition(bias != nil)
    case .biasResidualLayerNorm(let norm): precondition(bias != nil && norm.columns == columns)
    }
    BLAS.prepare()
    self.weights = weights
    self.inColumns = inColumns
    self.bias = bias
    self.epilogue = epilogue
    self.table = table
    outColumns = columns
  }

  /// Floats of scratch that widening a block of the weights takes; 0 where they are f32.
  package var widenedCount: Int {
    guard weights.type != .f32 else { return 0 }
    return ColumnBlocks.largest(
      columns: outColumns, inner: inColumns, elementsMax: Self.widenedElements)
  }

  /// Applies the layer to rows `rows` of `input` and puts the results in `output` from row
  /// `outputRow` and column `outputColumn` on.
  ///
  /// `input` has `inColumns` columns. Nothing else of `output` is touched. With
  /// `.biasResidualLayerNorm`, `output` has just `outColumns` columns and holds the residual.
  package func apply(
    _ input: borrowing Matrix, rows: Range<Int>, into output: inout Matrix, at outputRow: Int,
    column outputColumn: Int = 0, scratch: Scratch
  ) {
    input.check(rows)
    output.check(outputRow..<outputRow + rows.count)
    precondition(input.columns == inColumns && outputColumn >= 0)
    precondition(outputColumn + outColumns <= output.columns)
    for tile in RowTiles(rows, rowsMax: Self.tileRows) {
      let target = output.start(ofRow: outputRow + tile.lowerBound - rows.lowerBound)
      multiply(
        input.start(ofRow: tile.lowerBound), rows: tile.count, into: target + outputColumn,
        stride: output.columns, scratch: scratch)
      finish(target + outputColumn, stride: output.columns, rows: tile.count)
    }
  }

  private var addsToOutput: Bool {
    switch epilogue {
    case .bias, .biasGELU: false
    case .biasResidual, .biasResidualLayerNorm: true
    }
  }

  private func multiply(
    _ x: UnsafePointer<Float>, rows: Int, into out: UnsafeMutablePointer<Float>, stride: Int,
    scratch: Scratch
  ) {
    let rowsMin = BLAS.rowsMin(columns: outColumns)
    guard rows < rowsMin else {
      product(x, rows: rows, into: out, stride: stride, scratch: scratch)
      return
    }
    // What fills the rows up does not show in the others; zeros keep it free of NaN.
    precondition(scratch.paddedInput.rows >= rowsMin && scratch.paddedOutput.rows >= rowsMin)
    precondition(scratch.limits.inColumnsMax >= inColumns)
    precondition(scratch.limits.outColumnsMax >= outColumns)
    let paddedInput = scratch.paddedInput.base
    let paddedOutput = scratch.paddedOutput.base
    paddedInput.update(from: x, count: rows * inColumns)
    (paddedInput + rows * inColumns).update(repeating: 0, count: (rowsMin - rows) * inColumns)
    if addsToOutput {
      for row in 0..<rows {
        (paddedOutput + row * outColumns).update(from: out + row * stride, count: outColumns)
      }
      (paddedOutput + rows * outColumns)
        .update(repeating: 0, count: (rowsMin - rows) * outColumns)
    }
    product(paddedInput, rows: rowsMin, into: paddedOutput, stride: outColumns, scratch: scratch)
    for row in 0..<rows {
      (out + row * stride).update(from: paddedOutput + row * outColumns, count: outColumns)
    }
  }

  /// The product of enough rows, `[rows, inColumns]` without gaps, widening the weights in blocks
  /// where they are not f32.
  private func product(
    _ x: UnsafePointer<Float>, rows: Int, into out: UnsafeMutablePointer<Float>, stride: Int,
    scratch: Scratch
  ) {
    guard weights.type != .f32 else {
      BLAS.multiply(
        x, stride: inColumns, weights: weights.floats, into: out, stride: stride, rows: rows,
        columns: outColumns, inner: inColumns, adding: addsToOutput)
      return
    }
    precondition(scratch.limits.widenedCount >= widenedCount)
    let widened = scratch.widened.base
    let blocks = ColumnBlocks(
      columns: outColumns, inner: inColumns, elementsMax: Self.widenedElements)
    for block in blocks {
      weights.widen(
        block.lowerBound * inColumns..<block.upperBound * inColumns, into: widened, table)
      BLAS.multiply(
        x, stride: inColumns, weights: widened, into: out + block.lowerBound, stride: stride,
        rows: rows, columns: block.count, inner: inColumns, adding: addsToOutput)
    }
  }

  private func finish(_ out: UnsafeMutablePointer<Float>, stride: Int, rows: Int) {
    // What needs a bias has one.
    guard let bias else { return }
    let functions = table.functions
    switch epilogue {
    case .bias, .biasResidual:
      functions.pointee.add_bias(out, stride, bias, rows, outColumns)
    case .biasGELU:
      functions.pointee.add_bias_gelu(out, stride, bias, rows, outColumns)
    case .biasResidualLayerNorm(let norm):
      functions.pointee.add_bias_layer_norm(
        out, stride, bias, norm.gamma, norm.beta, norm.epsilon, rows, outColumns)
    }
  }
}

/// A range of rows cut into as few tiles as a limit allows, all about equally large, so that no
/// small one is left at the end.
package struct RowTiles: Sequence, IteratorProtocol {
  private var nextRow: Int
  private let end: Int
  private var tilesLeft: Int

  /// Tiles of at most `rowsMax` rows (≥ 1).
  package init(_ rows: Range<Int>, rowsMax: Int) {
    precondition(rowsMax > 0)
    nextRow = rows.lowerBound
    end = rows.upperBound
    tilesLeft = (rows.count + rowsMax - 1) / rowsMax
  }

  /// The next tile, or nil at the end.
  package mutating func next() -> Range<Int>? {
    guard tilesLeft > 0 else { return nil }
    let start = nextRow
    nextRow += (end - start + tilesLeft - 1) / tilesLeft
    tilesLeft -= 1
    return start..<nextRow
  }
}
