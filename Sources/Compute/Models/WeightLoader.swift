internal import Kernels
internal import ModelFiles
internal import Resolution

/// Takes tensors by name out of a directory's weights, checking each shape.
///
/// Maps and tables are used where they are, in the mapped file, as they are stored: nothing of the
/// size of the model is read or copied. Norms, biases and the maps of heads become f32 in memory of
/// our own. Every method throws `.missing` and `.malformed` naming the tensor with its actual and expected shape,
/// `.unsupported` for another element type, and `.outOfMemory`.
struct WeightLoader {
  private let store: WeightStore
  let table: KernelTable

  init(_ store: WeightStore, table: KernelTable) {
    self.store = store
    self.table = table
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

  /// A dense layer for many rows.
  func linear(
    _ names: BertTensors.Affine, out: Int, in inColumns: Int, _ epilogue: Linear.Epilogue
  ) throws(ModelError) -> Linear {
    let weights = try weights(names.weight, shape: [out, inColumns])
    let bias = try floats(names.bias, shape: [out])
    return Linear(
      weights: weights, inColumns: inColumns, bias: bias, epilogue: epilogue, table: table)
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

  /// A dense layer for many rows, stored `[out, in]`, or `[in, out]` if transposed (a copy then).
  func linear(
    _ names: StackTensors.Affine, out: Int, in inColumns: Int, _ epilogue: Linear.Epilogue,
    isTransposed: Bool
  ) throws(ModelError) -> Linear {
    let shape = isTransposed ? [inColumns, out] : [out, inColumns]
    var weights = try weights(names.weight, shape: shape)
    var bias = try names.bias.map { (name) throws(ModelError) in try floats(name, shape: [out]) }
    // A fused norm adds a bias in passing.
    if case .biasResidualLayerNorm = epilogue, bias == nil {
      bias = [Float](repeating: 0, count: out)
    }
    if isTransposed {
      weights = try computing { () throws(KernelsError) in
        try weights.transposed(rows: inColumns, columns: out)
      }
    }
    return Linear(
      weights: weights, inColumns: inColumns, bias: bias, epilogue: epilogue, table: table)
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
