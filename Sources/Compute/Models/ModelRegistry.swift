internal import Kernels
internal import ModelFiles
internal import Resolution

/// From a plan to the code that computes it: the one place that knows all families.
enum ModelRegistry {
  /// The backbone of the plan's family. Throws as the family does.
  static func backbone(
    _ plan: ModelPlan, _ directory: ModelDirectory, _ loader: WeightLoader
  ) throws(ModelError) -> any Backbone {
    switch plan.tensors {
    case .bert(let names):
      return try BertBackbone(names, config: directory.config, loader: loader)
    case .stack(let names):
      let settings = try settings(plan, directory.config)
      return try StackBackbone(names, settings, maxTokens: plan.maxTokens, loader: loader)
    }
  }

  /// What the family reads from its configuration.
  static func settings(
    _ plan: ModelPlan, _ config: ConfigFile
  ) throws(ModelError) -> StackSettings {
    switch plan.family {
    case .bert:
      throw ModelError(.unsupported, "\(config.name): BERT has a backbone of its own")
    case .roberta: try .roberta(config)
    case .distilBert: try .distilBert(config)
    case .mpnet: try .mpnet(config)
    case .electra: try .electra(config)
    case .albert: try .albert(config)
    case .modernBert: try .modernBert(config)
    case .nomicBert: try .nomicBert(config)
    case .gte: try .gte(config)
    case .debertaV2: try .debertaV2(config)
    case .qwen2: try .qwen(config, headSize: nil)
    case .qwen3: try .qwen(config, headSize: 128)
    case .llama:
      try .llama(config, isBidirectional: plan.architecture.hasPrefix("LlamaBidirectional"))
    case .mistral: try .mistral(config)
    case .gemma: try .gemma(config)
    case .gemma2: try .gemma2(config)
    case .gemma3: try .gemma3(config)
    case .phi3: try .phi3(config)
    case .gpt2: try .gpt2(config)
    }
  }

  /// The head of the plan's task over a backbone of the plan's family.
  static func head(
    _ plan: ModelPlan, _ directory: ModelDirectory, _ loader: WeightLoader, hiddenSize: Int
  ) throws(ModelError) -> (any TaskHead)? {
    switch plan.task {
    case .embed where !plan.outputs.contains(.vector): nil
    case .embed: try asEmbedding(plan, directory, loader, hiddenSize: hiddenSize)
    case .classify where plan.conversion == .reward:
      try asReward(plan, directory, loader, hiddenSize: hiddenSize)
    case .classify: try asSequenceClassification(plan, directory, loader, hiddenSize: hiddenSize)
    case .tokenEmbed, .tokenClassify: nil
    }
  }

  private static func asEmbedding(
    _ plan: ModelPlan, _ directory: ModelDirectory, _ loader: WeightLoader, hiddenSize: Int
  ) throws(ModelError) -> any TaskHead {
    guard let pooling = plan.pooling else {
      throw ModelError(
        .unsupported, "\(directory.path): the task embed needs a pooling, and none was decided")
    }
    var maps: [Head] = []
    for module in plan.dense { maps.append(try dense(module, directory, loader)) }
    var norms = Array(repeating: [RowNorm](), count: maps.count + 1)
    for norm in plan.vectorNorms {
      norms[norm.mapsBefore].append(try vectorNorm(norm, directory, loader))
    }
    return EmbeddingHead(
      [pooling] + plan.joinedPoolings, hiddenSize: hiddenSize, dense: maps, norms: norms,
      table: loader.table)
  }

  private static func asSequenceClassification(
    _ plan: ModelPlan, _ directory: ModelDirectory, _ loader: WeightLoader, hiddenSize: Int
  ) throws(ModelError) -> any TaskHead {
    switch plan.tensors {
    case .bert(let names):
      guard let pooler = names.pooler, let classifier = names.classifier else {
        throw ModelError(
          .missing, "\(directory.weights.source): the task classify needs pooler and classifier")
      }
      return ClassificationHead(
        pooling: .cls,
        maps: [
          try loader.head(pooler, out: hiddenSize, in: hiddenSize, .tanh),
          try loader.head(classifier, out: plan.labels.count, in: hiddenSize, .identity),
        ], norm: nil, table: loader.table)
    case .stack(let names):
      let settings = try settings(plan, directory.config)
      if let tokenHead = plan.tokenHead, let pooling = plan.pooling,
        let name = names.languageHead
      {
        let map = try loader.head(
          tokenHead, name, shape: [settings.vocabularySize, hiddenSize])
        return ClassificationHead(
          pooling: pooling, maps: [map], norm: nil, table: loader.table)
      }
      guard let pooling = plan.pooling, let classifier = names.head.last else {
        throw ModelError(
          .missing, "\(directory.weights.source): the task classify needs a classifier")
      }
      var maps: [Head] = []
      for map in names.head.dropLast() {
        maps.append(
          try loader.head(map, out: hiddenSize, in: hiddenSize, settings.headActivation))
      }
      maps.append(
        try loader.head(classifier, out: plan.labels.count, in: hiddenSize, .identity))
      let norm = try names.headNorm.map { (name) throws(ModelError) in
        try loader.norm(name, settings, columns: hiddenSize)
      }
      return ClassificationHead(
        pooling: pooling, padID: plan.padID, maps: maps, norm: norm,
        temperature: try temperature(plan, directory.config), table: loader.table)
    }
  }

  /// What the logits are divided by: a setting of NVIDIA's bidirectional Llamas, and of no other
  /// class.
  private static func temperature(
    _ plan: ModelPlan, _ config: ConfigFile
  ) throws(ModelError) -> Float {
    guard plan.architecture.hasPrefix("LlamaBidirectional") else { return 1 }
    let value = try reading { () throws(ModelFilesError) in try config.double("temperature") }
    let temperature = Float(value ?? 1)
    guard temperature > 0, temperature.isFinite else {
      throw ModelError(
        config.error(.malformed, "temperature", "is \(temperature), by which nothing is divided"))
    }
    return temperature
  }

  /// A LayerNorm module of sentence-transformers, with PyTorch's default for what is added to the
  /// variance: the file says nothing of it.
  private static func vectorNorm(
    _ norm: VectorNorm, _ directory: ModelDirectory, _ loader: WeightLoader
  ) throws(ModelError) -> RowNorm {
    let store = try reading { () throws(ModelFilesError) in
      try WeightStore(directory: directory.path + "/" + norm.path)
    }
    let own = loader.over(store)
    return .layer(
      LayerNorm(
        gamma: try own.floats("norm.weight", shape: [norm.width]),
        beta: try own.floats("norm.bias", shape: [norm.width]), epsilon: 1e-5))
  }

  /// A Dense module of sentence-transformers, whose weights lie in its folder.
  static func dense(
    _ module: DenseModule, _ directory: ModelDirectory, _ loader: WeightLoader
  ) throws(ModelError) -> Head {
    let store = try reading { () throws(ModelFilesError) in
      try WeightStore(directory: directory.path + "/" + module.path)
    }
    let names = StackTensors.Affine(
      weight: "linear.weight", bias: module.hasBias ? "linear.bias" : nil)
    return try loader.over(store).head(
      names, out: module.outFeatures, in: module.inFeatures, elementFunction(module.function))
  }
}
