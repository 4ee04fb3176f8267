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
    case .bert(let names): try BertBackbone(names, config: directory.config, loader: loader)
    }
  }

  /// The head of the plan's task over a backbone of the plan's family.
  static func head(
    _ plan: ModelPlan, _ directory: ModelDirectory, _ loader: WeightLoader, hiddenSize: Int
  ) throws(ModelError) -> any TaskHead {
    switch plan.task {
    case .embed: try asEmbedding(plan, directory, loader, hiddenSize: hiddenSize)
    case .classify: try asSequenceClassification(plan, directory, loader, hiddenSize: hiddenSize)
    }
  }

  private static func asEmbedding(
    _ plan: ModelPlan, _ directory: ModelDirectory, _ loader: WeightLoader, hiddenSize: Int
  ) throws(ModelError) -> any TaskHead {
    guard let pooling = plan.pooling else {
      throw ModelError(
        .unsupported, "\(directory.path): the task embed needs a pooling, and none was decided")
    }
    return EmbeddingHead(pooling, hiddenSize: hiddenSize, table: loader.table)
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
        pooler: try loader.head(pooler, out: hiddenSize, in: hiddenSize, .tanh),
        classifier: try loader.head(
          classifier, out: plan.labels.count, in: hiddenSize, .identity),
        table: loader.table)
    }
  }
}
