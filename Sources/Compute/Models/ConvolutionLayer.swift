internal import Kernels
internal import ModelFiles
internal import Resolution

/// DeBERTa's convolution: each token's embedding together with its neighbours' through a map, added
/// to what the first layer makes of the token.
///
/// Beyond the ends of an input stand zeros; no input sees another. Source: `ConvLayer` of
/// transformers' `modeling_deberta_v2.py`.
struct ConvolutionLayer: Sendable {
  private let settings: StackSettings.Convolution
  /// One for each group of columns, `[columns of the group, size · columns of the group]`.
  private let maps: [Linear]
  private let norm: RowNorm
  private let table: KernelTable

  /// Columns of what a map reads, and of what it gives.
  var inColumns: Int { maps[0].inColumns }
  var outColumns: Int { maps[0].outColumns }

  /// nil where the family's settings have none. Throws as `WeightLoader` does.
  init?(
    _ names: StackTensors, _ settings: StackSettings, _ loader: WeightLoader
  ) throws(ModelError) {
    guard let own = settings.convolution else { return nil }
    guard let map = names.convolution, let norm = names.convolutionNorm else {
      throw ModelError(.missing, "the model has no tensors for its convolution")
    }
    self.settings = own
    self.norm = try loader.norm(norm, settings, columns: settings.hiddenSize)
    table = loader.table
    let columns = settings.hiddenSize / own.groupCount
    let values = try loader.floats(map.weight, shape: [settings.hiddenSize, columns, own.size])
    let bias = try map.bias.map { (name) throws(ModelError) in
      try loader.floats(name, shape: [settings.hiddenSize])
    }
    var maps: [Linear] = []
    for group in 0..<own.groupCount {
      let outputs = group * columns..<(group + 1) * columns
      let weights = try computing { () throws(KernelsError) in
        try SharedWeights.convolution(values, outputs: outputs, columns: columns, size: own.size)
      }
      maps.append(
        try loader.linear(
          [weights], in: own.size * columns, bias: bias.map { Array($0[outputs]) }, .bias))
    }
    self.maps = maps
  }

  /// Convolves the hidden states of a batch, which are still its embeddings.
  func read(_ batch: RaggedBatch, _ scratch: StackScratch) {
    for group in SequenceGroups(batch) { read(batch, inputs: group, scratch) }
    table.apply(
      settings.activation, to: &scratch.convolved, rows: batch.tokenCount, column: 0,
      count: scratch.convolved.columns)
  }

  private func read(_ batch: RaggedBatch, inputs: Range<Int>, _ scratch: StackScratch) {
    let first = batch.offsets[inputs.lowerBound]
    let count = batch.offsets[inputs.upperBound] - first
    for (group, map) in maps.enumerated() {
      for input in inputs {
        let tokens = batch.tokens(of: input)
        scratch.neighbours.copyWindows(
          of: scratch.hidden, rows: tokens, column: group * map.outColumns, count: map.outColumns,
          size: settings.size, to: tokens.lowerBound - first)
      }
      map.apply(
        scratch.neighbours, rows: 0..<count, into: &scratch.convolved, at: first,
        column: group * map.outColumns, scratch: scratch.operations)
    }
  }

  /// Adds what `read` computed to the hidden states, and normalises them.
  func add(_ batch: RaggedBatch, _ scratch: StackScratch) {
    let rows = 0..<batch.tokenCount
    table.add(scratch.convolved, to: &scratch.hidden, rows: rows)
    table.normalize(&scratch.hidden, rows: rows, norm)
  }
}
