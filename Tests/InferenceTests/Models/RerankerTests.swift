import Inference
import JSON
import Testing

/// Fixtures of `make_reranker_fixtures.py`: what the code of the model cards computes.
@Suite("rerankers as published, through the engine", .timeLimit(.minutes(2)))
struct RerankerTests {
  /// The largest difference of a logit to transformers in fp32; most are below 1e-6.
  private static let tolerance: Float = 1e-4

  private func limit(_ line: JSON) -> InputLimit {
    InputLimit(
      maxTokens: line["maxTokens"]?.int, truncation: line["maxTokens"]?.int == nil ? .off : .right)
  }

  private func pair(_ line: JSON) throws -> ModelInput {
    .pair(
      query: try #require(line["query"]?.stringBytes),
      document: try #require(line["document"]?.stringBytes))
  }

  private func options(_ line: JSON, raw: Bool) -> ScoreOptions {
    ScoreOptions(
      raw: raw, prompt: line["prompt"]?.stringBytes.map { .named($0) } ?? .modelDefault,
      instruction: line["instruction"]?.stringBytes)
  }

  @Test(
    "scores, logits and token counts are those of the card's code, without any override",
    arguments: [
      "qwen3-reranker", "mxbai-rerank-v2", "bge-reranker-v2-gemma", "llama-nemotron-rerank",
      "logit-score",
    ])
  func scores(name: String) async throws {
    let engine = try makeEngine(directory: Fixtures.reranker(name), threads: 2)
    #expect(engine.info.model.score == .crossEncoder)
    let lines = try Fixtures.lines("rerankers/\(name)/expected.jsonl")
    #expect(lines.count >= 9)
    for line in lines {
      let (input, limit) = (try pair(line), limit(line))
      let raw = try await engine.slots(.score(options(line, raw: true)), [input], limit: limit)
      let activated = try await engine.slots(
        .score(options(line, raw: false)), [input], limit: limit)
      let (logit, score) = (try #require(raw[0].score), try #require(activated[0].score))
      #expect(abs(logit - Float(try #require(line["logit"]?.double))) <= Self.tolerance)
      #expect(abs(score - Float(try #require(line["score"]?.double))) <= Self.tolerance)
      #expect(raw[0].tokens == line["ids"]?.count)
      #expect(raw[0].truncated == (line["maxTokens"]?.int != nil))
    }
  }

  @Test(
    "the prompt has the ids of the card's code, also where the document is cut",
    arguments: [
      "qwen3-reranker", "mxbai-rerank-v2", "bge-reranker-v2-gemma", "llama-nemotron-rerank",
    ])
  func ids(name: String) async throws {
    let engine = try makeEngine(directory: Fixtures.reranker(name))
    for line in try Fixtures.lines("rerankers/\(name)/expected.jsonl")
    where line["instruction"]?.stringBytes == nil {
      let slots = try await engine.slots(
        .tokenize(prompt: .none), [try pair(line)], limit: limit(line))
      guard case .tokens(let ids, _) = slots[0].value else {
        throw UnexpectedResult(result: slots[0])
      }
      #expect(ids.map(Int.init) == line["ids"]?.elements.compactMap(\.int))
    }
  }

  @Test("a pair has the same bits alone and among others, 1:N and N:N")
  func sameBits() async throws {
    let engine = try makeEngine(directory: Fixtures.reranker("qwen3-reranker"), threads: 2)
    let inputs = try Fixtures.lines("rerankers/qwen3-reranker/expected.jsonl").map(pair)
    let together = try await engine.slots(.score(ScoreOptions()), inputs)
    for (index, input) in inputs.enumerated() {
      let alone = try await engine.slots(.score(ScoreOptions()), [input])
      let allowed: Float = 0
      let (first, second) = (try #require(alone[0].score), try #require(together[index].score))
      #expect(abs(first - second) <= allowed)
    }
  }

  @Test("cut on the left, the prompt stays and the document loses its beginning")
  func leftCut() async throws {
    let engine = try makeEngine(directory: Fixtures.reranker("qwen3-reranker"))
    let words = "moon tide water low noon boats river mill pond grain"
    let whole = try await tokens(engine, words, InputLimit())
    let cut = try await tokens(engine, words, InputLimit(maxTokens: 135, truncation: .left))
    #expect(cut.count == 135)
    let dropped = whole.count - cut.count
    let start = zip(whole, cut).prefix { $0 == $1 }.count
    #expect(Array(whole[..<start] + whole[(start + dropped)...]) == cut)
    #expect(whole[start - 1] != whole[start + dropped - 1])
  }

  private func tokens(
    _ engine: Engine, _ document: String, _ limit: InputLimit
  ) async throws -> [Int32] {
    let slots = try await engine.slots(
      .tokenize(prompt: .none), [.pair("query", document)], limit: limit)
    guard case .tokens(let ids, _) = slots[0].value else {
      throw UnexpectedResult(result: slots[0])
    }
    return ids
  }

  @Test(
    "prompts stay outside the pooling as sentence-transformers leaves them out",
    arguments: ["mean", "cls", "max"])
  func includePrompt(mode: String) async throws {
    let engine = try makeEngine(directory: Fixtures.reranker("include-prompt-\(mode)"), threads: 2)
    for line in try Fixtures.lines("rerankers/include-prompt-\(mode)/expected.jsonl") {
      let prompt: PromptChoice = line["prompt"]?.stringBytes.map { .named($0) } ?? .none
      let vector = try await engine.vectors(
        [try #require(line["text"]?.stringBytes)], EmbedOptions(prompt: prompt))[0]
      let expected = line["vector"]?.elements.compactMap(\.double).map { Float($0) } ?? []
      #expect(vector.count == expected.count)
      let difference = zip(vector, expected).map { abs($0 - $1) }.max() ?? .infinity
      #expect(difference <= Self.tolerance)
    }
  }
}
