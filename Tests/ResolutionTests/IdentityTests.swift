import Resolution
import Testing

@Suite("architecture, conversion and task")
struct IdentityTests {
  @Test("a plain BertModel embeds without conversion")
  func plainModel() throws {
    let plan = try ModelBuilder().resolve()
    #expect(plan.architecture == "BertModel")
    #expect(plan.family == .bert)
    #expect(plan.conversion == .none)
    #expect(plan.rule == "conversion.native-class")
    #expect(plan.task == .embed)
    #expect(plan.labels.isEmpty)
    #expect(plan.activation == .identity)
    #expect(plan.score == .cosine)
    #expect(plan.scoreRefusal == nil)
    #expect(plan.dimensions == 4)
  }

  @Test("a BertForSequenceClassification classifies without conversion")
  func classifier() throws {
    let plan = try ModelBuilder(labels: 3).resolve()
    #expect(plan.conversion == .none)
    #expect(plan.task == .classify)
    #expect(plan.pooling == .cls)
    #expect(!plan.normalize)
    #expect(plan.dimensions == nil)
  }

  @Test("without architectures the model type names the class")
  func modelType() throws {
    let model = try ModelBuilder()
    try model.configure(#""architectures":null,"model_type":"bert""#)
    let plan = try model.resolve()
    #expect(plan.architecture == "BertModel")
    #expect(plan.rules[0].rule == "architecture.config-model-type")
  }

  @Test(
    "a class or type that cannot be served is refused by name",
    arguments: [
      (
        #""architectures":["T5Model"]"#, ResolutionError.Code.unsupported,
        "architectures is 'T5Model', which cannot be served; these can, before Model, "
      ),
      (#""architectures":[]"#, .malformed, "architectures is not a list of class names"),
      (#""architectures":"BertModel""#, .malformed, "architectures is not a list of class names"),
      (#""architectures":null"#, .missing, "architectures is missing"),
      (
        #""architectures":null,"model_type":"t5""#, .unsupported,
        "model_type is 't5', which cannot be served; architectures is missing"
      ),
    ])
  func refusals(members: String, code: ResolutionError.Code, message: String) throws {
    let model = try ModelBuilder()
    try model.configure(members)
    // The names of all classes follow the first.
    let failure = try #require(model.failure())
    #expect(failure.code == code)
    #expect(failure.message.hasPrefix("\(model.path)/config.json: \(message)"))
  }

  @Test("a Pooling module makes an embedding of a classifier's class")
  func poolingModule() throws {
    let model = try ModelBuilder(labels: 2)
    try model.addModules()
    let plan = try model.resolve()
    #expect(plan.conversion == .embedding)
    #expect(plan.rule == "conversion.pooling-module")
    #expect(plan.task == .embed)
    #expect(plan.pooling == .mean)
    #expect(
      plan.unusedTensors == [
        "bert.pooler.dense.bias", "bert.pooler.dense.weight", "classifier.bias",
        "classifier.weight",
      ])
  }

  @Test("an override of the task converts, and needs the head")
  func taskOverride() throws {
    let classifier = try ModelBuilder(labels: 2)
    let embedding = try classifier.resolve(Overrides(task: .embed))
    #expect(embedding.conversion == .embedding)
    #expect(embedding.task == .embed)
    #expect(try classifier.resolve(Overrides(task: .classify)).conversion == .none)
    let plain = try ModelBuilder()
    #expect(
      plain.failure(Overrides(task: .classify))
        == ResolutionError(
          .missing,
          "\(plain.path)/model.safetensors: tensor 'classifier.weight' is missing: the "
            + "task classify needs a trained classification head, and this model has none. Train one "
            + "with transformers' AutoModelForSequenceClassification and save it, or serve the "
            + "model with the task embed"))
    plain.tensors["classifier.weight"] = [2, 4]
    plain.tensors["classifier.bias"] = [2]
    let converted = try plain.resolve(Overrides(task: .classify))
    #expect(converted.conversion == .sequenceClassification)
    #expect(converted.rule == "conversion.task-override")
    #expect(converted.labels.count == 2)
  }
}
