import Foundation
import Kernels
import ModelFiles
import Models
import Resolution
import Testing

/// What families refuse, on copies of the fixtures with a changed configuration.
@Suite("Families: refusals")
struct FamilyRefusalTests {
  private struct Case: Sendable, CustomTestStringConvertible {
    var fixture: String
    var members: String
    var text: String
    var testDescription: String { "\(fixture) \(members)" }
  }

  private static let cases = [
    Case(
      fixture: "qwen2", members: #""rope_parameters":{"rope_type":"yarn","rope_theta":1}"#,
      text: "rope_theta is 1.0, and yarn needs more than 1"),
    Case(
      fixture: "qwen2", members: #""rope_parameters":{"rope_type":"proportional"}"#,
      text: "rope_parameters.rope_type is 'proportional'; default, linear, llama3, yarn, dynamic, "
        + "longrope are supported"),
    Case(
      fixture: "qwen2", members: #""rope_parameters":{"full_attention":{"rope_theta":1e4}}"#,
      text: "rope_parameters.full_attention has positions of its own, which this family does not"),
    Case(
      fixture: "llama", members: #""rope_scaling":{"type":"dynamic"}"#,
      text: "rope_scaling.factor is missing"),
    Case(
      fixture: "llama", members: #""rope_scaling":{"type":"linear","factor":0.5}"#,
      text: "rope_scaling.factor is 0.5, not in 1.0..<1e6"),
    Case(
      fixture: "phi3", members: #""rope_parameters":{"rope_type":"longrope"}"#,
      text: "rope_parameters.short_factor is missing"),
    Case(
      fixture: "phi3",
      members:
        #""rope_parameters":{"rope_type":"longrope","short_factor":[1,2,3],"long_factor":[1]}"#,
      text: "rope_parameters.short_factor is not a list of 2 numbers in 0.01..<1e6"),
    Case(
      fixture: "qwen2", members: #""partial_rotary_factor":1e300"#,
      text: "partial_rotary_factor turns 0 of 4 columns"),
    Case(
      fixture: "qwen2", members: #""num_key_value_heads":4"#,
      text: "num_key_value_heads is 4, which does not divide num_attention_heads 6"),
    Case(fixture: "mistral", members: #""hidden_act":"mish""#, text: "hidden_act is 'mish'; gelu,"),
    Case(
      fixture: "gemma2", members: #""attn_logit_softcapping":0"#,
      text: "attn_logit_softcapping is 0.0, not in 0.001..<1e6"),
    Case(
      fixture: "gemma3", members: #""layer_types":["full_attention"]"#,
      text: "layer_types is not a list of full_attention or sliding_attention for 3 layers"),
    Case(
      fixture: "gpt2", members: #""num_hidden_layers":1,"n_layer":2"#,
      text: "is unknown to a gpt2 with num_hidden_layers 1"),
    Case(
      fixture: "albert", members: #""num_hidden_groups":2"#,
      text: "num_hidden_groups is 2; only 1 is supported"),
    Case(
      fixture: "mpnet", members: #""relative_attention_num_buckets":16"#,
      text: "relative_attention_num_buckets is 16; only 32 is supported"),
    Case(
      fixture: "deberta-v3", members: #""share_att_key":false"#,
      text: "tensor 'encoder.layer.0.attention.self.pos_key_proj.weight'"),
    Case(
      fixture: "deberta-v2-convolution", members: #""conv_kernel_size":4"#,
      text: "conv_kernel_size is 4; only 0 and odd numbers below 64 are supported"),
    Case(
      fixture: "deberta-v2-convolution", members: #""conv_groups":5"#,
      text: "conv_groups is 5, which does not divide the hidden size 24"),
    Case(
      fixture: "deberta-v3", members: #""pos_att_type":["p2p"]"#,
      text: "pos_att_type is not made of c2p and p2c, which are supported"),
    Case(
      fixture: "nomic-bert", members: #""moe_every_n_layers":2"#,
      text: "tensor 'encoder.layers.1.mlp.router.layer.weight'"),
    Case(
      fixture: "nomic-bert-ungated", members: #""activation_function":"relu""#,
      text: "activation_function is 'relu'; swiglu and gelu are supported"),
    Case(
      fixture: "nomic-bert-experts", members: #""moe_top_k":5"#,
      text: "moe_top_k is 5 of 4 experts (num_experts, at most 1024)"),
    Case(
      fixture: "nomic-bert-experts", members: #""num_shared_experts":1"#,
      text: "num_shared_experts is not 0, which only is supported"),
    Case(
      fixture: "nomic-bert-experts", members: #""expert_choice_router":true"#,
      text: "expert_choice_router is true; only false is supported"),
    Case(
      fixture: "nomic-bert-experts", members: #""moe_normalize_expert_weights":true"#,
      text: "moe_normalize_expert_weights is true; only false is supported"),
    Case(
      fixture: "nomic-bert", members: #""prenorm":true"#,
      text: "prenorm is true; only false is supported"),
    Case(
      fixture: "gte-new", members: #""rope_scaling":{"type":"ntk","factor":0.5}"#,
      text: "rope_scaling.factor is 0.5, not in 1.0..<1e6"),
    Case(
      fixture: "roberta", members: #""pad_token_id":39"#,
      text: "max_position_embeddings is 40, but positions begin at 40, behind pad_token_id"),
    Case(
      fixture: "roberta", members: #""position_embedding_type":"rotary""#,
      text: "position_embedding_type is 'rotary'; only 'absolute' is supported"),
    Case(
      fixture: "modernbert-classifier", members: #""classifier_pooling":"last""#,
      text: "classifier_pooling is 'last', which cannot be run; cls and mean can"),
    Case(
      fixture: "qwen3", members: #""architectures":["Qwen3ForSequenceClassification"]"#,
      text: "tensor 'score.weight' is missing: the task classify needs a trained"),
    Case(
      fixture: "roberta", members: #""architectures":["RobertaForSequenceClassification"]"#,
      text: "tensor 'classifier.out_proj.weight' is missing: the task classify needs a trained"),
    Case(
      fixture: "qwen3-reranker-classifier", members: #""classifier_from_token":["no","Yes"]"#,
      text: "tokenizer.json: classifier_from_token names 'Yes', which is not an entry of the"),
    Case(
      fixture: "qwen3-reranker-classifier", members: #""classifier_from_token":["yes"]"#,
      text: "classifier_from_token has 1 tokens, but from_2_way_softmax takes two"),
    Case(
      fixture: "gemma-reranker-classifier", members: #""classifier_from_token":null"#,
      text: "classifier_from_token is missing"),
    Case(
      fixture: "gemma-reranker-classifier", members: #""method":"median""#,
      text: "method is 'median', which cannot be run; from_2_way_softmax and no_post_processing"),
    Case(
      fixture: "gemma-reranker-classifier", members: #""tie_word_embeddings":false"#,
      text: "tensor 'lm_head.weight' is missing"),
    Case(
      fixture: "roberta-classifier", members: #""method":"no_post_processing""#,
      text: "classifier_from_token needs a language model, which a roberta is not"),
    Case(
      fixture: "llama", members: #""num_hidden_layers":1"#,
      text: "is unknown to a llama with num_hidden_layers 1"),
    Case(
      fixture: "dense-modules", members: #""hidden_size":24,"vocab_size":47"#,
      text: "tensor 'embed_tokens.weight' has the shape [48, 24], but config.json asks for [47, 24]"
    ),
    Case(
      fixture: "gemma2", members: #""use_bidirectional_attention":true"#,
      text: "use_bidirectional_attention is true; only false is supported"),
    Case(
      fixture: "llama-bidirectional-nvidia", members: #""pooling":"weighted_avg""#,
      text: "pooling is 'weighted_avg', which cannot be run; avg, cls and last can"),
  ]

  @Test("what cannot be computed is refused with its key or tensor", arguments: cases)
  private func refusals(example: Case) throws {
    let copy = NSTemporaryDirectory() + "millpond-\(UUID().uuidString)"
    try FileManager.default.copyItem(
      atPath: FamilyFixture(name: example.fixture).path, toPath: copy)
    defer { try? FileManager.default.removeItem(atPath: copy) }
    let file = URL(fileURLWithPath: copy + "/config.json")
    let text = try String(contentsOf: file, encoding: .utf8)
    let end = try #require(text.lastIndex(of: "}"))
    try Data((text[..<end] + "," + example.members + "}").utf8).write(to: file)
    let error = try #require(throws: (any Error).self) {
      let directory = try ModelDirectory(path: copy)
      let plan = try Resolution.resolve(directory)
      _ = try LoadedModel.load(
        plan: plan, directory: directory, precision: .f32, table: KernelTable(named: nil),
        packs: nil)
    }
    #expect("\(error)".contains(example.text), "\(error)")
  }

