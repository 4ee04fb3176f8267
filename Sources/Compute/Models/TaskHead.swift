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

  /// Writes a row for each input, `[inputs, hiddenSize]`, or from `column` on into rows of
  /// `stride`.
  func apply(
    _ hidden: borrowing Matrix, _ batch: RaggedBatch, into output: inout [Float],
    column: Int = 0, stride: Int? = nil
  ) {
    for input in 0..<batch.inputCount {
      let tokens = batch.pooledTokens(of: input)
      let index = input * (stride ?? hiddenSize) + column
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
        table.weightedMeanPool(hidden, rows: tokens, into: &output, at: index)
      }
    }
  }

  private func lastRow(_ tokens: Range<Int>, _ batch: RaggedBatch) -> Int {
    guard let padID else { return tokens.upperBound - 1 }
    return tokens.last { batch.ids[$0] != padID } ?? tokens.lowerBound
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
    scratch.run(maps, rows: batch.inputCount, into: &output) { index, rows in
      if let norm, index == maps.count - 1 { table.normalize(&rows, rows: batch.inputCount, norm) }
    }
    guard temperature != 1 else { return }
    for index in 0..<batch.inputCount * outputWidth { output[index] /= temperature }
  }
}

extension ModelScratch {
  /// Runs rows of `pooled` through `maps`, the last into `output`; `before` may change the rows
  /// that a map takes.
  func run(
    _ maps: [Head], rows: Int, into output: inout [Float],
    before: (_ map: Int, inout [Float]) -> Void
  ) {
    for (index, map) in maps.enumerated() {
      before(index, &pooled)
      if index == maps.count - 1 {
        map.apply(pooled, rows: rows, into: &output)
      } else {
        map.apply(pooled, rows: rows, into: &mapped)
        swap(&pooled, &mapped)
      }
    }
  }
}
