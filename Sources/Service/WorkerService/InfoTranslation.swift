internal import Inference
internal import Wire

/// The engine's description of itself as it goes out.
extension ModelInfo {
  init(_ info: EngineInfo) {
    self.init()
    name = info.name
    fingerprint = info.fingerprint
    architecture = info.architecture
    task =
      switch info.model.task {
      case .embed: "embed"
      case .classify: "classify"
      case .tokenEmbed: "token-embed"
      case .tokenClassify: "token-classify"
      }
    score =
      switch info.model.score {
      case .cosine: "cosine"
      case .crossEncoder: "cross-encoder"
      case .lateInteraction: "late-interaction"
      case .sparse: "sparse"
      case .none: "none"
      }
    maxTokens = info.model.maxTokens
    let hasVectors = info.model.outputs.contains { $0 == .vector || $0 == .tokens }
    dimensions = hasVectors ? info.model.width : 0
    outputs = info.model.outputs.compactMap(\.wireName)
    allowedDimensions = info.model.allowedDimensions
    defaultPrompt = info.model.defaultPrompt ?? ""
    labels = info.model.labels
    prompts = info.model.prompts.keys.sorted()
    precision = info.precision
    instructionSet = info.instructionSet
    blasCore = "none"
    threads = info.threadCount
    parameters = info.parameterCount
  }
}

extension Inference.EmbedOutput {
  /// The name in Info; the model's default is one of the others.
  fileprivate var wireName: String? {
    switch self {
    case .modelDefault: nil
    case .vector: "vector"
    case .tokens: "tokens"
    case .sparse: "sparse"
    }
  }
}
