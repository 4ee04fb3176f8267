import Resolution
import Testing

@Suite("overrides")
struct OverridesTests {
  /// The overrides of a file with this content.
  private func read(_ json: String) throws -> Overrides {
    let model = try ModelBuilder()
    try model.write("own.json", json)
    return try Overrides(path: model.path + "/own.json")
  }

  @Test("a file says everything, in the words of vLLM's --hf-overrides where it has them")
  func everything() throws {
    let overrides = try read(
      #"""
      {"architectures":["Qwen3ForSequenceClassification"],"task":"classify",
       "conversion":"sequence-classification","pooling":"last",
       "classifier_from_token":["no","yes"],"method":"from_2_way_softmax",
       "is_original_qwen3_reranker":true,"labels":["relevant"],"activation":"identity",
       "normalize":false,"score_template":["<s>","{query}{document}"],"instruction":"Judge",
       "special_tokens_in_texts":"read","max_tokens":9,"returned_token_ids":[3,1],
       "step_tag_id":7}
      """#)
    #expect(overrides.architecture == "Qwen3ForSequenceClassification")
    #expect(overrides.task == .classify && overrides.conversion == .sequenceClassification)
    #expect(overrides.pooling == .last && overrides.classifierTokens == ["no", "yes"])
    #expect(overrides.method == .fromTwoWaySoftmax && overrides.isOriginalQwen3Reranker == true)
    #expect(overrides.labels == ["relevant"] && overrides.activation == .identity)
    #expect(overrides.normalize == false && overrides.instruction == Array("Judge".utf8))
    #expect(overrides.scoreTemplate?.pieces.count == 2)
    #expect(overrides.readsSpecialTokens == true && overrides.maxTokens == 9)
    #expect(overrides.returnedTokenIDs == [3, 1] && overrides.stepTagID == 7)
    let flags = Overrides(task: .embed, maxTokens: 5)
    let both = flags.over(overrides)
    #expect(both.task == .embed && both.maxTokens == 5 && both.labels == ["relevant"])
    #expect(Overrides().over(overrides) == overrides)
  }

  @Test(
    "what a file cannot say is refused with file and key",
    arguments: [
      (
        #"{"arch":["A"]}"#,
        "unknown key 'arch'; the keys are architectures, task, conversion, pooling, "
          + "classifier_from_token, method, is_original_qwen3_reranker, labels, activation, "
          + "normalize, score_template, instruction, special_tokens_in_texts, max_tokens, "
          + "returned_token_ids, step_tag_id"
      ),
      (#"{"architectures":["A","B"]}"#, "architectures has 2 names; it takes one"),
      (#"{"architectures":"A"}"#, "architectures is not a list of strings"),
      (#"{"task":"score"}"#, "task is 'score'; it is one of embed, classify"),
      (#"{"method":"median"}"#, "method is 'median'; it is one of from_2_way_softmax"),
      (#"{"max_tokens":0}"#, "max_tokens is 0, but must be at least 1"),
      (#"{"score_template":7}"#, "score_template is neither a string nor a list of strings"),
      (#"{"score_template":"{query}"}"#, "score_template: {document} occurs 0 times"),
      (#"{"special_tokens_in_texts":true}"#, "special_tokens_in_texts is not a string"),
      (
        #"{"special_tokens_in_texts":"keep"}"#,
        "special_tokens_in_texts is 'keep'; it is one of read, refuse"
      ),
      (#"{"returned_token_ids":[1,1]}"#, "returned_token_ids is not a list of different token ids"),
      (#"{"returned_token_ids":[-1]}"#, "returned_token_ids is not a list of different token ids"),
      (#"{"returned_token_ids":7}"#, "returned_token_ids is not a list of different token ids"),
      (#"{"step_tag_id":-1}"#, "step_tag_id is -1"),
      ("[]", "this is not an object"), ("{", "not valid JSON"),
    ])
  func refusals(json: String, message: String) throws {
    let error = #expect(throws: ResolutionError.self) { try read(json) }
    #expect(error?.message.contains("own.json: " + message) == true, "\(String(describing: error))")
  }

  @Test("a file that is not there is named")
  func absent() {
    let error = #expect(throws: ResolutionError.self) { try Overrides(path: "/nowhere/o.json") }
    #expect(error?.message == "/nowhere/o.json: there is no such file")
  }

  @Test("a file in the model directory is not looked at unless it is named")
  func notByItself() throws {
    let model = try ModelBuilder()
    try model.write("millpond.json", #"{"task":"classify","unknown":1}"#)
    #expect(try model.resolve().task == .embed)
  }

  @Test("--task classify without a head names the tensor and what to do, in every family")
  func taskClassify() throws {
    let error = try ModelBuilder.decoder("LlamaForCausalLM").failure(Overrides(task: .classify))
    #expect(error?.code == .missing)
    let message = try #require(error?.message)
    #expect(message.contains("tensor 'score.weight' is missing: the task classify needs"))
    #expect(message.contains("classifier_from_token and method"))
    let encoder = try ModelBuilder().failure(Overrides(task: .classify))
    #expect(encoder?.message.contains("tensor 'classifier.weight' is missing") == true)
    #expect(encoder?.message.contains("classifier_from_token") == false)
  }

  @Test("modules that describe another task than the one asked for say nothing")
  func otherTask() throws {
    let model = try ModelBuilder()
    try model.addModules()
    #expect(
      model.failure(Overrides(task: .classify))?.message.contains(
        "tensor 'classifier.weight' is missing") == true)
    let reranker = try ModelBuilder.decoder("LlamaForCausalLM")
    try reranker.write(
      "modules.json",
      #"""
      [{"path":"","type":"sentence_transformers.base.modules.transformer.Transformer"},
       {"path":"1_LogitScore",
        "type":"sentence_transformers.cross_encoder.modules.logit_score.LogitScore"}]
      """#)
    let plan = try reranker.resolve(Overrides(task: .embed))
    #expect(plan.task == .embed && plan.pooling == .last && plan.normalize)
    #expect(try reranker.rule(.modules, Overrides(task: .embed)) == "modules.other-task")
  }

  @Test("each override decides its fact, by a rule that says so")
  func rules() throws {
    let model = try ModelBuilder.decoder("LlamaForCausalLM")
    var asked = Overrides(
      task: .classify, classifierTokens: ["no", "yes"], method: .fromTwoWaySoftmax)
    asked.labels = ["relevant"]
    asked.activation = .identity
    asked.scoreTemplate = try ScoreTemplate(
      pieces: [Array("{query} {document}".utf8)], source: "t")
    let plan = try model.resolve(asked)
    #expect(plan.labels == ["relevant"] && plan.activation == .identity)
    #expect(plan.score == .crossEncoder)
    for (fact, rule) in [
      (Fact.conversion, "conversion.task-override"), (.labels, "labels.override"),
      (.activation, "activation.override"), (.scoreTemplate, "score-template.override"),
      (.tokenHead, "token-head.classifier-from-token"),
    ] { #expect(try model.rule(fact, asked) == rule) }
    var embedding = Overrides()
    embedding.normalize = false
    embedding.conversion = .embedding
    #expect(try !model.resolve(embedding).normalize)
    #expect(try model.rule(.normalize, embedding) == "normalize.override")
    #expect(try model.rule(.conversion, embedding) == "conversion.override")
    var other = Overrides()
    other.architecture = "MistralForCausalLM"
    #expect(try model.resolve(other).family == .mistral)
  }

  /// What a language model without a head says against `base` with each change.
  private func expectRefusals(
    _ base: Overrides, _ cases: [((inout Overrides) -> Void, String)]
  ) throws {
    let model = try ModelBuilder.decoder("LlamaForCausalLM")
    for (change, message) in cases {
      var overrides = base
      change(&overrides)
      let error = model.failure(overrides)
      #expect(error?.code == .invalidOverride)
      #expect(error?.message.hasPrefix(message) == true, "\(String(describing: error))")
    }
  }

  private func template() throws -> ScoreTemplate {
    try ScoreTemplate(pieces: [Array("{query} {document}".utf8)], source: "t")
  }

  @Test("overrides that contradict the model are refused")
  func contradictions() throws {
    let template = try template()
    try expectRefusals(
      Overrides(),
      [
        ({ $0.architecture = "FooModel" }, "architectures is 'FooModel', which cannot be served"),
        ({ $0.conversion = .reward }, "conversion reward: LlamaForCausalLM cannot be served so"),
        ({ $0.conversion = Conversion.none }, "conversion none: LlamaForCausalLM cannot be served"),
        ({ $0.labels = ["a"] }, "labels: the task embed has none"),
        ({ $0.activation = .sigmoid }, "activation sigmoid: the task embed has none"),
        (
          { $0.scoreTemplate = template },
          "score_template and instruction are for the task classify, but the task is embed"
        ),
      ])
    try expectRefusals(
      Overrides(task: .classify),
      [
        (
          { $0.conversion = .embedding },
          "conversion embedding does not give the task classify"
        )
      ])
  }

  @Test("overrides that contradict a head of tokens are refused")
  func tokenHeadContradictions() throws {
    let template = try template()
    try expectRefusals(
      Overrides(classifierTokens: ["yes"], method: .noPostProcessing),
      [
        ({ $0.labels = ["a", "b"] }, "labels: 2, but the head of classifier_from_token has 1"),
        (
          { $0.activation = .softmax },
          "activation softmax: it makes 1 of the model's only output"
        ),
        ({ $0.normalize = true }, "normalize: a classifier has nothing to normalise"),
        (
          { $0.instruction = [0x61] },
          "instruction: the model has no score template that would take it"
        ),
        (
          {
            $0.scoreTemplate = template
            $0.instruction = [0x61]
          }, "instruction: the score template has no {instruction}"
        ),
      ])
  }

  @Test("labels that are not as many as the head's rows are refused, naming who gives them")
  func labelCount() throws {
    let model = try ModelBuilder(labels: 2)
    var overrides = Overrides()
    overrides.labels = ["a", "b", "c"]
    #expect(
      model.failure(overrides)?.message.hasSuffix(
        "tensor 'classifier.weight' has the shape [2, 4], but the overrides give 3 labels") == true)
    overrides.labels = ["a", "b"]
    #expect(try model.resolve(overrides).labels == ["a", "b"])
  }

  @Test("a head of tokens without a template refuses Score, and says what would help")
  func noTemplate() throws {
    let model = try ModelBuilder.decoder("LlamaForCausalLM")
    let plan = try model.resolve(
      Overrides(classifierTokens: ["no", "yes"], method: .fromTwoWaySoftmax))
    #expect(plan.score == ScoreType.none)
    #expect(plan.scoreRefusal?.hasSuffix("give --score-template FILE") == true)
    let several = try model.resolve(
      Overrides(classifierTokens: ["no", "yes", "maybe"], method: .noPostProcessing))
    #expect(several.labels == ["no", "yes", "maybe"] && several.activation == .softmax)
    #expect(several.scoreRefusal?.contains("3 labels") == true)
  }

  @Test("logits that the language model bends are not made a head of")
  func softCap() throws {
    let model = try ModelBuilder.decoder(
      "LlamaForCausalLM", extra: #","final_logit_softcapping":30.0"#)
    #expect(
      model.failure(Overrides(classifierTokens: ["yes"], method: .noPostProcessing))?.message
        == "\(model.path)/config.json: final_logit_softcapping bends the logits of the language "
        + "model, which a head made of its rows does not do")
  }

  @Test("the same asks have the same text, and other ones another")
  func canonical() throws {
    #expect(Overrides().canonicalText.isEmpty)
    let first = try read(#"{"task":"embed","max_tokens":9}"#)
    #expect(first.canonicalText == Overrides(task: .embed, maxTokens: 9).canonicalText)
    #expect(first.canonicalText == "task=embed\nmax_tokens=9\n")
  }
}
