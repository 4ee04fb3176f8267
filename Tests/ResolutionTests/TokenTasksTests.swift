import ModelFiles
import Resolution
import Testing

/// Which models answer for tokens or sparsely, and what is said of those that cannot.
@Suite("token tasks, late interaction and sparse heads")
struct TokenTasksTests {
  /// A vocabulary with markers, a mask and some punctuation.
  private static func tokenizer(_ tokens: [String]) -> String {
    let entries = tokens.enumerated().map { #""\#($1)":\#($0)"# }
    return
      #"{"normalizer":{"type":"BertNormalizer"},"model":{"vocab":{\#(entries.joined(separator: ","))}}}"#
  }

  private func colbert() throws -> ModelBuilder {
    let model = try ModelBuilder(prefix: "bert.")
    try model.configure(#""architectures":["HF_ColBERT"],"model_type":"bert""#)
    model.tensors["linear.weight"] = [3, 4]
    try model.write(
      "tokenizer.json", Self.tokenizer(["[unused0]", "[unused1]", "[MASK]", "!", "."]))
    try model.write("artifact.metadata", #"{"query_maxlen":8,"doc_maxlen":12}"#)
    return model
  }

  private func pyLate() throws -> ModelBuilder {
    let model = try ModelBuilder()
    try model.write(
      "modules.json",
      #"[{"path":"","type":"sentence_transformers.models.Transformer"},{"path":"1_Dense","type":"pylate.models.Dense.Dense"}]"#
    )
    try model.write(
      "1_Dense/config.json",
      #"{"in_features":4,"out_features":3,"bias":false,"activation_function":"torch.nn.modules.linear.Identity"}"#
    )
    try model.write("tokenizer.json", Self.tokenizer(["[Q] ", "[D] ", "[MASK]", ",", "!"]))
    try settings(model, "")
    return model
  }

  private func settings(_ model: ModelBuilder, _ members: String) throws {
    try model.write(
      "config_sentence_transformers.json",
      #"{"query_length":8,"document_length":12"# + members + "}")
  }

  private func rule(_ plan: ModelPlan, _ fact: Fact) -> String? {
    plan.rules.first { $0.fact == fact }?.rule
  }

  @Test("Stanford's ColBERT takes markers, lengths and the mask from artifact.metadata")
  func stanford() throws {
    let plan = try colbert().resolve()
    #expect(plan.task == .tokenEmbed && plan.conversion == .none)
    #expect(plan.score == .lateInteraction && plan.normalize && plan.pooling == nil)
    #expect(plan.outputs == [.tokens] && plan.dimensions == 3 && plan.maxTokens == 12)
    let settings = try #require(plan.interaction)
    #expect(settings.query.markerID == 0 && settings.query.lengthMax == 8)
    #expect(settings.document.markerID == 1 && settings.document.lengthMax == 12)
    #expect(settings.expansion?.id == 2 && settings.expansion?.isSeen == false)
    #expect(settings.skippedIDs == [3, 4])
    #expect(plan.prompts.keys.sorted() == ["document", "query"])
    #expect(rule(plan, .interaction) == "late-interaction.artifact-metadata")
    #expect(rule(plan, .tokenLimit) == "token-limit.late-interaction")
  }

  @Test("PyLate's ColBERT takes them from config_sentence_transformers.json")
  func pyLateSettings() throws {
    let model = try pyLate()
    try settings(
      model,
      #","skiplist_words":[","],"attend_to_expansion_tokens":true,"prompts":{"query":"[Q] find: ","document":""}"#
    )
    let plan = try model.resolve()
    #expect(plan.task == .tokenEmbed && plan.dimensions == 3 && plan.dense.count == 1)
    let settings = try #require(plan.interaction)
    #expect(settings.query.markerID == 0 && settings.document.markerID == 1)
    #expect(settings.query.prompt == Array("find: ".utf8))
    #expect(settings.expansion?.isSeen == true && settings.skippedIDs == [3])
    #expect(rule(plan, .task) == "task.token-modules")
    #expect(rule(plan, .interaction) == "late-interaction.sentence-transformers-config")
    try self.settings(model, #","do_query_expansion":false"#)
    #expect(try model.resolve().interaction?.expansion == nil)
  }

  @Test(
    "a ColBERT that cannot be read as it was trained is refused",
    arguments: [
      (#","query_prefix":"[X] ""#, "tokenizer.json: the marker '[X] ' of "),
      (#","similarity_fn_name":"cosine""#, "similarity_fn_name is 'cosine', which cannot be run"),
      (#","prompts":{"code":"c: "}"#, "prompts.code is neither query nor document"),
      (#","model_type":"MultiVectorEncoder""#, "model_type is 'MultiVectorEncoder', but the task"),
      (
        #","document_length":400"#,
        "documents of 400 tokens are asked for, but the model has only 16"
      ),
    ])
  func pyLateRefusals(members: String, message: String) throws {
    let model = try pyLate()
    try settings(model, members)
    #expect(
      model.failure()?.message.contains(message) == true, "\(String(describing: model.failure()))")
  }

  @Test("ColBERT over another class, without a mask, or with a residual Dense is refused")
  func colbertRefusals() throws {
    let other = try colbert()
    try other.configure(#""model_type":"xlm-roberta""#)
    #expect(
      other.failure()?.message.hasSuffix(
        "model_type is 'xlm-roberta' under the architecture HF_ColBERT; bert can be served") == true
    )
    let noMask = try colbert()
    try noMask.write("tokenizer.json", Self.tokenizer(["[unused0]", "[unused1]"]))
    #expect(
      noMask.failure()?.message.hasSuffix(
        "no mask token to fill queries up with: '[MASK]', '<mask>' are not in the vocabulary")
        == true)
    let noLinear = try colbert()
    noLinear.tensors["linear.weight"] = nil
    #expect(noLinear.failure()?.message.hasSuffix("tensor 'linear.weight' is missing") == true)
    let residual = try pyLate()
    try residual.write(
      "1_Dense/config.json", #"{"in_features":4,"out_features":4,"use_residual":true}"#)
    #expect(residual.failure()?.message.contains("use_residual is true") == true)
  }

  @Test("token-embed can be asked of any embedding model, which then puts nothing into texts")
  func override() throws {
    let model = try ModelBuilder()
    try model.addModules()
    let plan = try model.resolve(Overrides(task: .tokenEmbed))
    #expect(plan.task == .tokenEmbed && plan.conversion == .embedding)
    #expect(plan.interaction == nil && plan.score == .lateInteraction && plan.normalize)
    #expect(rule(plan, .task) == "task.override")
    #expect(
      model.failure(Overrides(task: .tokenClassify))
        == ResolutionError(
          .invalidOverride,
          "task token-classify: 'BertModel' has no head that classifies tokens; "
            + "XForTokenClassification and Qwen2ForProcessRewardModel have"))
    #expect(
      model.failure(Overrides(task: .tokenEmbed, pooling: .mean))
        == ResolutionError(
          .invalidOverride, "pooling mean: the task token-embed pools nothing"))
  }

  @Test("XForTokenClassification answers for every token, with softmax and without a score")
  func tokenClassification() throws {
    let model = try ModelBuilder(labels: 3)
    try model.configure(#""architectures":["BertForTokenClassification"]"#)
    let plan = try model.resolve()
    #expect(plan.task == .tokenClassify && plan.conversion == .none)
    #expect(plan.activation == .softmax && plan.labels.count == 3 && plan.tokenRows == .all)
    #expect(plan.outputs.isEmpty && plan.dimensions == nil && plan.score == .none)
    #expect(rule(plan, .activation) == "activation.token-labels")
    model.tensors["classifier.weight"] = [2, 4]
    #expect(
      model.failure()?.message.contains("'classifier.weight' has 2 rows, but ") == true)
    model.tensors["classifier.weight"] = nil
    #expect(model.failure()?.message.hasSuffix("tensor 'classifier.weight' is missing") == true)
  }

  private func splade(withModules: Bool = true) throws -> ModelBuilder {
    let model = try ModelBuilder(prefix: "bert.")
    try model.configure(#""architectures":["BertForMaskedLM"]"#)
    for name in ["dense.weight", "dense.bias", "LayerNorm.weight", "LayerNorm.bias"] {
      model.tensors["cls.predictions.transform." + name] = name == "dense.weight" ? [4, 4] : [4]
    }
    model.tensors["cls.predictions.bias"] = [8]
    guard withModules else { return model }
    try model.write(
      "modules.json",
      #"[{"path":"","type":"sentence_transformers.sparse_encoder.models.MLMTransformer"},{"path":"1_SpladePooling","type":"sentence_transformers.sparse_encoder.models.SpladePooling"}]"#
    )
    return model
  }

  @Test("SPLADE keeps the language model's head, gives sparse weights and scores by them")
  func sparse() throws {
    let model = try splade()
    let plan = try model.resolve()
    #expect(plan.task == .embed && plan.conversion == .none && plan.outputs == [.sparse])
    #expect(plan.score == .sparse && plan.dimensions == 8)
    #expect(plan.sparse == .languageModel(logarithms: 1))
    #expect(plan.tokenTensors.sparse.last?.weight == "bert.embeddings.word_embeddings.weight")
    #expect(rule(plan, .sparse) == "sparse-head.splade-module")
    let named = try splade(withModules: false)
    try named.configure(#""architectures":["BertSpladeSparseEmbeddingModel"]"#)
    #expect(try named.resolve().sparse == .languageModel(logarithms: 1))
  }

  @Test(
    "a SpladePooling that cannot be run is refused",
    arguments: [
      (#"{"pooling_strategy":"sum"}"#, "pooling_strategy is 'sum', which cannot be run; max can"),
      (#"{"activation_function":"tanh"}"#, "activation_function is 'tanh', which cannot be run"),
    ])
  func spladeRefusals(config: String, message: String) throws {
    let model = try splade()
    try model.write("1_SpladePooling/config.json", config)
    #expect(model.failure()?.message.contains(message) == true)
  }

  @Test("SPLADE without its head, over another family or with another similarity is refused")
  func spladeHeads() throws {
    let model = try splade()
    model.tensors["cls.predictions.bias"] = nil
    #expect(
      model.failure()?.message.hasSuffix(
        "tensor 'cls.predictions.bias' (or 'cls.predictions.decoder.bias') is missing") == true)
    let cosine = try splade()
    try cosine.write("config_sentence_transformers.json", #"{"similarity_fn_name":"cosine"}"#)
    #expect(cosine.failure()?.message.contains("sparse weights are compared by dot only") == true)
  }

  @Test("a PyTorch file that is none is refused by its name")
  func damagedHead() throws {
    let model = try ModelBuilder()
    try model.write("sparse_linear.pt", "not a zip archive, but long enough to look for one")
    #expect(
      model.failure()
        == ResolutionError(
          .malformed,
          "\(model.path)/sparse_linear.pt: it has no zip directory, so it is no file of PyTorch"))
  }
}
