internal import Kernels
internal import ModelFiles
internal import Resolution

/// Takes tensors by name out of a directory's weights, checking each shape.
///
/// Tables are used where they are, in the mapped file, as they are stored. Maps are packed for the
/// precision; norms, biases and the maps of heads become f32. Every method throws `.missing` and
/// `.malformed` naming the tensor with its actual and expected shape, `.unsupported` for another
/// element type, and `.outOfMemory`.
struct WeightLoader {
  private let store: WeightStore
  let precision: Precision
  let table: KernelTable
  /// Where packed maps are kept; nil leaves them empty: the model is only checked.
  private let packs: PackStore?
  private let order: WeightOrder

  init(
    _ store: WeightStore, precision: Precision, table: KernelTable, packs: PackStore?,
    order: WeightOrder = WeightOrder()
  ) {
    self.store = store
    self.order = order
    self.precision = precision
    self.table = table
    self.packs = packs
  }

  /// The same of another store: a module's, whose weights lie in its own folder.
  func over(_ store: WeightStore) -> WeightLoader {
    WeightLoader(store, precision: precision, table: table, packs: packs, order: order)
  }

  /// A tensor of this shape, in its stored type.
  func weights(_ name: String, shape: [Int]) throws(ModelError) -> SharedWeights {
    let descriptor = try reading { () throws(ModelFilesError) in
      try store.descriptor(name, shape: shape)
    }
    let type: ElementType =
      switch descriptor.type {
      case .f32: .f32
      case .f16: .f16
      case .bf16: .bf16
      }
    // A mapping begins at a page, stays where it is and lives as long as the store. Only data that
    // old writers put at an odd offset comes in a copy that does not outlive the call.
    let isAligned = descriptor.byteOffset % type.byteCount == 0
    return try computing { () throws(KernelsError) in
      try store.withBytes(of: descriptor) { (bytes) throws(KernelsError) in
        isAligned
          ? SharedWeights(bytes, of: type, keptAliveBy: store)
          : try SharedWeights.copy(bytes, of: type)
      }
    }
  }

  /// A small tensor of this shape as an array of f32.
  func floats(_ name: String, shape: [Int]) throws(ModelError) -> [Float] {
    let descriptor = try reading { () throws(ModelFilesError) in
      try store.descriptor(name, shape: shape)
    }
    return store.floats(of: descriptor)
  }

  /// A dense layer for many rows whose outputs are those of `names` side by side, each with its
  /// count, stored `[out, in]`, or `[in, out]` if transposed.
  func linear(
    _ names: [(name: StackTensors.Affine, out: Int)], in inColumns: Int,
    _ epilogue: Linear.Epilogue, isTransposed: Bool
  ) throws(ModelError) -> Linear {
    let (parts, bias) = try parts(names, in: inColumns, isTransposed: isTransposed)
    return try linear(parts, in: inColumns, bias: bias, epilogue, isTransposed: isTransposed)
  }

  /// The same for a map whose outputs are gates in one half and what they are for in the other: both
  /// in turns, as an epilogue with a gate takes them.
  func gatedLinear(
    _ names: [(name: StackTensors.Affine, out: Int)], in inColumns: Int,
    _ epilogue: Linear.Epilogue, gatesFirst: Bool
  ) throws(ModelError) -> Linear {
    let (parts, bias) = try parts(names, in: inColumns, isTransposed: false)
    let half = names.reduce(0) { $0 + $1.out } / 2
    // Each of one or two halves in pieces of so many outputs.
    var pieces: [SharedWeights] = []
    let size = Linear.gateWidth * inColumns
    for part in parts {
      for start in stride(from: 0, to: part.count, by: size) {
        pieces.append(part.slice(start..<start + size))
      }
    }
    let (gates, others) = gatesFirst ? (0, half) : (half, 0)
    let order = stride(from: 0, to: half, by: Linear.gateWidth)
      .flatMap { [gates + $0, others + $0] }
    return try linear(
      order.map { pieces[$0 / Linear.gateWidth] }, in: inColumns,
      bias: bias.map { bias in order.flatMap { bias[$0..<$0 + Linear.gateWidth] } }, epilogue)
  }

  private func parts(
    _ names: [(name: StackTensors.Affine, out: Int)], in inColumns: Int, isTransposed: Bool
  ) throws(ModelError) -> ([SharedWeights], bias: [Float]?) {
    var parts: [SharedWeights] = []
    var bias: [Float] = []
    for (name, out) in names {
      let shape = isTransposed ? [inColumns, out] : [out, inColumns]
      parts.append(try weights(name.weight, shape: shape))
      bias +=
        try name.bias.map { (name) throws(ModelError) in try floats(name, shape: [out]) }
        ?? [Float](repeating: 0, count: out)
    }
    return (parts, names.allSatisfy { $0.name.bias == nil } ? nil : bias)
  }

