import JSON
import MillpondClient
import TestSupport
import Testing

extension Integration {
  @Suite("millpond embed")
  struct EmbedCommandTests {
    @Test("--json prints an object a line, with the bits of the answer")
    func shape() async throws {
      let texts = ["This is an example sentence.", "Each sentence is converted"]
      let result = try await call("embed", "--name", "minilm", "--json", texts[0], texts[1])
      #expect(result.exit == .status(0))
      #expect(result.messages.isEmpty)
      let lines = try result.lines()
      expectInOrder(lines, count: 2)
      #expect(lines.allSatisfy { $0.keys == ["index", "embedding", "tokens", "truncated"] })
      #expect(lines.map { $0["tokens"]?.int } == [8, 6])
      #expect(lines.map { $0["truncated"]?.bool } == [false, false])
      #expect(result.text.hasPrefix(#"{"index":0,"embedding":["#))
      #expect(!result.text.contains(" "))
      try await SharedServer.coordinator.server.withClient { client in
        let vectors = try await client.embed(texts.map { .text($0) }, call: .miniLM).values()
          .map(\.vector)
        #expect(sameBits(lines.map { $0.floats("embedding") }, vectors))
      }
    }

    @Test("every text of the fixtures, as JSON lines, has its vector")
    func parity() async throws {
      let reference = try EmbeddingReference.load()
      let result = try await call(
        "embed", "--name", "minilm", "--truncate", "right", "--json", "--jsonl",
        Fixtures.path("minilm/texts.jsonl"))
      #expect(result.exit == .status(0))
      let lines = try result.lines()
      expectInOrder(lines, count: reference.texts.count)
      #expect(
        difference(lines.map { $0.floats("embedding") }, reference.vectors)
          <= Tolerance.embedding)
      #expect(lines.map { $0["tokens"]?.int } == reference.tokenCounts)
    }

    @Test("--dimensions cuts before normalising, --no-normalize leaves lengths")
    func dimensions() async throws {
      let arguments = ["--name", "minilm", "--json", "The tide is out."]
      func vector(_ more: String...) async throws -> [Float] {
        let result = try await call("embed", more + arguments)
        #expect(result.exit == .status(0))
        return try #require(try result.lines().first).floats("embedding")
      }
      func length(_ vector: [Float]) -> Float {
        vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
      }
      let whole = try await vector()
      let raw = try await vector("--no-normalize")
      let cut = try await vector("--dimensions", "8")
      let rawCut = try await vector("--no-normalize", "--dimensions", "8")
      #expect(abs(length(whole) - 1) < 1e-5)
      #expect(abs(length(raw) - 1) > 1e-2)
      #expect(abs(length(cut) - 1) < 1e-5)
      #expect(rawCut == Array(raw.prefix(8)))
      #expect(difference(cut, rawCut.map { $0 / length(rawCut) }) < 1e-6)
      #expect(try await vector("--normalize") == whole)
      #expect(try await vector("--dimensions", "384") == whole)
    }

    @Test("dimensions that the model does not have are an error on every line")
    func tooManyDimensions() async throws {
      let result = try await call(
        "embed", "--name", "minilm", "--json", "--dimensions", "385", "a", "b")
      #expect(result.exit == .status(1))
      let lines = try result.lines()
      expectInOrder(lines, count: 2)
      #expect(lines.allSatisfy { $0.errorCode == "INVALID_ARGUMENT" })
      #expect(lines.allSatisfy { $0.errorMessage?.contains("1…384") == true })
    }

    @Test("a prompt is put before the text: the default, another by name, none by ''")
    func prompts() async throws {
      let copy = try ModelCopy(of: Fixtures.miniLM())
      try copy.write(
        "config_sentence_transformers.json",
        #"{"prompts":{"query":"query: ","passage":"passage: "},"default_prompt_name":"query"}"#)
      let server = try await TestServer.worker(copy.model("prompted"))
      func vector(_ arguments: String...) async throws -> [Float] {
        let result = try await millpond(
          (["embed", "--server", server.address.description, "--json"] + arguments)
            .map { Array($0.utf8) })
        #expect(result.exit == .status(0))
        return try #require(try result.lines().first).floats("embedding")
      }
      let plain = try await vector("--prompt", "", "tide")
      #expect(try await vector("tide") == vector("--prompt", "", "query: tide"))
      #expect(
        try await vector("--prompt", "passage", "tide")
          == vector("--prompt", "", "passage: tide"))
      #expect(try await vector("--prompt", "query", "tide") == vector("tide"))
      #expect(try await vector("tide") != plain)
      let unknown = try await millpond(
        "embed", "--server", server.address.description, "--json", "--prompt", "title", "tide")
      #expect(unknown.exit == .status(1))
      #expect(try unknown.lines()[0].errorCode == "INVALID_ARGUMENT")
      #expect(try unknown.lines()[0].errorMessage?.contains("“passage”, “query”") == true)
    }

    @Test("an over-long text is an error on its line; --truncate and --max-tokens rule it")
    func length() async throws {
      let long = String(repeating: "word ", count: 300)
      let off = try await call("embed", "--name", "minilm", "--json", "short", long)
      #expect(off.exit == .status(1))
      let lines = try off.lines()
      expectInOrder(lines, count: 2)
      #expect(lines[0].errorCode == nil)
      #expect(lines[1].errorCode == "INVALID_ARGUMENT")
      #expect(
        lines[1].errorMessage
          == "the input has 302 tokens, the limit is 256 and truncation is off")
      for side in ["left", "right"] {
        let cut = try await call(
          "embed", "--name", "minilm", "--json", "--truncate", side, "--max-tokens", "10", long)
        #expect(cut.exit == .status(0))
        #expect(try cut.lines()[0]["tokens"]?.int == 10)
        #expect(try cut.lines()[0]["truncated"]?.bool == true)
      }
      for limit in ["257", "1"] {
        let refused = try await call(
          "embed", "--name", "minilm", "--json", "--max-tokens", limit, "a", "b")
        #expect(refused.exit == .status(1))
        #expect(try refused.lines().map(\.errorCode) == ["INVALID_ARGUMENT", "INVALID_ARGUMENT"])
      }
    }

    @Test("--deadline 0 is DEADLINE_EXCEEDED for every input")
    func deadline() async throws {
      let result = try await call(
        "embed", "--name", "minilm", "--json", "--deadline", "0", "a", "b", "c")
      #expect(result.exit == .status(1))
      let lines = try result.lines()
      expectInOrder(lines, count: 3)
      #expect(lines.allSatisfy { $0.errorCode == "DEADLINE_EXCEEDED" })
    }

    @Test("a call that the model cannot do is FAILED_PRECONDITION on every line")
    func wrongTask() async throws {
      let result = try await call("embed", "--name", "sections", "--json", "a", "b")
      #expect(result.exit == .status(1))
      let lines = try result.lines()
      expectInOrder(lines, count: 2)
      #expect(lines.allSatisfy { $0.errorCode == "FAILED_PRECONDITION" })
      #expect(lines.allSatisfy { $0.errorMessage?.contains("classifier") == true })
    }

    @Test("without --json the output is for people, and a text cannot change the terminal")
    func people() async throws {
      let result = try await call("embed", "--name", "minilm", "The tide is out.", "\u{1B}[31mred")
      #expect(result.exit == .status(0))
      #expect(result.text.contains("The tide is out."))
      #expect(!result.output.contains(0x1B))
    }
  }
}
