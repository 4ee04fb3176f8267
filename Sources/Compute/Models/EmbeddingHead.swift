internal import Kernels
internal import Resolution

/// The model as an embedding: pooled hidden states, joined where there are several poolings,
/// through the Dense and LayerNorm modules if there are any. The rows are not cut or normalised
/// yet; see `LoadedModel.finish`.
struct EmbeddingHead: TaskHead {
  let outputWidth: Int
  let widest: Int
  private let poolings: [PoolingStep]
  private let hiddenSize: Int
  private let dense: [Head]
  /// Those before each of `dense`, and behind the last.
  private let norms: [[RowNorm]]
  private let table: KernelTable

  /// At least one pooling, and one list of norms more than maps.
  init(
    _ poolings: [Pooling], hiddenSize: Int, dense: [Head], norms: [[RowNorm]], table: KernelTable
  ) {
    precondition(!poolings.isEmpty && norms.count == dense.count + 1)
    outputWidth = dense.last?.outColumns ?? hiddenSize * poolings.count
    widest = dense.map(\.inColumns).max() ?? 0
    self.poolings = poolings.map {
      PoolingStep(pooling: $0, hiddenSize: hiddenSize, table: table)
    }
    self.hiddenSize = hiddenSize
    self.dense = dense
    self.norms = norms
    self.table = table
  }

  func apply(
    _ hidden: borrowing Matrix, _ batch: RaggedBatch, _ scratch: ModelScratch,
    into output: inout [Float]
  ) {
    let rows = batch.inputCount
    if dense.isEmpty {
      pool(hidden, batch, into: &output)
    } else {
      pool(hidden, batch, into: &scratch.pooled)
      scratch.run(dense, rows: rows, into: &output) { index, values in
        normalize(&values, rows: rows, norms[index])
      }
    }
    normalize(&output, rows: rows, norms[dense.count])
  }

  private func pool(
    _ hidden: borrowing Matrix, _ batch: RaggedBatch, into output: inout [Float]
  ) {
    for (index, pooling) in poolings.enumerated() {
      pooling.apply(
        hidden, batch, into: &output, column: index * hiddenSize,
        stride: poolings.count * hiddenSize)
    }
  }

  private func normalize(_ values: inout [Float], rows: Int, _ norms: [RowNorm]) {
    for norm in norms { table.normalize(&values, rows: rows, norm) }
  }
}