  /// As above, each with `out` outputs.
  func linear(
    _ names: [BertTensors.Affine], out: Int, in inColumns: Int, _ epilogue: Linear.Epilogue
  ) throws(ModelError) -> Linear {
    try linear(
      names.map { (StackTensors.Affine(weight: $0.weight, bias: $0.bias), out) }, in: inColumns,
      epilogue, isTransposed: false)
  }

  /// As above, of weights at hand.
  func linear(
    _ parts: [SharedWeights], in inColumns: Int, bias: [Float]?, _ epilogue: Linear.Epilogue,
    isTransposed: Bool = false
  ) throws(ModelError) -> Linear {
    let packed = try packed(
      parts, inner: inColumns, precision: precision, isTransposed: isTransposed)
    return Linear(packed, bias: bias, epilogue: epilogue, table: table, order: order)
  }

  /// The parts packed: as they were found, or made now where others will find them.
  func packed(
    _ parts: [SharedWeights], inner: Int, precision: Precision, isTransposed: Bool = false
  ) throws(ModelError) -> PackedWeights {
    let shape = PackedShape(parts, inner: inner, precision: precision)
    let block = packs?.next(label: shape.label, byteCount: shape.byteCount)
    if case .filled(let file, let range) = block {
      let bytes = file.bytes.extracting(range)
      return PackedWeights(shape, packed: SharedWeights(bytes, of: .f32, keptAliveBy: file))
    }
    // What was packed is not read again: a model would else be twice in memory.
    defer { store.releasePages() }
    return try computing { () throws(KernelsError) in
      var rows = parts
      if isTransposed, block != nil {
        rows = []
        for part in parts {
          rows.append(try part.transposed(rows: inner, columns: part.count / inner))
        }
      }
      if case .empty(let region) = block {
        let memory = SharedWeights(region.bytes, of: .f32, keptAliveBy: region)
        return PackedWeights(rows, shape, into: memory, table: table)
      }
      return try PackedWeights(
        rows, inner: inner, precision: precision, table: table, isFilled: block != nil)
    }
  }

  /// A dense layer for few rows.
  func head(
    _ names: BertTensors.Affine, out: Int, in inColumns: Int, _ activation: ElementFunction
  ) throws(ModelError) -> Head {
    let weights = try weights(names.weight, shape: [out, inColumns])
    let bias = try floats(names.bias, shape: [out])
    return try computing { () throws(KernelsError) in
      try Head(
        weights: weights, inColumns: inColumns, bias: bias, activation: activation, table: table)
    }
  }

  /// A layer norm.
  func norm(
    _ names: BertTensors.Affine, columns: Int, epsilon: Float
  ) throws(ModelError) -> LayerNorm {
    LayerNorm(
      gamma: try floats(names.weight, shape: [columns]),
      beta: try floats(names.bias, shape: [columns]), epsilon: epsilon)
  }

  /// A dense layer for few rows.
  func head(
    _ names: StackTensors.Affine, out: Int, in inColumns: Int, _ activation: ElementFunction
  ) throws(ModelError) -> Head {
    let weights = try weights(names.weight, shape: [out, inColumns])
    let bias = try names.bias.map { (name) throws(ModelError) in try floats(name, shape: [out]) }
    return try computing { () throws(KernelsError) in
      try Head(
        weights: weights, inColumns: inColumns, bias: bias, activation: activation, table: table)
    }
  }

  /// A classifier made of rows of the language model's head, in f32.
  func head(
    _ tokenHead: TokenHead, _ name: String, shape: [Int]
  ) throws(ModelError) -> Head {
    let all = try weights(name, shape: shape)
    let ids = tokenHead.ids
    guard ids.allSatisfy({ $0 >= 0 && $0 < shape[0] }) else {
      throw ModelError(
        .malformed, "tensor \(name.quotedForMessage) has no row for each of the ids \(ids)")
    }
    return try computing { () throws(KernelsError) in
      let rows: SharedWeights
      switch tokenHead.method {
      case .fromTwoWaySoftmax:
        rows = try all.sums([[(ids[1], 1), (ids[0], -1)]], columns: shape[1], table)
      case .noPostProcessing:
        rows = try all.sums(ids.map { [(row: $0, factor: Float(1))] }, columns: shape[1], table)
      }
      return try Head(
        weights: rows, inColumns: shape[1], bias: nil, activation: .identity, table: table)
    }
  }

  /// A norm of the family's kind.
  func norm(
    _ names: StackTensors.Affine, _ settings: StackSettings, columns: Int
  ) throws(ModelError) -> RowNorm {
    let gamma = try floats(names.weight, shape: [columns])
    switch settings.norm {
    case .layer:
      let beta = try names.bias.map { (name) throws(ModelError) in
        try floats(name, shape: [columns])
      }
      return .layer(
        LayerNorm(
          gamma: gamma, beta: beta ?? [Float](repeating: 0, count: columns),
          epsilon: settings.epsilon))
    case .rootMeanSquare: return .rootMeanSquare(gamma: gamma, epsilon: settings.epsilon)
    case .rootMeanSquarePlusOne:
      return .rootMeanSquare(gamma: gamma.map { 1 + $0 }, epsilon: settings.epsilon)
    }
  }
}
