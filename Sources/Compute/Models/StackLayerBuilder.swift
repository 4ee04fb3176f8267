internal import Kernels
internal import ModelFiles
internal import Resolution

/// Makes the layers of a `StackBackbone` from their tensors.
struct StackLayerBuilder {
  private let settings: StackSettings
  private let names: StackTensors
  /// Tokens that tables of distances are made for.
  private let positions: Int
  private let loader: WeightLoader
  /// Layers that turn alike share one table.
  private(set) var rotaries: [Rotary] = []
  private var distanceBias: MaskedAttention.Bias?

  init(
    _ settings: StackSettings, _ names: StackTensors, positions: Int, loader: WeightLoader
  ) {
    self.settings = settings
    self.names = names
    self.positions = positions
    self.loader = loader
  }

  mutating func layer(_ index: Int) throws(ModelError) -> StackLayer {
    let own = names.layers[index]
    let hidden = settings.hiddenSize
    let context = settings.headCount * settings.headSize
    let projections = try projections(own)
    let experts = try ExpertLayer(own, settings, loader)
    let fused = experts == nil ? fusedActivation : nil
    let isAfter = settings.placement == .afterResidual
    var rotary: Int?
    if let own = settings.layers[index].rotary { rotary = number(of: own) }
    return StackLayer(
      attentionNorm: try norm(own.attentionNorm, columns: hidden), projections: projections,
      queryNorm: try norm(own.queryNorm, columns: settings.headSize),
      keyNorm: try norm(own.keyNorm, columns: settings.headSize), rotary: rotary,
      attention: try attention(index, projections.map(\.map)),
      attentionOutput: try output(own.attentionOutput, own.attentionOutputNorm, in: context),
      attentionOutputNorm: isAfter ? nil : try norm(own.attentionOutputNorm, columns: hidden),
      feedForwardNorm: try norm(own.feedForwardNorm, columns: hidden),
      feedForward: experts == nil ? try feedForward(own, fused ?? .bias) : nil,
      activation: fused == nil ? settings.activation : nil,
      gate: fused == nil ? settings.gate : .none,
      feedForwardOutput: experts == nil
        ? try output(
          own.feedForwardOutput, own.feedForwardOutputNorm, in: settings.intermediateSize) : nil,
      experts: experts,
      feedForwardOutputNorm: isAfter ? nil : try norm(own.feedForwardOutputNorm, columns: hidden),
      table: loader.table)
  }

  private func norm(
    _ name: StackTensors.Affine?, columns: Int
  ) throws(ModelError) -> RowNorm? {
    try name.map { (name) throws(ModelError) in
      try loader.norm(name, settings, columns: columns)
    }
  }

  private func projections(
    _ own: StackTensors.Layer
  ) throws(ModelError) -> [(map: Linear, column: Int)] {
    let query = settings.headCount * settings.headSize
    let key = settings.keyHeadCount * settings.headSize
    let widths = own.projections.count == 1 ? [query + 2 * key] : [query, key, key]
    let names = Array(zip(own.projections, widths))
    var groups = [names]
    // DeBERTa's distance vectors are mapped by queries' and keys' maps alone.
    if case .vectors = settings.distances { groups = names.map { [$0] } }
    var maps: [(map: Linear, column: Int)] = []
    var column = 0
    for group in groups {
      let width = group.reduce(0) { $0 + $1.1 }
      let map = try loader.linear(
        group, in: settings.hiddenSize, .bias, isTransposed: settings.isTransposed)
      maps.append((map, column))
      column += width
    }
    return maps
  }

  /// The activation or gate that the first map of the feed-forward part can do, with equal bits.
  private var fusedActivation: Linear.Epilogue? {
    if settings.gate == .none { return settings.activation == .gelu ? .biasGELU : nil }
    guard let gate = Linear.Gate(settings.activation), !settings.isTransposed,
      settings.intermediateSize % Linear.gateWidth == 0
    else { return nil }
    return .biasGate(gate)
  }

  private func feedForward(
    _ own: StackTensors.Layer, _ epilogue: Linear.Epilogue
  ) throws(ModelError) -> Linear {
    let isSplit = own.feedForward.count == 2
    let width = settings.intermediateSize * (settings.gate != .none && !isSplit ? 2 : 1)
    let names = own.feedForward.map { ($0, width) }
    if case .biasGate = epilogue {
      return try loader.gatedLinear(
        names, in: settings.hiddenSize, epilogue, gatesFirst: settings.gate == .first)
    }
    return try loader.linear(
      names, in: settings.hiddenSize, epilogue, isTransposed: settings.isTransposed)
  }

