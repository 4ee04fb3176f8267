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
/// A row of the result has the same bits whatever rows are computed with it, and in f32 on every
/// instruction set.
package struct Linear: Sendable {
  /// What is done to the product while it is in registers or the nearer caches.
  package enum Epilogue: Sendable {
    /// Adds the bias, where there is one.
    case bias
    /// Adds the bias, where there is one, and what the output held before (the residual).
    case biasResidual
    /// Adds the bias, where there is one, then GELU in its exact form.
    case biasGELU
    /// As `biasResidual`, then normalises each row.
    case biasResidualLayerNorm(LayerNorm)
    /// Adds the bias, where there is one, then multiplies the function of each gate with what it is
    /// for: half as many outputs as weights, in which `gateWidth` gates and as many that they are for
    /// take turns.
    case biasGate(Gate)
  }

  /// Functions of a gate.
  package enum Gate: Sendable {
    case gelu, geluTanh, silu

    /// nil for a function that no product has.
    package init?(_ function: ElementFunction) {
      switch function {
      case .gelu: self = .gelu
      case .geluTanh: self = .geluTanh
      case .silu: self = .silu
      default: return nil
      }
    }
  }

  /// Gates stand before what they are for, so many at a time: half a panel.
  package static let gateWidth = PackedShape.panelColumns / 2

  /// Rows multiplied at a time: enough for the weights to be read seldom, few enough for what
  /// follows to find the rows in a cache.
  package static let tileRows = 144

  private let weights: PackedWeights
  private let bias: [Float]?
  private let epilogue: Epilogue
  private let table: KernelTable
  private let successor: WeightOrder.Successor?

  /// A layer of packed weights and a bias `[outColumns]`; `order` has those that came before it.
  package init(
    _ weights: PackedWeights, bias: [Float]?, epilogue: Epilogue, table: KernelTable,
    order: WeightOrder? = nil
  ) {
    precondition(bias == nil || bias?.count == weights.shape.columns)
    switch epilogue {
    case .biasResidualLayerNorm(let norm): precondition(norm.columns == weights.shape.columns)
    case .biasGate: precondition(weights.shape.columns % PackedShape.panelColumns == 0)
    case .bias, .biasResidual, .biasGELU: break
    }
    self.weights = weights
    self.bias = bias
    self.epilogue = epilogue
    self.table = table
    successor = order?.append(weights)
  }

  /// Columns of the output.
  package var outColumns: Int {
    if case .biasGate = epilogue { weights.shape.columns / 2 } else { weights.shape.columns }
  }
  /// Columns of the input.
  package var inColumns: Int { weights.shape.inner }

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
      if tile.lowerBound > rows.lowerBound { scratch.beat() }
      let target = output.start(ofRow: outputRow + tile.lowerBound - rows.lowerBound)
      let prepared = scratch.prepare(
        input.start(ofRow: tile.lowerBound), rows: tile.count, columns: inColumns,
        for: weights.shape.storage, table)
      multiply(prepared, into: target + outputColumn, stride: output.columns, scratch)
      normalize(target, rows: tile.count)
    }
  }

  /// Applies the layer and then `last` to `rows` of `input` and puts the results in `output` from row
  /// `outputRow` on. What lies between stays in the scratch.
  package func apply(
    _ input: borrowing Matrix, rows: Range<Int>, then last: Linear, into output: inout Matrix,
    at outputRow: Int, scratch: Scratch
  ) {
    input.check(rows)
    output.check(outputRow..<outputRow + rows.count)
    precondition(input.columns == inColumns && output.columns == last.outColumns)
    for tile in RowTiles(rows, rowsMax: Self.tileRows) {
      if tile.lowerBound > rows.lowerBound { scratch.beat() }
      apply(
        input.start(ofRow: tile.lowerBound), rows: tile.count, then: last,
        into: output.start(ofRow: outputRow + tile.lowerBound - rows.lowerBound), scratch)
    }
  }

  /// The same with results in the place of what they are made of.
  package func apply(
    to matrix: inout Matrix, rows: Range<Int>, then last: Linear, scratch: Scratch
  ) {
    matrix.check(rows)
    precondition(matrix.columns == inColumns && inColumns == last.outColumns)
    for tile in RowTiles(rows, rowsMax: Self.tileRows) {
      if tile.lowerBound > rows.lowerBound { scratch.beat() }
      let start = matrix.start(ofRow: tile.lowerBound)
      apply(start, rows: tile.count, then: last, into: start, scratch)
    }
  }

  private func apply(
    _ x: UnsafePointer<Float>, rows: Int, then last: Linear,
    into out: UnsafeMutablePointer<Float>, _ scratch: Scratch
  ) {
    precondition(outColumns == last.inColumns)
    let prepared = scratch.prepare(
      x, rows: rows, columns: inColumns, for: weights.shape.storage, table)
    let between: ck_rows
    if weights.shape.storage == .bf16Pairs, last.weights.shape.storage == .bf16Pairs {
      // In the form that the next product takes, and half as large.
      between = scratch.halfRows(rows, columns: outColumns)
      multiply(prepared, intoHalves: between, scratch)
    } else {
      let values = scratch.between(rows, columns: outColumns)
      multiply(prepared, into: values, stride: outColumns, scratch)
      between = scratch.prepare(
        values, rows: rows, columns: outColumns, for: last.weights.shape.storage, table)
    }
    last.multiply(between, into: out, stride: last.outColumns, scratch)
    last.normalize(out, rows: rows)
  }

  private func normalize(_ rows: UnsafeMutablePointer<Float>, rows count: Int) {
    guard case .biasResidualLayerNorm(let norm) = epilogue else { return }
    table.functions.pointee.layer_norm(
      rows, outColumns, norm.gamma, norm.beta, norm.epsilon, count, outColumns)
  }

  private var kernelEpilogue: ck_epilogue {
    switch epilogue {
    case .bias: CK_EPILOGUE_NONE
    case .biasGELU: CK_EPILOGUE_GELU
    case .biasResidual, .biasResidualLayerNorm: CK_EPILOGUE_ADD
    case .biasGate(.gelu): CK_EPILOGUE_GELU_GATE
    case .biasGate(.geluTanh): CK_EPILOGUE_GELU_TANH_GATE
    case .biasGate(.silu): CK_EPILOGUE_SILU_GATE
    }
  }

  private func multiply(
    _ rows: ck_rows, into out: UnsafeMutablePointer<Float>, stride: Int, _ scratch: Scratch
  ) {
    multiply(rows, kernelEpilogue, into: out, byteCount: 4, stride: stride, scratch)
  }

  private func multiply(_ rows: ck_rows, intoHalves out: ck_rows, _ scratch: Scratch) {
    let epilogue = ck_epilogue(kernelEpilogue.rawValue | CK_EPILOGUE_TO_BF16.rawValue)
    multiply(
      rows, epilogue, into: UnsafeMutableRawPointer(mutating: out.values), byteCount: 2,
      stride: out.stride, scratch)
  }

  /// Elements of the output take `byteCount` bytes.
  private func multiply(
    _ rows: ck_rows, _ epilogue: ck_epilogue, into out: UnsafeMutableRawPointer, byteCount: Int,
    stride: Int, _ scratch: Scratch
  ) {
    let functions = table.functions
    let product =
      switch weights.shape.storage {
      case .f32: functions.pointee.product_f32
      case .f16: functions.pointee.product_f32_f16
      case .bf16: functions.pointee.product_f32_bf16
      case .bf16Pairs: functions.pointee.product_bf16
      case .int8: functions.pointee.product_int8
      }
    let (weights, bias) = (self.weights, self.bias)
    // A gate's panels give half as many columns.
    let share = weights.shape.columns / outColumns
    func multiply(_ columns: Range<Int>, _ next: UnsafeRawPointer?) {
      var rows = rows
      weights.withPacked(columns, bias: bias, next: next) { packed in
        product?(out + byteCount * columns.lowerBound / share, stride, &rows, packed, epilogue)
      }
    }
    guard let team = scratch.team else {
      return multiply(0..<weights.shape.columns, panel(weights.shape.panelCount))
    }
    team.run(weights.shape.panelCount, scratch) { index, _ in
      let first = index * PackedShape.panelColumns
      multiply(
        first..<min(first + PackedShape.panelColumns, weights.shape.columns),
        panel(index + team.memberCount))
    }
  }

  /// The panel at an index that may go on into the weights of the next product.
  private func panel(_ index: Int) -> UnsafeRawPointer? {
    if index < weights.shape.panelCount { return weights.panel(index) }
    let index = index - weights.shape.panelCount
    guard let next = successor?.weights, index < next.shape.panelCount else { return nil }
    return next.panel(index)
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
