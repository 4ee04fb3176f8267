internal import Kernels
internal import ModelFiles
internal import Resolution

/// A transformer of any family but BERT: embeddings, layers of attention and feed-forward maps,
/// and perhaps a last norm. What a family does in each place, its `StackSettings` and its tensors
/// say.
struct StackBackbone: Backbone {
  let hiddenSize: Int
  let vocabularySize: Int
  let positionCount: Int
  let segmentCount: Int
  private let settings: StackSettings
  private let words: TokenTable
  private let embeddingNorm: RowNorm?
  private let embeddingProjection: Linear?
  private let layers: [StackLayer]
  private let convolution: ConvolutionLayer?
  /// Layers that turn alike share one.
  private let rotaries: [Rotary]
  private let finalNorm: RowNorm?
  private let table: KernelTable

  /// Loads the weights that `names` names, for inputs of at most `maxTokens`. Throws as
  /// `WeightLoader` does.
  init(
    _ names: StackTensors, _ settings: StackSettings, maxTokens: Int, loader: WeightLoader
  ) throws(ModelError) {
    guard names.layers.count == settings.layers.count else {
      throw ModelError(
        .malformed,
        "config.json gives two numbers of layers: \(names.layers.count) and "
          + "\(settings.layers.count)")
    }
    hiddenSize = settings.hiddenSize
    vocabularySize = settings.vocabularySize
    // Without a table nothing ends at the length that the model was trained with; the plan's limit
    // knows how far scaled positions reach.
    positionCount =
      names.positions == nil ? max(settings.positionCount, maxTokens) : settings.positionCount
    segmentCount = names.types == nil ? 1 : min(settings.segmentCount, 2)
    self.settings = settings
    table = loader.table
    words = try Self.words(names, settings, loader)
    embeddingNorm = try names.embeddingNorm.map { (name) throws(ModelError) in
      try loader.norm(name, settings, columns: settings.embeddingSize)
    }
    embeddingProjection = try names.embeddingProjection.map { (name) throws(ModelError) in
      try loader.linear(
        [(name, settings.hiddenSize)], in: settings.embeddingSize, .bias, isTransposed: false)
    }
    finalNorm = try names.finalNorm.map { (name) throws(ModelError) in
      try loader.norm(name, settings, columns: settings.hiddenSize)
    }
    var builder = StackLayerBuilder(
      settings, names, positions: min(positionCount, maxTokens), loader: loader)
    var layers: [StackLayer] = []
    for index in names.layers.indices {
      // ALBERT names the same tensors for every layer.
      let same = names.layers[..<index].firstIndex(of: names.layers[index])
      if let same {
        layers.append(layers[same])
      } else {
        layers.append(try builder.layer(index))
      }
    }
    self.layers = layers
    convolution = try ConvolutionLayer(names, settings, loader)
    rotaries = builder.rotaries
  }

  private static func words(
    _ names: StackTensors, _ settings: StackSettings, _ loader: WeightLoader
  ) throws(ModelError) -> TokenTable {
    let columns = settings.embeddingSize
    let words = try loader.weights(names.words, shape: [settings.vocabularySize, columns])
    let positions = try names.positions.map { (name) throws(ModelError) in
      try loader.weights(
        name, shape: [settings.firstPosition + settings.positionCount, columns])
    }
    let segments = try names.types.map { (name) throws(ModelError) in
      try loader.floats(name, shape: [settings.segmentCount, columns])
    }
    return TokenTable(
      words: words, columns: columns, positions: positions, segments: segments,
      factor: settings.embeddingFactor, table: loader.table)
  }

  /// The working memory of one thread. Bytes at most, beside `Scratch`: 4 · (tokensMax · (hidden +
  /// heads) + max(144, inputTokensMax) · (queries, keys and values + hidden) + 144 · up to three
  /// times intermediate), the middle no more than tokensMax rows; with experts 144 · (3 · hidden +
  /// experts) more, with a convolution hidden for each token and size / groups · hidden for each row
  /// of a group.
  func makeScratch(_ limits: BatchCapacity) throws(ModelError) -> any BackboneScratch {
    let widths = [
      hiddenSize, settings.intermediateSize, settings.embeddingSize,
      settings.headCount * settings.headSize, convolution?.inColumns ?? 0,
    ]
    var distances = 0
    if case .vectors(let count, _, _, _) = settings.distances { distances = count }
    let operations = Scratch.Limits(
      inColumnsMax: widths.max() ?? hiddenSize,
      sequenceLengthMax: min(limits.inputTokensMax, limits.tokensMax),
      headSize: settings.headSize, distanceVectorCount: distances)
    return try computing { () throws(KernelsError) in
      let length = operations.sequenceLengthMax
      var tables: [RotaryTable] = []
      for rotary in rotaries {
        tables.append(try RotaryTable(rotary, positionCount: length, table: table))
      }
      return try StackScratch(
        settings, limits, rotaries: tables, operations: Scratch(operations))
    }
  }

