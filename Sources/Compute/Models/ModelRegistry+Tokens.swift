internal import Kernels
internal import ModelFiles
internal import Resolution

/// Heads that answer for tokens, and rewards.
extension ModelRegistry {
  /// What the model gives beside one row. Throws as the loading of weights does.
  static func outputs(
    _ plan: ModelPlan, _ directory: ModelDirectory, _ loader: WeightLoader, hiddenSize: Int
  ) throws(ModelError) -> TokenOutputs {
    try checkExpansion(plan, directory)
    var steps = try steps(plan.tokenTensors.maps, loader, directory)
    if plan.task == .tokenClassify, let tokenHead = plan.tokenHead,
      case .stack(let names) = plan.tensors, let name = names.languageHead
    {
      let rows = try settings(plan, directory.config).vocabularySize
      steps = [
        TokenMaps.Step(
          map: .narrow(try loader.head(tokenHead, name, shape: [rows, hiddenSize])), norm: nil)
      ]
    }
    // Dense modules map pooled vectors, but for a model without pooling.
    if plan.task == .tokenEmbed {
      for module in plan.dense {
        let store = try reading { () throws(ModelFilesError) in
          try WeightStore(directory: directory.path + "/" + module.path)
        }
        let map = TokenMap(
          weight: "linear.weight", bias: module.hasBias ? "linear.bias" : nil,
          inFeatures: module.inFeatures, outFeatures: module.outFeatures,
          function: module.function)
        steps += try self.steps([map], loader.over(store), directory)
      }
    }
    let tokens = TokenMaps(hiddenSize: hiddenSize, steps: steps, table: loader.table)
    try check(tokens, directory)
    guard let kind = plan.sparse else { return TokenOutputs(tokens: tokens) }
    let sparse = TokenMaps(
      hiddenSize: hiddenSize, steps: try self.steps(plan.tokenTensors.sparse, loader, directory),
      table: loader.table)
    try check(sparse, directory)
    return TokenOutputs(tokens: tokens, sparse: (sparse, kind))
  }

  /// The last hidden state through Qwen's reward head: two maps with ReLU between them.
  static func asReward(
    _ plan: ModelPlan, _ directory: ModelDirectory, _ loader: WeightLoader, hiddenSize: Int
  ) throws(ModelError) -> any TaskHead {
    guard case .stack(let names) = plan.tensors, names.head.count == 2, let pooling = plan.pooling
    else {
      throw ModelError(
        .missing, "\(directory.weights.source): a reward needs the two maps of its head")
    }
    return ClassificationHead(
      pooling: pooling,
      maps: [
        try loader.head(names.head[0], out: hiddenSize, in: hiddenSize, .relu),
        try loader.head(names.head[1], out: plan.labels.count, in: hiddenSize, .identity),
      ], norm: nil, table: loader.table)
  }

  private static func steps(
    _ maps: [TokenMap], _ loader: WeightLoader, _ directory: ModelDirectory
  ) throws(ModelError) -> [TokenMaps.Step] {
    var steps: [TokenMaps.Step] = []
    for map in maps {
      let (weights, bias) = try tensors(of: map, loader, directory)
      let function = elementFunction(map.function)
      let step: TokenMaps.Map
      if map.outFeatures >= TokenMaps.wideColumns {
        let packed = try loader.packed([weights], inner: map.inFeatures, precision: .f32)
        step = .wide(
          Linear(packed, bias: bias, epilogue: .bias, table: loader.table), function)
      } else {
        step = try computing { () throws(KernelsError) in
          .narrow(
            try Head(
              weights: weights, inColumns: map.inFeatures, bias: bias, activation: function,
              table: loader.table))
        }
      }
      steps.append(TokenMaps.Step(map: step, norm: try norm(of: map, loader)))
    }
    return steps
  }

  private static func tensors(
    of map: TokenMap, _ loader: WeightLoader, _ directory: ModelDirectory
  ) throws(ModelError) -> (weights: SharedWeights, bias: [Float]?) {
    let shape = [map.outFeatures, map.inFeatures]
    guard let file = map.file else {
      let bias = try map.bias.map { (name) throws(ModelError) in
        try loader.floats(name, shape: [map.outFeatures])
      }
      return (try loader.weights(map.weight, shape: shape), bias)
    }
    let (values, bias) = try reading { () throws(ModelFilesError) in
      guard let dictionary = try directory.stateDict(file) else {
        throw ModelFilesError(.missing, "\(directory.path)/\(file) is missing")
      }
      return (
        try dictionary.floats(map.weight, shape: shape),
        try map.bias.map { (name) throws(ModelFilesError) in
          try dictionary.floats(name, shape: [map.outFeatures])
        }
      )
    }
    let weights = try computing { () throws(KernelsError) in
      try SharedWeights.copy(values.span.bytes, of: .f32)
    }
    return (weights, bias)
  }

  private static func norm(
    of map: TokenMap, _ loader: WeightLoader
  ) throws(ModelError) -> RowNorm? {
    guard let own = map.norm else { return nil }
    let columns = map.outFeatures
    let shift = try own.bias.map { (name) throws(ModelError) in
      try loader.floats(name, shape: [columns])
    }
    return .layer(
      LayerNorm(
        gamma: try loader.floats(own.weight, shape: [columns]),
        beta: shift ?? [Float](repeating: 0, count: columns), epsilon: Float(own.epsilon)))
  }

  /// Each map takes what the one before it gives.
  private static func check(_ head: TokenMaps, _ directory: ModelDirectory) throws(ModelError) {
    var width = head.hiddenSize
    for step in head.steps {
      guard step.map.inColumns == width else {
        throw ModelError(
          .malformed,
          "\(directory.path): a map of token vectors takes \(step.map.inColumns) columns, but "
            + "the vectors before it have \(width)")
      }
      width = step.map.outColumns
    }
  }

  /// What queries are filled up with must see a token of the text, which stands at the beginning.
  private static func checkExpansion(
    _ plan: ModelPlan, _ directory: ModelDirectory
  ) throws(ModelError) {
    guard let settings = plan.interaction, let expansion = settings.expansion,
      !expansion.isSeen, case .stack = plan.tensors
    else { return }
    let family = try self.settings(plan, directory.config)
    guard family.convolution == nil else {
      throw ModelError(
        .unsupported,
        "\(directory.path): queries are filled up to \(settings.query.lengthMax) tokens that are "
          + "not seen, but a convolution (conv_kernel_size) sees its neighbours")
    }
    for case let left? in family.layers.map(\.window.left)
    where left + 1 < settings.query.lengthMax {
      throw ModelError(
        .unsupported,
        "\(directory.path): queries are filled up to \(settings.query.lengthMax) tokens, but a "
          + "layer's window sees only \(left) tokens back")
    }
  }

  static func elementFunction(_ function: DenseModule.Function) -> ElementFunction {
    switch function {
    case .identity: .identity
    case .tanh: .tanh
    case .relu: .relu
    case .gelu: .gelu
    case .silu: .silu
    case .leakyReLU: .leakyReLU
    case .sigmoid: .sigmoid
    }
  }
}
