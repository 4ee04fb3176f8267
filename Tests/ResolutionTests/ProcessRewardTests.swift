import Resolution
import Testing

@Suite("process rewards of language models")
struct ProcessRewardTests {
  private func overrides(_ task: Task = .tokenClassify, ids: [Int]? = [1, 0], step: Int? = 7)
    -> Overrides
  {
    var overrides = Overrides(task: task)
    overrides.returnedTokenIDs = ids
    overrides.stepTagID = step
    return overrides
  }

  @Test("tokens of the language model's head become the labels of each step token")
  func steps() throws {
    let plan = try ModelBuilder.decoder("Qwen3ForCausalLM").resolve(overrides())
    #expect(plan.task == .tokenClassify && plan.conversion == .none)
    #expect(plan.tokenHead?.ids == [1, 0] && plan.labels == ["yes", "no"])
    #expect(plan.tokenRows == .step(id: 7, spelling: "<|im_end|>"))
    #expect(plan.activation == .softmax)
    #expect(plan.rules.contains { $0.rule == "token-head.returned-token-ids" })
    #expect(plan.rules.contains { $0.rule == "token-rows.step-tag" })
    let all = try ModelBuilder.decoder("Qwen3ForCausalLM").resolve(overrides(step: nil))
    #expect(all.tokenRows == .all)
  }

  @Test("they are part of what is asked for, and so of the fingerprint")
  func fingerprint() {
    let text = overrides().canonicalText
    #expect(text.contains("returned_token_ids=[1, 0]") && text.contains("step_tag_id=7"))
  }

  @Test("what no language model or vocabulary has is refused")
  func refusals() throws {
    let model = try ModelBuilder.decoder("Qwen3ForCausalLM")
    #expect(
      model.failure(overrides(.embed))
        == ResolutionError(
          .invalidOverride,
          "returned_token_ids: needs the task token-classify of a language model, and this is the "
            + "task embed of Qwen3ForCausalLM"))
    #expect(
      model.failure(overrides(.embed, ids: nil))
        == ResolutionError(
          .invalidOverride, "step_tag_id: the task embed has no rows of labels for tokens"))
    #expect(
      model.failure(overrides(ids: [1, 6]))
        == ResolutionError(
          .invalidOverride, "returned_token_ids: 6 is the id of no entry of the vocabulary"))
    #expect(
      model.failure(overrides(step: 6))
        == ResolutionError(
          .invalidOverride, "step_tag_id: 6 is the id of no entry of the vocabulary"))
    #expect(
      model.failure(overrides(ids: nil))?.message.contains(
        "task token-classify: 'Qwen3ForCausalLM' has no head that classifies tokens") == true)
  }
}