  @Test("language models embed the last token by default, and say by which rule")
  func languageModel() throws {
    let plan = try Resolution.resolve(
      ModelDirectory(path: FamilyFixture(name: "qwen3-lm").path))
    #expect(plan.task == .embed && plan.conversion == .embedding && plan.pooling == .last)
    #expect(plan.normalize && plan.rule == "conversion.language-model")
    #expect(plan.unusedTensors == ["lm_head.weight"])
  }

  @Test("a decoder's classifier is its backbone with a score of the last token")
  func decoderClassifier() throws {
    let plan = try FamilyFixture(name: "llama-classifier").plan()
    #expect(plan.task == .classify && plan.conversion == .sequenceClassification)
    #expect(plan.pooling == .last && plan.rule == "conversion.decoder-classifier")
    let one = try FamilyFixture(name: "gte-new-classifier").plan()
    #expect(one.score == .crossEncoder && one.activation == .sigmoid && one.conversion == .none)
  }

  @Test("a language model becomes a classifier by tokens of its vocabulary")
  func tokenHeads() throws {
    let qwen = try FamilyFixture(name: "qwen3-reranker-classifier").plan()
    #expect(qwen.labels == ["LABEL_0"] && qwen.score == .crossEncoder)
    #expect(qwen.activation == .sigmoid && qwen.tokenHead?.ids == [5, 9])
    #expect(qwen.unusedTensors == [])
    let gemma = try FamilyFixture(name: "gemma-reranker-classifier").plan()
    #expect(gemma.rule == "conversion.token-head" && gemma.labels == ["Yes"])
    let overrides = Overrides(
      task: .classify, classifierTokens: ["Yes"], method: .noPostProcessing)
    let directory = try ModelDirectory(path: FamilyFixture(name: "gemma-reranker-classifier").path)
    let overridden = try Resolution.resolve(directory, overrides: overrides)
    #expect(overridden.tokenHead == gemma.tokenHead)
  }

