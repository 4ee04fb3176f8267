package import JSON
package import ModelFiles

/// Everything that rules may look at: the directory's small files, the names and shapes of its
/// tensors, and the overrides. No weights.
package struct ModelMetadata: Sendable {
  /// The path of the directory, for messages.
  package var path: String
  /// `config.json`.
  package var config: ConfigFile
  /// The entries of `modules.json` in file order, nil without the file.
  package var modules: [SentenceModule]?
  /// `sentence_bert_config.json` or the first of its other spellings.
  package var sentenceConfig: ConfigFile?
  /// `config_sentence_transformers.json`.
  package var sentenceTransformersConfig: ConfigFile?
  /// `artifact.metadata` of Stanford's ColBERT.
  package var artifactMetadata: ConfigFile?
  /// `tokenizer_config.json`.
  package var tokenizerConfig: ConfigFile?
  /// `tokenizer.json`.
  package var tokenizer: JSON
  /// The shapes of the tensors in bge-m3's heads, by file and name; without files that are absent.
  package var heads: [String: [String: [Int]]] = [:]
  /// What messages call the weights.
  package var weightsSource: String
  /// All tensors.
  package var tensors: [TensorSummary]
  /// What the operator asks for.
  package var overrides: Overrides

  /// Reads the files of `directory`. Blocks. Throws what reading them gives.
  package init(
    _ directory: ModelDirectory, overrides: Overrides
  ) throws(ResolutionError) {
    path = directory.path
    config = directory.config
    tokenizer = directory.tokenizerFile
    weightsSource = directory.weights.source
    tensors = directory.weights.tensors
    self.overrides = overrides
    modules = try SentenceModule.read(directory)
    sentenceTransformersConfig = try reading { () throws(ModelFilesError) in
      try directory.configFile("config_sentence_transformers.json")
    }
    for name in ModelDirectory.stateDictNames {
      let dictionary = try reading { () throws(ModelFilesError) in
        try directory.stateDict(name)
      }
      guard let dictionary else { continue }
      heads[name] = Dictionary(
        uniqueKeysWithValues: dictionary.names.map { ($0, dictionary.shape(of: $0) ?? []) })
    }
    artifactMetadata = try reading { () throws(ModelFilesError) in
      try directory.configFile("artifact.metadata")
    }
    tokenizerConfig = try reading { () throws(ModelFilesError) in
      try directory.configFile("tokenizer_config.json")
    }
    for name in ModelDirectory.sentenceConfigNames where sentenceConfig == nil {
      sentenceConfig = try reading { () throws(ModelFilesError) in try directory.configFile(name) }
    }
  }

  /// Whether `modules.json` lists a module of this kind.
  func lists(_ kind: SentenceModule.Kind) -> Bool {
    modules?.contains { $0.kind == kind } ?? false
  }

  /// The path of `modules.json`, for messages.
  var modulesPath: String { path + "/modules.json" }
}
