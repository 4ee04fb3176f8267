internal import Kernels
internal import ModelFiles
internal import Resolution

/// BERT: token, position and segment embeddings, then layers that normalise after each residual
/// (post-LN) with GELU in its exact form.
///
/// Source: transformers' `modeling_bert.py`, `BertModel` with absolute positions; compared with
/// sentence-transformers in f32 by the tests.
package struct BertBackbone: Backbone {
  private struct Layer: Sendable {
    /// Query, key and value side by side.
    var projections: Linear
    var attentionOutput: Linear
    var intermediate: Linear
    var output: Linear
  }

  package let hiddenSize: Int
  package let vocabularySize: Int
  package let positionCount: Int
  package let segmentCount: Int
  private let intermediateSize: Int
  private let embeddings: EmbeddingTables
  private let attention: RaggedAttention
  private let layers: [Layer]

  /// Loads the weights that `names` names. Throws as `WeightLoader` and `BertConfiguration` do.
  init(
    _ names: BertTensors, config: ConfigFile, loader: WeightLoader
  ) throws(ModelError) {
    let sizes = try BertConfiguration(config)
    hiddenSize = sizes.hiddenSize
    vocabularySize = sizes.vocabularySize
    positionCount = sizes.positionCount
    segmentCount = min(sizes.segmentCount, 2)
    intermediateSize = sizes.intermediateSize
    embeddings = try Self.embeddings(names, sizes, loader)
    attention = RaggedAttention(
      headCount: sizes.headCount, headSize: sizes.headSize, precision: loader.precision,
      table: loader.table)
    var layers: [Layer] = []
    for layer in names.layers { layers.append(try Self.layer(layer, sizes, loader)) }
    self.layers = layers
  }

  private static func embeddings(
    _ names: BertTensors, _ sizes: BertConfiguration, _ loader: WeightLoader
  ) throws(ModelError) -> EmbeddingTables {
    let hidden = sizes.hiddenSize
    let words = try loader.weights(names.wordEmbeddings, shape: [sizes.vocabularySize, hidden])
    let positions = try loader.weights(
      names.positionEmbeddings, shape: [sizes.positionCount, hidden])
    let segments = try loader.floats(
      names.tokenTypeEmbeddings, shape: [sizes.segmentCount, hidden])
    let norm = try loader.norm(names.embeddingNorm, columns: hidden, epsilon: sizes.epsilon)
    return try computing { () throws(KernelsError) in
      try EmbeddingTables(
        words: words, positions: positions, segments: segments, norm: norm, table: loader.table)
    }
  }

  private static func layer(
    _ names: BertTensors.Layer, _ sizes: BertConfiguration, _ loader: WeightLoader
  ) throws(ModelError) -> Layer {
    let hidden = sizes.hiddenSize
    let inner = sizes.intermediateSize
    let attentionNorm = try loader.norm(
      names.attentionNorm, columns: hidden, epsilon: sizes.epsilon)
    let outputNorm = try loader.norm(names.outputNorm, columns: hidden, epsilon: sizes.epsilon)
    return Layer(
      projections: try loader.linear(
        [names.query, names.key, names.value], out: hidden, in: hidden, .bias),
      attentionOutput: try loader.linear(
        [names.attentionOutput], out: hidden, in: hidden, .biasResidualLayerNorm(attentionNorm)),
      intermediate: try loader.linear([names.intermediate], out: inner, in: hidden, .biasGELU),
      output: try loader.linear(
        [names.output], out: hidden, in: inner, .biasResidualLayerNorm(outputNorm)))
  }

  /// The working memory of one thread. Bytes at most, beside `Scratch`: 4 · hidden · (2 · tokensMax +
  /// 3 · max(144, inputTokensMax)), the latter no more than tokensMax. MiniLM with inputs up to 256
  /// tokens: 4 MB with 1,024 tokens.
  package func makeScratch(_ limits: BatchCapacity) throws(ModelError) -> any BackboneScratch {
    let groupRows = SequenceGroups.rowsMax(limits)
    let operations = Scratch.Limits(
      inColumnsMax: max(hiddenSize, intermediateSize),
      sequenceLengthMax: min(limits.inputTokensMax, limits.tokensMax),
      headSize: attention.headSize)
    return try computing { () throws(KernelsError) in
      try BertScratch(
        tokens: limits.tokensMax, groupRows: groupRows, hidden: hiddenSize,
        operations: Scratch(operations))
    }
  }

  package func forward(_ batch: RaggedBatch, scratch: any BackboneScratch) -> Bool {
    guard let scratch = scratch as? BertScratch else {
      preconditionFailure("the scratch of another backbone")
    }
    for index in 0..<batch.inputCount {
      let tokens = batch.tokens(of: index)
      embeddings.apply(
        batch.ids[tokens], segmentStart: batch.segmentStarts[index], into: &scratch.hidden,
        at: tokens.lowerBound)
    }
    // Layers outermost: the weights of one stay in the last-level cache for all groups.
    for layer in layers {
      guard scratch.goesOn else { return false }
      for group in SequenceGroups(batch) {
        if group.lowerBound > 0 { scratch.operations.beat() }
        attend(layer, batch, inputs: group, scratch)
      }
      for tile in RowTiles(0..<batch.tokenCount, rowsMax: Linear.tileRows) {
        if tile.lowerBound > 0 { scratch.operations.beat() }
        layer.attentionOutput.apply(
          scratch.context, rows: tile, into: &scratch.hidden, at: tile.lowerBound,
          scratch: scratch.operations)
        layer.intermediate.apply(
          to: &scratch.hidden, rows: tile, then: layer.output, scratch: scratch.operations)
      }
    }
    return true
  }

  private func attend(
    _ layer: Layer, _ batch: RaggedBatch, inputs: Range<Int>, _ scratch: BertScratch
  ) {
    let first = batch.offsets[inputs.lowerBound]
    let rows = first..<batch.offsets[inputs.upperBound]
    layer.projections.apply(
      scratch.hidden, rows: rows, into: &scratch.projections, at: 0, scratch: scratch.operations)
    for input in inputs {
      let tokens = batch.tokens(of: input)
      let own = tokens.lowerBound - first..<tokens.upperBound - first
      attention.apply(
        scratch.projections, rows: own, into: &scratch.context, at: tokens.lowerBound,
        keyCount: batch.keyCounts[input], scratch: scratch.operations)
    }
  }
}

/// The working memory of a BERT for one thread.
private final class BertScratch: BackboneScratch {
  var hidden: Matrix
  /// Query, key and value rows of one group, `[rows, 3 · hidden]`.
  var projections: Matrix
  /// Attention's results, `[tokensMax, hidden]`.
  var context: Matrix
  let operations: Scratch

  init(
    tokens: Int, groupRows: Int, hidden: Int, operations: Scratch
  ) throws(KernelsError) {
    self.hidden = try Matrix(rows: tokens, columns: hidden)
    projections = try Matrix(rows: groupRows, columns: 3 * hidden)
    context = try Matrix(rows: tokens, columns: hidden)
    self.operations = operations
  }
}
