import Resolution
import Testing

@Suite("LogitScore modules")
struct LogitScoreTests {
  private func model(
    _ score: String, _ architecture: String = "LlamaForCausalLM"
  ) throws -> ModelBuilder {
    let model = try ModelBuilder.decoder(architecture)
    try model.write(
      "modules.json",
      #"""
      [{"idx":0,"path":"","type":"sentence_transformers.base.modules.transformer.Transformer"},
       {"idx":1,"path":"1_LogitScore",
        "type":"sentence_transformers.cross_encoder.modules.logit_score.LogitScore"}]
      """#)
    if !score.isEmpty { try model.write("1_LogitScore/config.json", score) }
    return model
  }

  @Test("make a cross-encoder of a language model, whatever its class is called")
  func recognised() throws {
    let two = try model(#"{"true_token_id":1,"false_token_id":0}"#).resolve()
    #expect(two.rule == "conversion.logit-score-module" && two.score == .crossEncoder)
    #expect(
      two.tokenHead
        == TokenHead(tokens: ["no", "yes"], ids: [0, 1], method: .fromTwoWaySoftmax))
    let one = try model(#"{"true_token_id":7,"false_token_id":null}"#).resolve()
    #expect(
      one.tokenHead == TokenHead(tokens: ["<|im_end|>"], ids: [7], method: .noPostProcessing))
    #expect(one.labels == ["<|im_end|>"] && one.activation == .sigmoid)
  }

  @Test("the declared activation and the prompts of the cross-encoder are taken")
  func settings() throws {
    let model = try model(#"{"true_token_id":1}"#)
    try model.write(
      "config_sentence_transformers.json",
      #"""
      {"model_type":"CrossEncoder","activation_fn":"torch.nn.modules.linear.Identity",
       "prompts":{"web":"Find pages"},"default_prompt_name":"web"}
      """#)
    let plan = try model.resolve()
    #expect(plan.activation == .identity)
    #expect(plan.prompts == ["web": Array("Find pages".utf8)] && plan.defaultPrompt == "web")
  }

  @Test(
    "what cannot be run is refused with its key",
    arguments: [
      ("", "1_LogitScore/config.json is missing, which modules.json needs"),
      ("{}", "1_LogitScore/config.json: true_token_id is missing"),
      (
        #"{"true_token_id":6}"#,
        "1_LogitScore/config.json: true_token_id is 6, which no entry of the vocabulary has"
      ),
      (
        #"{"true_token_id":1,"false_token_id":99}"#,
        "false_token_id is 99, which no entry of the vocabulary has"
      ),
      (
        #"{"true_token_id":1,"module_input_name":"logits"}"#,
        "module_input_name is 'logits'; only causal_logits can be read"
      ),
    ])
  func refusals(config: String, message: String) throws {
    let error = try model(config).failure()
    #expect(error?.message.contains(message) == true, "\(String(describing: error))")
  }

  @Test("an encoder has no such logits")
  func encoder() throws {
    let model = try ModelBuilder()
    try model.write(
      "modules.json",
      #"""
      [{"idx":0,"path":"","type":"sentence_transformers.models.Transformer"},
       {"idx":1,"path":"1_LogitScore",
        "type":"sentence_transformers.cross_encoder.modules.logit_score.LogitScore"}]
      """#)
    #expect(
      model.failure()?.message
        == "\(model.path)/config.json: modules.json's LogitScore needs a language model, which a "
        + "bert is not")
  }

  @Test("pairs that a chat template writes are refused until the operator gives the prompt")
  func chatTemplate() throws {
    let model = try model(#"{"true_token_id":1}"#)
    try model.write(
      "sentence_bert_config.json",
      #"{"transformer_task":"text-generation","modality_config":{"text":{},"message":{}}}"#)
    #expect(
      model.failure()
        == ResolutionError(
          .unsupported,
          "\(model.path)/sentence_bert_config.json: modality_config.message says that pairs are "
            + "written by the tokenizer's chat template, which cannot be run; give the prompt with "
            + "--score-template FILE"))
    var overrides = Overrides()
    overrides.scoreTemplate = try ScoreTemplate(
      pieces: [Array("{query} {document}".utf8)], source: "t")
    #expect(try model.resolve(overrides).score == .crossEncoder)
  }
}