  /// The map back to the hidden size, with the residual and the norm after it where they follow.
  private func output(
    _ name: StackTensors.Affine, _ norm: StackTensors.Affine?, in inColumns: Int
  ) throws(ModelError) -> Linear {
    var epilogue = Linear.Epilogue.biasResidual
    if let norm {
      switch settings.placement {
      case .beforeResidual: epilogue = .bias
      case .afterResidual:
        let norm = try loader.norm(norm, settings, columns: settings.hiddenSize)
        guard case .layer(let layerNorm) = norm else {
          preconditionFailure("only layer norms follow a residual")
        }
        epilogue = .biasResidualLayerNorm(layerNorm)
      }
    }
    return try loader.linear(
      [(name, settings.hiddenSize)], in: inColumns, epilogue,
      isTransposed: settings.isTransposed)
  }

  private mutating func number(of rotary: Rotary) -> Int {
    if let known = rotaries.firstIndex(of: rotary) { return known }
    rotaries.append(rotary)
    return rotaries.count - 1
  }

  // MARK: - Attention

  private mutating func attention(
    _ index: Int, _ projections: [Linear]
  ) throws(ModelError) -> MaskedAttention {
    let bias: MaskedAttention.Bias
    switch settings.distances {
    case .none: bias = .none
    case .buckets(let count, let bucket):
      if let distanceBias {
        bias = distanceBias
      } else {
        bias = try buckets(count, bucket)
        distanceBias = bias
      }
    case .vectors(let count, let toPositions, let fromPositions, let row):
      // DeBERTa's own maps of queries and keys, also for the distance vectors unless they have
      // some.
      let vectors = try distanceVectors(count)
      let own = names.layers[index]
      let key = try distanceMap(own.distanceKey) ?? projections[1]
      let query = try distanceMap(own.distanceQuery) ?? projections[0]
      bias = .disentangled(
        try disentangled(
          keys: toPositions ? mapped(vectors, by: key) : nil,
          queries: fromPositions ? mapped(vectors, by: query) : nil, count, row))
    }
    return MaskedAttention(
      headCount: settings.headCount, keyHeadCount: settings.keyHeadCount,
      headSize: settings.headSize, scale: settings.scale,
      window: settings.layers[index].window, softCap: settings.softCap, bias: bias,
      table: loader.table)
  }

  private func buckets(
    _ count: Int, _ bucket: (Int) -> Int
  ) throws(ModelError) -> MaskedAttention.Bias {
    let heads = settings.headCount
    let values = try loader.floats(names.distances ?? "", shape: [count, heads])
    return .distance(
      DistanceBias(headCount: heads, lengthMax: positions) { head, distance in
        values[bucket(distance) * heads + head]
      })
  }

  private func distanceVectors(_ count: Int) throws(ModelError) -> Matrix {
    let values = try loader.floats(names.distances ?? "", shape: [count, settings.hiddenSize])
    let norm = try norm(names.distanceNorm, columns: settings.hiddenSize)
    return try computing { () throws(KernelsError) in
      var vectors = try Matrix(rows: count, columns: settings.hiddenSize)
      var span = vectors.mutableValues
      for index in values.indices { span[index] = values[index] }
      if let norm { loader.table.normalize(&vectors, rows: 0..<count, norm) }
      return vectors
    }
  }

  private func distanceMap(_ name: StackTensors.Affine?) throws(ModelError) -> Linear? {
    try name.map { (name) throws(ModelError) in
      try loader.linear(
        [(name, settings.headCount * settings.headSize)], in: settings.hiddenSize, .bias,
        isTransposed: false)
    }
  }

  private func mapped(
    _ vectors: borrowing Matrix, by map: Linear
  ) throws(ModelError) -> Matrix {
    let rows = vectors.rows
    do {
      let scratch = try Scratch(
        Scratch.Limits(
          inColumnsMax: map.inColumns, sequenceLengthMax: 1, headSize: 1))
      var result = try Matrix(rows: rows, columns: map.outColumns)
      map.apply(vectors, rows: 0..<rows, into: &result, at: 0, scratch: scratch)
      return result
    } catch {
      throw ModelError(error)
    }
  }

  private func disentangled(
    keys: consuming Matrix?, queries: consuming Matrix?, _ count: Int, _ row: (Int) -> Int
  ) throws(ModelError) -> DisentangledBias {
    do {
      return try DisentangledBias(
        keys: keys, queries: queries, headCount: settings.headCount, lengthMax: positions,
        count: count, table: loader.table, index: row)
    } catch {
      throw ModelError(error)
    }
  }
}