  @Test("a convolution does not see queries that are filled up with what is not seen")
  func convolutionAndExpansion() throws {
    let colbert = FamilyFixture(name: "../outputs/colbert-pylate-modernbert")
    let interaction = try Resolution.resolve(ModelDirectory(path: colbert.path)).interaction
    try #require(interaction?.expansion?.isSeen == false)
    let fixture = FamilyFixture(name: "deberta-v2-convolution")
    var plan = try fixture.plan()
    plan.interaction = interaction
    let error = #expect(throws: ModelError.self) {
      try LoadedModel.load(
        plan: plan, directory: ModelDirectory(path: fixture.path), precision: .f32,
        table: KernelTable(named: nil), packs: nil)
    }
    #expect(
      error?.message.contains("but a convolution (conv_kernel_size) sees its neighbours") == true)
  }

  @Test("NVIDIA's bidirectional Llama pools as its own key says")
  func bidirectionalLlama() throws {
    let fixture = FamilyFixture(name: "llama-bidirectional-nvidia")
    let plan = try Resolution.resolve(ModelDirectory(path: fixture.path))
    #expect(plan.task == .embed && plan.family == .llama && plan.pooling == .mean)
    #expect(plan.rules.contains { $0.rule == "pooling.bidirectional-config" })
  }

  @Test(
    "yarn and dynamic scaling let inputs be longer than the model was trained with",
    arguments: [
      ("qwen2-yarn", 80), ("qwen3-yarn-old-layout", 80), ("llama-dynamic", 80),
      ("phi3-longrope", 80), ("llama-linear", 40), ("gte-new-ntk", 40),
    ])
  func scaledLimits(name: String, limit: Int) throws {
    let plan = try FamilyFixture(name: name).plan()
    #expect(plan.maxTokens == limit)
    let isScaled = ["qwen3-yarn-old-layout", "llama-dynamic"].contains(name)
    #expect(plan.rules.contains { $0.rule == "token-limit.scaled-positions" } == isScaled)
  }

  @Test("RoBERTa's positions begin behind the padding token's id", arguments: ["roberta", "mpnet"])
  func positions(name: String) throws {
    let plan = try FamilyFixture(name: name).plan()
    #expect(plan.maxTokens == (name == "roberta" ? 38 : 198))
  }

  @Test("Dense modules decide the width, and the rules say so")
  func denseModules() throws {
    let plan = try FamilyFixture(name: "dense-modules").plan()
    #expect(plan.dimensions == 16 && plan.dense.map(\.outFeatures) == [40, 16])
    #expect(plan.rules.contains { $0.rule == "dimensions.dense-module" })
  }
}
