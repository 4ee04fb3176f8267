internal import JSON
package import ModelFiles

/// An entry of `modules.json`: one step of a sentence-transformers model.
package struct SentenceModule: Sendable {
  /// The steps that can be run.
  package enum Kind: String, Sendable {
    /// The model itself.
    case transformer = "Transformer"
    /// Hidden states of tokens to one vector.
    case pooling = "Pooling"
    /// A linear map of the vector.
    case dense = "Dense"
    /// A layer norm of the vector.
    case layerNorm = "LayerNorm"
    /// Nothing, but in training.
    case dropout = "Dropout"
    /// Logits of a masked language model to sparse weights.
    case spladePooling = "SpladePooling"
    /// Division by the Euclidean length.
    case normalize = "Normalize"
    /// The logit of one token of a language model, or the difference of two.
    case logitScore = "LogitScore"
  }

  /// The Python class as the file spells it.
  package var type: String
  /// The folder of the module's files, empty for the model directory.
  package var path: String
  /// The module's own `config.json`, nil where there is none.
  package var config: ConfigFile?

  /// The step, nil for one that cannot be run.
  package var kind: Kind? { Self.kinds[type] }

  /// The names before sentence-transformers 5.4 (a module path) and since (with the class).
  private static let kinds: [String: Kind] = [
    "sentence_transformers.models.Transformer": .transformer,
    // With the language model's head on; what becomes of it, the pooling says.
    "sentence_transformers.sparse_encoder.models.MLMTransformer.MLMTransformer": .transformer,
    "sentence_transformers.sparse_encoder.models.MLMTransformer": .transformer,
    "sentence_transformers.sparse_encoder.modules.mlm_transformer.MLMTransformer": .transformer,
    "sentence_transformers.sparse_encoder.models.SpladePooling.SpladePooling": .spladePooling,
    "sentence_transformers.sparse_encoder.models.SpladePooling": .spladePooling,
    "sentence_transformers.sparse_encoder.modules.splade_pooling.SpladePooling": .spladePooling,
    "pylate.models.Dense.Dense": .dense,
    "sentence_transformers.models.Pooling": .pooling,
    "sentence_transformers.models.Normalize": .normalize,
    "sentence_transformers.models.Dense": .dense,
    "sentence_transformers.base.modules.dense.Dense": .dense,
    "sentence_transformers.models.LayerNorm": .layerNorm,
    "sentence_transformers.sentence_transformer.modules.layer_norm.LayerNorm": .layerNorm,
    "sentence_transformers.models.Dropout": .dropout,
    "sentence_transformers.sentence_transformer.modules.dropout.Dropout": .dropout,
    "sentence_transformers.sentence_transformer.modules.dense.Dense": .dense,
    "sentence_transformers.base.modules.transformer.Transformer": .transformer,
    "sentence_transformers.sentence_transformer.modules.transformer.Transformer": .transformer,
    "sentence_transformers.sentence_transformer.modules.pooling.Pooling": .pooling,
    "sentence_transformers.cross_encoder.modules.logit_score.LogitScore": .logitScore,
    "sentence_transformers.base.modules.normalize.Normalize": .normalize,
    "sentence_transformers.sentence_transformer.modules.normalize.Normalize": .normalize,
  ]

  /// The entries in file order, nil without `modules.json`.
  ///
  /// Throws `.malformed` for a file that is not a list of modules, and what reading a module's
  /// `config.json` gives.
  static func read(_ directory: ModelDirectory) throws(ResolutionError) -> [SentenceModule]? {
    let name = directory.path + "/modules.json"
    let json = try reading { () throws(ModelFilesError) in try directory.json("modules.json") }
    guard let json else { return nil }
    guard json.kind == .array, json.count > 0 else {
      throw ResolutionError(.malformed, "\(name): this is not a list of modules")
    }
    var modules: [SentenceModule] = []
    for (index, element) in json.elements.enumerated() {
      guard let type = element["type"]?.string, let path = element["path"]?.string else {
        throw ResolutionError(.malformed, "\(name): [\(index)].type or .path is not a string")
      }
      // The transformer's files lie in the directory itself.
      let config =
        path.isEmpty
        ? nil
        : try reading { () throws(ModelFilesError) in
          try directory.configFile(path + "/config.json")
        }
      modules.append(SentenceModule(type: type, path: path, config: config))
    }
    return modules
  }
}
