import JSON
import MillpondClient
import TestSupport
import Testing

extension Integration {
  @Suite("What the operator says in place of a directory")
  struct OverrideCommandTests {
    private static let tolerance = 1e-4

    private func fixture(_ name: String) -> String { Fixtures.path("rerankers/\(name)") }

    @Test("a published reranker scores from its directory as downloaded, with its instruction")
    func score() async throws {
      let lines = try Fixtures.lines("rerankers/qwen3-reranker/expected.jsonl")
      for line in [lines[0], try #require(lines.first { $0["instruction"]?.string != nil })] {
        let instruction = line["instruction"]?.string.map { ["--instruction", $0] } ?? []
        let result = try await millpond(
          (["score", "--model", fixture("qwen3-reranker"), "--json"] + instruction
            + ["--query", line["query"]?.string ?? "", line["document"]?.string ?? ""])
            .map { Array($0.utf8) })
        #expect(result.exit == .status(0), "it said: \(result.messages)")
        let answer = try #require(try result.lines().first)
        let (score, expected) = (answer["score"]?.double, line["score"]?.double)
        #expect(abs(try #require(score) - (try #require(expected))) <= Self.tolerance)
        #expect(answer["tokens"]?.int == line["ids"]?.count)
      }
    }

    @Test("--precision reaches the worker that a command starts")
    func precision() async throws {
      let model = try Fixtures.miniLM()
      var vectors: [[Double]] = []
      for precision in ["f32", "bf16", "int8"] {
        let result = try await millpond(
          "embed", "--model", model, "--precision", precision, "--json", "The tide is out.")
        #expect(result.exit == .status(0), "it said: \(result.messages)")
        let embedding = try #require(try result.lines().first?["embedding"])
        vectors.append(embedding.elements.compactMap(\.double))
      }
      #expect(Set(vectors).count == 3)
      for vector in vectors.dropFirst() {
        let cosine = zip(vector, vectors[0]).reduce(0) { $0 + $1.0 * $1.1 }
        #expect(cosine > 0.99 && cosine < 1.01)
      }
    }

    @Test("--task, --overrides and --score-template make another model of the same weights")
    func otherModel() async throws {
      let model = fixture("qwen3-reranker")
      let vector = try await millpond(
        "embed", "--model", model, "--task", "embed", "--pooling", "mean", "--json", "tide")
      #expect(vector.exit == .status(0), "it said: \(vector.messages)")
      #expect(try vector.lines().first?["embedding"]?.count == 24)
      let overrides = ScratchFolder.shared.newPath("overrides.json")
      try writeFile(overrides, #"{"activation":"identity","instruction":"Judge"}"#)
      let raw = try await millpond(
        "score", "--model", model, "--overrides", overrides, "--json", "--query", "tide", "moon")
      let logit = try await millpond(
        "score", "--model", model, "--instruction", "Judge", "--raw", "--json", "--query", "tide",
        "moon")
      #expect(raw.exit == .status(0), "it said: \(raw.messages)")
      #expect(raw.output == logit.output)
      let template = ScratchFolder.shared.newPath("template.txt")
      try writeFile(template, "{query} {document}")
      let short = try await millpond(
        "score", "--model", model, "--score-template", template, "--json", "--query", "tide",
        "moon")
      #expect(try short.lines().first?["tokens"]?.int == 2)
    }

    @Test("overrides that cannot be end with 4 and name the file and the key")
    func refusals() async throws {
      let overrides = ScratchFolder.shared.newPath("overrides.json")
      try writeFile(overrides, #"{"pooler":"mean"}"#)
      let model = fixture("qwen3-reranker")
      let unknown = try await millpond(
        "embed", "--model", model, "--overrides", overrides, "text")
      #expect(unknown.exit == .status(4))
      #expect(unknown.messages.contains("\(overrides): unknown key 'pooler'"))
      let absent = try await millpond(
        "inspect", "--model", model, "--score-template", "/nowhere/t")
      #expect(absent.exit == .status(4))
      #expect(absent.messages.contains("/nowhere/t: there is no such file"))
      let headless = try await millpond(
        "classify", "--model", try Fixtures.miniLM(), "--task", "classify", "text")
      #expect(headless.exit == .status(4))
      #expect(headless.messages.contains("tensor 'classifier.weight' is missing"))
      let misuse = try await millpond("inspect", "--model", model, "--task", "rank")
      #expect(misuse.exit == .status(2))
      #expect(misuse.messages.contains("--task rank"))
    }

    @Test("serve and check take them for every model or for one")
    func serve() async throws {
      let reranker = fixture("qwen3-reranker")
      let server = try await TestServer.coordinator(
        [TestServer.Model("rank", reranker), TestServer.Model("vectors", reranker)],
        ["--task", "vectors=embed", "--max-tokens", "200", "--max-tokens", "vectors=100"])
      let models = try await server.withClient { try await $0.info() }.models
      let limits = models.map { ($0.name, $0.maxTokens) }.sorted { $0.0 < $1.0 }
      #expect(limits.map(\.0) == ["rank", "vectors"] && limits.map(\.1) == [200, 100])
      #expect(Set(models.map(\.fingerprint)).count == 2)
      let bad = try await millpond(
        "check", "--model", "rank=\(reranker)", "--max-tokens", "rank=100000")
      #expect(bad.exit == .status(4))
      #expect(bad.text.contains("max tokens 100000: must be 1 to 600"), "it said: \(bad.text)")
    }

    @Test("inspect shows which rule recognised the reranker, and its prompt")
    func inspect() async throws {
      let known = try await millpond("inspect", "--model", fixture("bge-reranker-v2-gemma"))
      #expect(known.exit == .status(0))
      for text in [
        "by checkpoint.config-name", "by conversion.known-checkpoint",
        "no_post_processing of Yes", "by score-template.known-checkpoint", "B: {document}",
      ] { #expect(known.text.contains(text), "it said: \(known.text)") }
      let copy = try ModelCopy(of: fixture("qwen3-reranker"))
      try copy.remove("README.md")
      let unknown = try await millpond("inspect", "--model", copy.directory)
      #expect(unknown.text.contains("by conversion.language-model"))
      #expect(unknown.text.contains("classifier_from_token"), "it said: \(unknown.text)")
    }
  }
}
