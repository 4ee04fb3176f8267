internal import Kernels
internal import Resolution

/// What comes after the backbone: hidden states in, one row for each input out.
protocol TaskHead: Sendable {
  /// Columns of the output.
  var outputWidth: Int { get }
  /// Columns of the widest row on the way.
  var widest: Int { get }

  /// Writes the rows of a batch, `[inputs, outputWidth]`; `hidden` holds a row for each token.
  func apply(
    _ hidden: borrowing Matrix, _ batch: RaggedBatch, _ scratch: ModelScratch,
    into output: inout [Float])
}

/// The hidden states of each input made one.
struct PoolingStep: Sendable {
  let pooling: Pooling
  let hiddenSize: Int
  /// The last token is the last one with another id; see `ModelPlan.padID`.
  var padID: Int32? = nil
  let table: KernelTable

  /// Writes a row for each input, `[inputs, hiddenSize]`.
  func apply(_ hidden: borrowing Matrix, _ batch: RaggedBatch, into output: inout [Float]) {
    for input in 0..<batch.inputCount {
      let tokens = batch.pooledTokens(of: input)
      let index = input * hiddenSize
      switch pooling {
      case .mean: table.meanPool(hidden, rows: tokens, into: &output, at: index)
      case .cls:
        // The mean of one row is that row.
        let first = tokens.lowerBound..<tokens.lowerBound + 1
        table.meanPool(hidden, rows: first, into: &output, at: index)
      case .last:
        let row = lastRow(tokens, batch)
        let last = row..<row + 1
        table.meanPool(hidden, rows: last, into: &output, at: index)
      case .max: table.maxPool(hidden, rows: tokens, into: &output, at: index)
      case .meanSqrt:
        table.meanPool(hidden, rows: tokens, into: &output, at: index)
        table.scale(
          &output, at: index, count: hiddenSize, by: Float(tokens.count).squareRoot())
      case .weightedMean:
        // A prompt that is left out has its numbers all the same.
        table.weightedMeanPool(
          hidden, rows: tokens, firstNumber: 1 + batch.pooledStarts[input], into: &output,
          at: index)
      }
    }
  }

  private func lastRow(_ tokens: Range<Int>, _ batch: RaggedBatch) -> Int {
    guard let padID else { return tokens.upperBound - 1 }
    return tokens.last { batch.ids[$0] != padID } ?? tokens.lowerBound
  }
}

/// The model as an embedding: pooled hidden states, mapped by Dense modules if there are any. The
/// rows are not cut or normalised yet; see `LoadedModel.finish`.
struct EmbeddingHead: TaskHead {
  let outputWidth: Int
  let widest: Int
  private let pooling: PoolingStep
  private let dense: [Head]

  init(_ pooling: Pooling, hiddenSize: Int, dense: [Head], table: KernelTable) {
    outputWidth = dense.last?.outColumns ?? hiddenSize
    widest = dense.map(\.inColumns).max() ?? 0
    self.pooling = PoolingStep(pooling: pooling, hiddenSize: hiddenSize, table: table)
    self.dense = dense
  }

  func apply(
    _ hidden: borrowing Matrix, _ batch: RaggedBatch, _ scratch: ModelScratch,
    into output: inout [Float]
  ) {
    guard !dense.isEmpty else {
      pooling.apply(hidden, batch, into: &output)
      return
    }
    pooling.apply(hidden, batch, into: &scratch.pooled)
    scratch.run(dense, rows: batch.inputCount, into: &output)
  }
}

/// The model as a classifier: pooled hidden states through the maps of its head, with a norm before
/// the last where the family has one; one logit for each label.
struct ClassificationHead: TaskHead {
  private let pooling: PoolingStep
  private let maps: [Head]
  private let norm: RowNorm?
  /// What the logits are divided by.
  private let temperature: Float
  private let table: KernelTable

  var outputWidth: Int { maps.last?.outColumns ?? 0 }
  var widest: Int { maps.map(\.inColumns).max() ?? 0 }

  /// `maps` has at least one, the classifier, which is the last.
  init(
    pooling: Pooling, padID: Int32? = nil, maps: [Head], norm: RowNorm?, temperature: Float = 1,
    table: KernelTable
  ) {
    self.temperature = temperature
    precondition(!maps.isEmpty)
    self.pooling = PoolingStep(
      pooling: pooling, hiddenSize: maps[0].inColumns, padID: padID, table: table)
    self.maps = maps
    self.norm = norm
    self.table = table
  }

  func apply(
    _ hidden: borrowing Matrix, _ batch: RaggedBatch, _ scratch: ModelScratch,
    into output: inout [Float]
  ) {
    pooling.apply(hidden, batch, into: &scratch.pooled)
    scratch.run(maps, rows: batch.inputCount, into: &output) { rows in
      if let norm { table.normalize(&rows, rows: batch.inputCount, norm) }
    }
    guard temperature != 1 else { return }
    for index in 0..<batch.inputCount * outputWidth { output[index] /= temperature }
  }
}

extension ModelScratch {
  /// Runs rows of `pooled` through `maps`, the last into `output`; `beforeLast` may change the rows
  /// that it takes.
  func run(
    _ maps: [Head], rows: Int, into output: inout [Float],
    beforeLast: (inout [Float]) -> Void = { _ in }
  ) {
    for (index, map) in maps.enumerated() {
      if index == maps.count - 1 {
        beforeLast(&pooled)
        map.apply(pooled, rows: rows, into: &output)
      } else {
        map.apply(pooled, rows: rows, into: &mapped)
        swap(&pooled, &mapped)
      }
    }
  }
}
