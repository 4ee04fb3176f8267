import Resolution
import Testing

@Suite("sentence-transformers modules")
struct ModulesTests {
  @Test("without modules.json the class decides: first token, normalised")
  func classDefault() throws {
    let plan = try ModelBuilder().resolve()
    #expect(plan.pooling == .cls)
    #expect(plan.normalize)
  }

  @Test("Normalize in the list decides whether vectors are normalised", arguments: [true, false])
  func normalize(isListed: Bool) throws {
    let model = try ModelBuilder()
    try model.addModules(["Transformer", "Pooling"] + (isListed ? ["Normalize"] : []))
    let plan = try model.resolve()
    #expect(plan.normalize == isListed)
    #expect(plan.pooling == .mean)
  }

  @Test("the layout since 5.4 is read")
  func newLayout() throws {
    let model = try ModelBuilder()
    try model.addModules(pooling: #"{"embedding_dimension":4,"pooling_mode":"mean"}"#)
    try model.write(
      "modules.json",
      #"""
      [{"path":"","type":"sentence_transformers.base.modules.transformer.Transformer"},
       {"path":"1_Pooling",
        "type":"sentence_transformers.sentence_transformer.modules.pooling.Pooling"},
       {"path":"2_Normalize","type":"sentence_transformers.base.modules.normalize.Normalize"}]
      """#)
    try model.write(
      "config_sentence_transformers.json", #"{"model_type":"SentenceTransformer"}"#)
    let plan = try model.resolve()
    #expect(plan.pooling == .mean)
    #expect(plan.normalize)
  }

  @Test(
    "pooling modes of both layouts",
    arguments: [
      (#"{"pooling_mode_cls_token":true,"pooling_mode_mean_tokens":false}"#, Pooling.cls),
      (#"{"pooling_mode_cls_token":false,"pooling_mode_mean_tokens":true}"#, .mean),
      (#"{"pooling_mode_max_tokens":true}"#, .max), (#"{"pooling_mode":"max"}"#, .max),
      (#"{"pooling_mode_mean_sqrt_len_tokens":true}"#, .meanSqrt),
      (#"{"pooling_mode_weightedmean_tokens":true}"#, .weightedMean),
      (#"{"pooling_mode_lasttoken":true}"#, .last), (#"{"pooling_mode":"lasttoken"}"#, .last),
      (#"{"pooling_mode":"cls"}"#, .cls), (#"{"pooling_mode":["mean"]}"#, .mean),
      (#"{"pooling_mode":"cls","pooling_mode_mean_tokens":true}"#, .cls),
      (#"{"pooling_mode_mean_tokens":true,"include_prompt":false}"#, .mean),
    ])
  func modes(config: String, pooling: Pooling) throws {
    let model = try ModelBuilder()
    try model.addModules(pooling: config)
    #expect(try model.resolve().pooling == pooling)
  }

  @Test(
    "a pooling that cannot be run is refused with its key",
    arguments: [
      (
        #"{"pooling_mode_median":true}"#, ResolutionError.Code.unsupported,
        "pooling_mode_median is true, which cannot be run; pooling_mode_cls_token, "
          + "pooling_mode_lasttoken, pooling_mode_max_tokens, pooling_mode_mean_sqrt_len_tokens, "
          + "pooling_mode_mean_tokens, pooling_mode_weightedmean_tokens can"
      ),
      (
        #"{"pooling_mode_new_one":true}"#, .unsupported,
        "pooling_mode_new_one is true, which cannot be run; pooling_mode_cls_token, "
          + "pooling_mode_lasttoken, pooling_mode_max_tokens, pooling_mode_mean_sqrt_len_tokens, "
          + "pooling_mode_mean_tokens, pooling_mode_weightedmean_tokens can"
      ),
      (
        #"{"pooling_mode_cls_token":false}"#, .malformed,
        "pooling_mode and all pooling_mode_… are absent or false"
      ),
      (
        #"{"pooling_mode_cls_token":1}"#, .malformed,
        "pooling_mode_cls_token is not true or false"
      ),
      (
        #"{"pooling_mode":"median"}"#, .unsupported,
        "pooling_mode is 'median', which cannot be run; cls, lasttoken, max, mean, "
          + "mean_sqrt_len_tokens, weightedmean can"
      ),
      (
        #"{"pooling_mode":["cls","median"]}"#, .unsupported,
        "pooling_mode is 'median', which cannot be run; cls, lasttoken, max, mean, "
          + "mean_sqrt_len_tokens, weightedmean can"
      ),
      (#"{"pooling_mode":[]}"#, .malformed, "pooling_mode has 0 modes, not 1 to 16"),
      (
        #"{"pooling_mode":["cls",1]}"#, .malformed,
        "pooling_mode is neither a mode nor a list of modes"
      ),
      (
        #"{"pooling_mode":"mean","word_embedding_dimension":8}"#, .malformed,
        "word_embedding_dimension is 8, but hidden_size of config.json is 4"
      ),
    ])
  func poolingRefusals(config: String, code: ResolutionError.Code, message: String) throws {
    let model = try ModelBuilder()
    try model.addModules(pooling: config)
    #expect(
      model.failure() == ResolutionError(code, "\(model.path)/1_Pooling/config.json: \(message)"))
  }

  @Test(
    "several poolings are joined: in file order in the new layout, in the library's in the old",
    arguments: [
      (#"{"pooling_mode":["mean","cls"]}"#, [Pooling.mean, .cls]),
      (#"{"pooling_mode_lasttoken":true,"pooling_mode_mean_tokens":true}"#, [.mean, .last]),
      (#"{"pooling_mode_mean_tokens":true,"pooling_mode_max_tokens":true}"#, [.max, .mean]),
    ])
  func joined(config: String, poolings: [Pooling]) throws {
    let model = try ModelBuilder()
    try model.addModules(pooling: config)
    let plan = try model.resolve()
    #expect([plan.pooling].compactMap(\.self) + plan.joinedPoolings == poolings)
    #expect(plan.dimensions == 8)
    let override = try model.resolve(Overrides(pooling: .cls))
    #expect(override.pooling == .cls && override.joinedPoolings.isEmpty)
    #expect(override.dimensions == 4)
  }

  @Test("a norm whose width is not that of the vectors before it is refused")
  func normWidth() throws {
    let model = try ModelBuilder()
    try model.addModules(["Transformer", "Pooling", "LayerNorm"])
    #expect(
      model.failure()?.message.contains(
        "config.json is missing, which modules.json needs for a LayerNorm module") == true)
    try model.write("2_LayerNorm/config.json", #"{"dimension":5}"#)
    #expect(
      model.failure()
        == ResolutionError(
          .malformed,
          "\(model.path)/2_LayerNorm/config.json: dimension is 5, but the vectors before it have "
            + "the width 4"))
    try model.write("2_LayerNorm/config.json", #"{"dimension":4}"#)
    let plan = try model.resolve()
    #expect(plan.vectorNorms.map(\.path) == ["2_LayerNorm"])
    #expect(plan.vectorNorms.map(\.width) == [4] && plan.vectorNorms.map(\.mapsBefore) == [0])
  }

  @Test("a Pooling module without its file is refused")
  func missingPoolingConfig() throws {
    let model = try ModelBuilder()
    try model.write(
      "modules.json",
      #"""
      [{"path":"","type":"sentence_transformers.models.Transformer"},
       {"path":"1_P","type":"sentence_transformers.models.Pooling"}]
      """#)
    #expect(
      model.failure()
        == ResolutionError(
          .missing,
          "\(model.path)/1_P/config.json is missing, which modules.json needs for the pooling"))
  }

  @Test(
    "a list of modules that cannot be run is refused",
    arguments: [
      (
        ["Transformer", "Pooling", "LSTM", "Normalize"],
        "[2].type is 'sentence_transformers.models.LSTM', which cannot be run; Transformer, "
          + "Pooling, Dense, LayerNorm, Dropout, Normalize, LogitScore and SpladePooling can"
      ),
      (
        ["Transformer"],
        "the modules are Transformer, but the task embed takes Transformer, Pooling or "
          + "Transformer, Pooling, Normalize in this order"
      ),
      (
        ["Transformer", "Normalize", "Pooling"],
        "the modules are Transformer, Normalize, Pooling, but the task embed takes Transformer, "
          + "Pooling or Transformer, Pooling, Normalize in this order"
      ),
    ])
  func moduleRefusals(names: [String], message: String) throws {
    let model = try ModelBuilder()
    try model.addModules(names)
    #expect(
      model.failure() == ResolutionError(.unsupported, "\(model.path)/modules.json: \(message)"))
  }

  @Test("a modules.json that is no list, or whose paths leave the directory, is refused")
  func malformedList() throws {
    let model = try ModelBuilder()
    try model.write("modules.json", "{}")
    #expect(
      model.failure()
        == ResolutionError(
          .malformed, "\(model.path)/modules.json: this is not a list of modules"))
    try model.write("modules.json", #"[{"type":"x"}]"#)
    #expect(
      model.failure()
        == ResolutionError(
          .malformed, "\(model.path)/modules.json: [0].type or .path is not a string"))
    try model.write("modules.json", #"[{"type":"x","path":"../other"}]"#)
    #expect(
      model.failure()?.message
        == "\(model.path): '../other/config.json' is no path inside the directory")
    try model.write(
      "modules.json", #"[{"type":"sentence_transformers.models.Transformer","path":"0_T"}]"#)
    #expect(
      model.failure()?.message
        == "\(model.path)/modules.json: [0].path is '0_T', but the transformer's files must lie "
        + "in the directory itself")
  }

  @Test("a directory made for another class of sentence-transformers is refused")
  func otherModelType() throws {
    let model = try ModelBuilder()
    try model.addModules()
    try model.write("config_sentence_transformers.json", #"{"model_type":"SparseEncoder"}"#)
    #expect(
      model.failure()
        == ResolutionError(
          .unsupported,
          "\(model.path)/config_sentence_transformers.json: model_type is "
            + "'SparseEncoder', but the task embed takes SentenceTransformer"))
  }

  @Test("an override of the pooling is taken for embeddings only")
  func override() throws {
    let model = try ModelBuilder()
    try model.addModules()
    #expect(try model.resolve(Overrides(pooling: .cls)).pooling == .cls)
    #expect(
      try ModelBuilder(labels: 2).failure(Overrides(pooling: .mean))
        == ResolutionError(
          .invalidOverride,
          "pooling mean: the pooling of a classifier belongs to its head and "
            + "cannot be chosen"))
  }
}
