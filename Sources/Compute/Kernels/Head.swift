internal import CKernels

/// A dense layer for few rows: poolers and classifiers.
///
/// Every output is one dot product of its own, in an order that depends only on `inColumns`: the
/// same bits on every processor and in every batch.
package struct Head: Sendable {
  /// Columns of the output.
  package let outColumns: Int
  /// Columns of the input.
  package let inColumns: Int
  private let weights: SharedWeights
  private let bias: [Float]?
  private let activation: ElementFunction
  private let table: KernelTable

  /// A layer of `weights` `[outColumns, inColumns]`, converted to f32 (a copy) if stored in
  /// another type, and a bias `[outColumns]` or none. Throws `.outOfMemory`.
  package init(
    weights: SharedWeights, inColumns: Int, bias: [Float]?, activation: ElementFunction,
    table: KernelTable
  ) throws(KernelsError) {
    precondition(inColumns > 0 && weights.count % inColumns == 0)
    let outColumns = weights.count / inColumns
    precondition(bias == nil || bias?.count == outColumns)
    self.outColumns = outColumns
    self.weights = try weights.asFloats(table)
    self.inColumns = inColumns
    self.bias = bias
    self.activation = activation
    self.table = table
  }

  /// Applies the layer to the first `rows · inColumns` elements of `input`, `[rows, inColumns]`.
  /// The results, `[rows, outColumns]`, are the first elements of `output`; both without gaps.
  package func apply(_ input: [Float], rows: Int, into output: inout [Float]) {
    precondition(rows >= 0 && input.count >= rows * inColumns)
    precondition(output.count >= rows * outColumns)
    input.withUnsafeBufferPointer { input in
      output.withUnsafeMutableBufferPointer { output in
        guard let x = input.baseAddress, let out = output.baseAddress else { return }
        apply(x, into: out, rows: rows)
        table.apply(activation, out, rows * outColumns)
      }
    }
  }

  /// Applies the layer to the first `rows` rows of `input`, into as many rows of `output`.
  package func apply(_ input: borrowing Matrix, rows: Int, into output: inout Matrix) {
    input.check(0..<rows)
    output.check(0..<rows)
    precondition(input.columns == inColumns && output.columns == outColumns)
    apply(input.base, into: output.base, rows: rows)
    table.apply(activation, output.base, rows * outColumns)
  }

  private func apply(
    _ x: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, rows: Int
  ) {
    // An array becomes a pointer only where it is an argument, hence the two calls.
    let functions = table.functions
    if let bias {
      functions.pointee.dense(
        out, outColumns, x, inColumns, weights.floats, bias, rows, outColumns, inColumns)
    } else {
      functions.pointee.dense(
        out, outColumns, x, inColumns, weights.floats, nil, rows, outColumns, inColumns)
    }
  }
}