  func forward(_ batch: RaggedBatch, scratch: any BackboneScratch) -> Bool {
    guard let scratch = scratch as? StackScratch else {
      preconditionFailure("the scratch of another backbone")
    }
    for index in 0..<batch.inputCount { embed(batch, index, scratch) }
    // Layers outermost: the weights of one stay in the last-level cache for all groups.
    var rest = layers[...]
    if let convolution, let first = rest.popFirst() {
      convolution.read(batch, scratch)
      first.apply(batch, scratch)
      convolution.add(batch, scratch)
    }
    for layer in rest {
      guard scratch.goesOn else { return false }
      layer.apply(batch, scratch)
    }
    if let finalNorm {
      table.normalize(&scratch.hidden, rows: 0..<batch.tokenCount, finalNorm)
    }
    return true
  }

  private func embed(_ batch: RaggedBatch, _ index: Int, _ scratch: StackScratch) {
    let tokens = batch.tokens(of: index)
    let segmentStart = batch.segmentStarts[index]
    guard let embeddingProjection else {
      words.apply(
        batch.ids[tokens], segmentStart: segmentStart, firstPosition: settings.firstPosition,
        into: &scratch.hidden, at: tokens.lowerBound)
      if let embeddingNorm { table.normalize(&scratch.hidden, rows: tokens, embeddingNorm) }
      return
    }
    let own = 0..<tokens.count
    words.apply(
      batch.ids[tokens], segmentStart: segmentStart, firstPosition: settings.firstPosition,
      into: &scratch.embedded, at: 0)
    if let embeddingNorm { table.normalize(&scratch.embedded, rows: own, embeddingNorm) }
    embeddingProjection.apply(
      scratch.embedded, rows: own, into: &scratch.hidden, at: tokens.lowerBound,
      scratch: scratch.operations)
  }
}

/// The working memory of a stack for one thread.
final class StackScratch: BackboneScratch {
  var hidden: Matrix
  /// Embeddings of one input that are yet to be projected, `[tokens, embedding columns]`.
  var embedded: Matrix
  /// Normalised rows of one group, or results on their way to a norm, `[rows, hidden]`.
  var normed: Matrix
  /// Query, key and value rows of one group.
  var projections: Matrix
  /// Attention's results, `[tokensMax, heads · headSize]`.
  var context: Matrix
  /// One tile of the feed-forward part, `[at most 144, intermediate]`, twice as wide with a gate.
  var intermediate: Matrix
  /// One tile after the gate.
  var gated: Matrix
  /// What a convolution reads for each row of one group, and what it gives for all.
  var neighbours: Matrix
  var convolved: Matrix
  /// nil where no layer has experts.
  let experts: ExpertScratch?
  /// One for each of the backbone's.
  let rotaries: [RotaryTable]
  let operations: Scratch

  init(
    _ settings: StackSettings, _ limits: BatchCapacity, rotaries: [RotaryTable],
    operations: Scratch
  ) throws(KernelsError) {
    self.rotaries = rotaries
    let groupRows = SequenceGroups.rowsMax(limits)
    let tileRows = min(Linear.tileRows, groupRows)
    let heads = settings.headCount + 2 * settings.keyHeadCount
    let isGated = settings.gate != .none
    let isProjected = settings.embeddingSize != settings.hiddenSize
    hidden = try Matrix(rows: limits.tokensMax, columns: settings.hiddenSize)
    embedded = try Matrix(
      rows: isProjected ? min(limits.inputTokensMax, limits.tokensMax) : 1,
      columns: settings.embeddingSize)
    normed = try Matrix(rows: groupRows, columns: settings.hiddenSize)
    projections = try Matrix(rows: groupRows, columns: heads * settings.headSize)
    context = try Matrix(rows: limits.tokensMax, columns: settings.headCount * settings.headSize)
    intermediate = try Matrix(
      rows: tileRows, columns: settings.intermediateSize * (isGated ? 2 : 1))
    gated = try Matrix(rows: isGated ? tileRows : 1, columns: settings.intermediateSize)
    let convolution = settings.convolution
    neighbours = try Matrix(
      rows: convolution == nil ? 1 : groupRows,
      columns: settings.hiddenSize * (convolution?.size ?? 1) / (convolution?.groupCount ?? 1))
    convolved = try Matrix(
      rows: convolution == nil ? 1 : limits.tokensMax, columns: settings.hiddenSize)
    experts = try settings.experts.map { (own) throws(KernelsError) in
      try ExpertScratch(own, rows: tileRows, columns: settings.hiddenSize)
    }
    self.operations = operations
  }
}
