internal import Kernels
internal import Resolution

/// What comes after the backbone: hidden states in, one row for each input out.
protocol TaskHead: Sendable {
  /// Columns of the output.
  var outputWidth: Int { get }

  /// Writes the rows of a batch, `[inputs, outputWidth]`; `hidden` holds a row for each token.
  func apply(
    _ hidden: borrowing Matrix, _ batch: RaggedBatch, _ scratch: ModelScratch,
    into output: inout [Float])
}

/// Pools the hidden states of each input into one: the model as an embedding. The rows are not
/// cut or normalised yet; see `LoadedModel.finish`.
struct EmbeddingHead: TaskHead {
  let outputWidth: Int
  private let pooling: Pooling
  private let table: KernelTable

  init(_ pooling: Pooling, hiddenSize: Int, table: KernelTable) {
    outputWidth = hiddenSize
    self.pooling = pooling
    self.table = table
  }

  func apply(
    _ hidden: borrowing Matrix, _ batch: RaggedBatch, _ scratch: ModelScratch,
    into output: inout [Float]
  ) {
    for input in 0..<batch.inputCount {
      let tokens = batch.tokens(of: input)
      let rows = pooling == .mean ? tokens : tokens.lowerBound..<tokens.lowerBound + 1
      // The mean of one row is that row.
      table.meanPool(hidden, rows: rows, into: &output, at: input * outputWidth)
    }
  }
}

/// BERT's pooler and classifier: tanh(dense(first token)), then one logit for each label.
struct ClassificationHead: TaskHead {
  private let pooler: Head
  private let classifier: Head
  private let first: EmbeddingHead

  var outputWidth: Int { classifier.outColumns }

  init(pooler: Head, classifier: Head, table: KernelTable) {
    self.pooler = pooler
    self.classifier = classifier
    first = EmbeddingHead(.cls, hiddenSize: pooler.inColumns, table: table)
  }

  func apply(
    _ hidden: borrowing Matrix, _ batch: RaggedBatch, _ scratch: ModelScratch,
    into output: inout [Float]
  ) {
    let rows = batch.inputCount
    first.apply(hidden, batch, scratch, into: &scratch.firstTokens)
    pooler.apply(scratch.firstTokens, rows: rows, into: &scratch.pooled)
    classifier.apply(scratch.pooled, rows: rows, into: &output)
  }
}
