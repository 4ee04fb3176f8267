import JSON
import MillpondClient
import TestSupport
import Testing

extension Integration {
  @Suite("millpond classify, score and tokenize")
  struct AnswerCommandTests {
    @Test("classify --json gives the label and all probabilities, or logits with --raw")
    func classify() async throws {
      let reference = try #require(
        try ClassificationReference.load().first { $0.maxTokens == nil })
      let text = String(decoding: reference.text, as: UTF8.self)
      let result = try await call("classify", "--name", "sections", "--json", text)
      #expect(result.exit == .status(0))
      let line = try #require(try result.lines().first)
      #expect(line.keys == ["index", "label", "probabilities", "tokens", "truncated"])
      #expect(
        difference(line.floats("probabilities"), reference.probabilities) <= Tolerance.value)
      let best = reference.probabilities.indices.max {
        reference.probabilities[$0] < reference.probabilities[$1]
      }
      #expect(try await label(best) == line["label"]?.string)
      let raw = try await call("classify", "--name", "sections", "--json", "--raw", text)
      let rawLine = try #require(try raw.lines().first)
      #expect(rawLine.keys == ["index", "label", "logits", "tokens", "truncated"])
      #expect(difference(rawLine.floats("logits"), reference.logits) <= Tolerance.value)
      #expect(rawLine["label"]?.string == line["label"]?.string)
      let people = try await call("classify", "--name", "sections", text)
      #expect(people.exit == .status(0))
      #expect(people.text.contains(try #require(line["label"]?.string)))
    }

    private func label(_ index: Int?) async throws -> String? {
      let info = try await SharedServer.coordinator.server.withClient { try await $0.info() }
      return info.models.first { $0.name == "sections" }.flatMap { model in
        index.map { model.labels[$0] }
      }
    }

    @Test("classify on an embedding model is an error on every line")
    func classifyWrongTask() async throws {
      let result = try await call("classify", "--name", "minilm", "--json", "a", "b")
      #expect(result.exit == .status(1))
      #expect(
        try result.lines().map(\.errorCode) == ["FAILED_PRECONDITION", "FAILED_PRECONDITION"])
    }

    @Test("score with an instruction is an error on every line where the model takes none")
    func instruction() async throws {
      for name in ["minilm", "reranker"] {
        let result = try await call(
          "score", "--name", name, "--json", "--query", "q", "--instruction", "find news", "a", "b")
        #expect(result.exit == .status(1))
        let lines = try result.lines()
        expectInOrder(lines, count: 2)
        #expect(lines.allSatisfy { $0.errorCode == "INVALID_ARGUMENT" })
        #expect(lines.allSatisfy { $0.errorMessage?.contains("no score template") == true })
      }
    }

    private static let query = "capture output of a Perl module"
    private static let documents = [
      "A game of falling blocks for one or two players.",
      "A Perl module to capture STDOUT and STDERR of a program.",
      "Fonts for the Khmer script.",
      "A Perl module to capture STDOUT and STDERR of a program.",
    ]

    private func score(_ arguments: String...) async throws -> CommandResult {
      try await call("score", ["--query", Self.query] + arguments + Self.documents)
    }

    @Test("score --json gives scores in input order, --top the best first with ties by index")
    func score() async throws {
      let result = try await score("--name", "reranker", "--json")
      #expect(result.exit == .status(0))
      let lines = try result.lines()
      expectInOrder(lines, count: 4)
      #expect(lines.allSatisfy { $0.keys == ["index", "score", "tokens", "truncated"] })
      let scores = lines.compactMap { $0["score"]?.double }
      #expect(scores[1] == scores[3])
      #expect(scores[1] > scores[0] && scores[1] > scores[2])
      let top = try await score("--name", "reranker", "--json", "--top", "3").lines()
      #expect(top.prefix(2).map { $0["index"]?.int } == [1, 3])
      #expect(top.count == 3)
      let descending = top.compactMap { $0["score"]?.double }
      #expect(descending == descending.sorted(by: >))
      let all = try await score("--name", "reranker", "--json", "--top", "100").lines()
      #expect(all.count == 4)
    }

    @Test("score --raw is the value before the sigmoid, and leaves a cosine as it is")
    func raw() async throws {
      let scores = try await score("--name", "reranker", "--json").lines()
        .compactMap { $0["score"]?.double }
      let raws = try await score("--name", "reranker", "--json", "--raw").lines()
        .compactMap { $0["score"]?.double }
      for (score, raw) in zip(scores, raws) {
        #expect(abs(score - 1 / (1 + exponential(-raw))) < 1e-4)
      }
      #expect(raws.count == 4)
      let cosines = try await score("--name", "minilm", "--json")
      #expect(cosines.text == (try await score("--name", "minilm", "--json", "--raw").text))
      #expect(try cosines.lines().allSatisfy { ($0["score"]?.double ?? 2).magnitude <= 1 })
    }

    /// e to the x by its series: Foundation's would do, and is not needed for this.
    private func exponential(_ x: Double) -> Double {
      let small = x / 1_024
      let series = 1 + small + small * small / 2 + small * small * small / 6
      return (0..<10).reduce(series) { value, _ in value * value }
    }

    @Test("score shows people a ranking, and puts errors after the best")
    func ranking() async throws {
      let people = try await score("--name", "reranker")
      #expect(people.exit == .status(0))
      let rows = people.text.split(separator: "\n")
      #expect(rows.count == 5)
      #expect(rows[1].contains("Perl") && rows[2].contains("Perl"))
      let failed = try await call(
        "score",
        ["--name", "reranker", "--json", "--top", "5", "--query", Self.query, "--input", "-"],
        input: Array("\(Self.documents[0])\n".utf8) + [0xFF, 0x0A]
          + Array("\(Self.documents[1])\n".utf8))
      #expect(failed.exit == .status(1))
      let lines = try failed.lines()
      #expect(lines.map { $0["index"]?.int } == [2, 0, 1])
      #expect(lines[2].errorCode == "INVALID_ARGUMENT")
    }

    @Test("score --jsonl takes pairs, each with its own query")
    func pairs() async throws {
      let reference = try ScoreReference.load().filter { $0.maxTokens == nil }.prefix(10)
      var writer = JSONWriter()
      for pair in reference {
        writer.beginObject()
        writer.key("query")
        writer.string(pair.query)
        writer.key("document")
        writer.string(pair.document)
        writer.endObject()
        writer.endLine()
      }
      let lines = String(decoding: writer.bytes, as: UTF8.self) + "\"a text\"\n"
      let result = try await call(
        "score", "--name", "reranker", "--json", "--jsonl", "-", input: lines)
      #expect(result.exit == .status(1))
      let answers = try result.lines()
      expectInOrder(answers, count: reference.count + 1)
      let scores = answers.dropLast().compactMap { $0["score"]?.double.map { Float($0) } }
      #expect(difference(scores, reference.map(\.score)) <= Tolerance.value)
      #expect(answers.last?.errorCode == "INVALID_ARGUMENT")
    }

    @Test("score on a classifier with many labels says why not")
    func scoreWrongTask() async throws {
      let result = try await score("--name", "sections", "--json")
      #expect(result.exit == .status(1))
      let lines = try result.lines()
      expectInOrder(lines, count: 4)
      #expect(lines.allSatisfy { $0.errorCode == "FAILED_PRECONDITION" })
      #expect(lines.allSatisfy { $0.errorMessage?.contains("20 labels") == true })
    }

    @Test("tokenize --json gives ids and spellings, and never refuses for length")
    func tokenize() async throws {
      let result = try await call(
        "tokenize", "--name", "minilm", "--json", "The tide", String(repeating: "word ", count: 400)
      )
      #expect(result.exit == .status(0))
      let lines = try result.lines()
      expectInOrder(lines, count: 2)
      #expect(lines.allSatisfy { $0.keys == ["index", "ids", "tokens"] })
      #expect(lines[0]["ids"]?.elements.compactMap(\.int) == [101, 1996, 10_401, 102])
      #expect(
        lines[0]["tokens"]?.elements.compactMap(\.string) == ["[CLS]", "the", "tide", "[SEP]"])
      #expect(lines[1]["ids"]?.count == 402)
      let cut = try await call(
        "tokenize", "--name", "minilm", "--json", "--truncate", "right", "--max-tokens", "4",
        "one two three four")
      #expect(
        try cut.lines()[0]["tokens"]?.elements.compactMap(\.string)
          == ["[CLS]", "one", "two", "[SEP]"])
    }
  }
}
