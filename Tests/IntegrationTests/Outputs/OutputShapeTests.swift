import JSON
import MillpondClient
import TestSupport
import Testing

extension Integration {
  /// Models whose answers are no single vector, from their directories to the command line.
  @Suite("Token-level and sparse outputs")
  struct OutputShapeTests {
    private static let names = ["colbert-stanford", "splade-bert", "tokens-bert", "process-reward"]

    private static func model(_ name: String) -> TestServer.Model {
      TestServer.Model(name, Fixtures.path("outputs/\(name)"))
    }

    private static let coordinator = Task {
      try await TestServer.coordinator(names.map(model), ["--replicas", "2"])
    }

    /// Texts of the fixtures' little vocabulary; a step's end for the reward model.
    private static func texts(_ name: String, count: Int) -> [Input] {
      let words = ["the river", "a boat", "the old stone and the sea", "green tree", "the sea is"]
      let end = name == "process-reward" ? "<extra_0>" : ""
      return (0..<count).map { .text(words[$0 % 5] + " " + words[($0 / 5) % 5] + end) }
    }

    /// The answers of a worker of its own.
    private func alone<Value: Sendable>(
      _ name: String, _ body: (MillpondClient, [Input], CallOptions) async throws -> [Value]
    ) async throws -> [Value] {
      let server = try await TestServer.worker(Self.model(name))
      return try await server.withClient {
        try await body($0, Self.texts(name, count: 150), CallOptions(model: name))
      }
    }

    /// The answers of a coordinator with two workers.
    private func split<Value: Sendable>(
      _ name: String, _ body: (MillpondClient, [Input], CallOptions) async throws -> [Value]
    ) async throws -> [Value] {
      try await Self.coordinator.value.withClient {
        try await body($0, Self.texts(name, count: 1_500), CallOptions(model: name))
      }
    }

    @Test(
      "a worker and a coordinator of two give the same vectors of tokens, or weights",
      arguments: [
        ("colbert-stanford", EmbedOutput.tokens), ("colbert-stanford", .modelDefault),
        ("splade-bert", .sparse), ("splade-bert", .modelDefault),
      ])
    func embed(name: String, output: EmbedOutput) async throws {
      func answers(
        _ client: MillpondClient, _ inputs: [Input], _ call: CallOptions
      ) async throws -> [Embedding] {
        try await client.embed(inputs, options: EmbedOptions(output: output), call: call).values()
      }
      let one = try await alone(name, answers)
      let two = try await split(name, answers)
      // The texts repeat after 25.
      for (index, embedding) in two.enumerated() { #expect(embedding == one[index % 25]) }
      switch one[0].value {
      case .tokens(let rows):
        #expect(rows.rowCount > 1)
        #expect(rows.values.count == rows.rowCount * rows.columnCount)
        #expect(one[0].vector.isEmpty)
      case .sparse(let sparse):
        #expect(sparse.ids == sparse.ids.sorted())
        #expect(sparse.weights.allSatisfy { $0 > 0 })
      case .vector: Issue.record("it is a vector")
      }
    }

    @Test(
      "a worker and a coordinator of two give the same labels of tokens and steps",
      arguments: ["tokens-bert", "process-reward"], [false, true])
    func classify(name: String, isRaw: Bool) async throws {
      func answers(
        _ client: MillpondClient, _ inputs: [Input], _ call: CallOptions
      ) async throws -> [Classification] {
        try await client.classify(inputs, raw: isRaw, call: call).values()
      }
      let one = try await alone(name, answers)
      let two = try await split(name, answers)
      for (index, labels) in two.enumerated() { #expect(labels == one[index % 25]) }
      guard case .tokens(let rows) = one[0].value else { throw TestFailure("no rows of tokens") }
      #expect(rows.columnCount == one[0].labels.count)
      #expect(one[0].tokenLabels.count == rows.rowCount)
      #expect(name == "tokens-bert" ? rows.rowCount > 1 : rows.rowCount == 1)
    }

    @Test("half precision rounds vectors of tokens and weights as well")
    func elementTypes() async throws {
      try await Self.coordinator.value.withClient { client in
        for name in ["colbert-stanford", "splade-bert"] {
          func values(_ type: ElementType) async throws -> [Float] {
            let options = EmbedOptions(output: .modelDefault, elementType: type)
            let answer = try await client.embed(
              Self.texts(name, count: 1), options: options, call: CallOptions(model: name))
            switch try answer.values()[0].value {
            case .vector(let vector): return vector
            case .tokens(let rows): return rows.values
            case .sparse(let sparse): return sparse.weights
            }
          }
          let exact = try await values(.f32)
          #expect(!exact.isEmpty)
          #expect(try await values(.f16) == exact.map { Float(Float16($0)) })
        }
      }
    }

    @Test("Info tells task, score and outputs")
    func info() async throws {
      try await Self.coordinator.value.withClient { client in
        let models = try await client.info().models
        func told(_ name: String) throws -> [String] {
          let model = try #require(models.first { $0.name == name })
          return [model.task, model.score] + model.outputs
        }
        #expect(try told("colbert-stanford") == ["token-embed", "late-interaction", "tokens"])
        #expect(Array(try told("splade-bert").dropFirst()) == ["sparse", "sparse"])
        #expect(try told("tokens-bert") == ["token-classify", "none"])
      }
    }

    @Test("a form that the model does not have is FAILED_PRECONDITION that lists what it has")
    func refused() async throws {
      try await Self.coordinator.value.withClient { client in
        let error = try await callError {
          _ = try await client.embed(["a"], call: CallOptions(model: "colbert-stanford"))
        }
        #expect(error.code == .failedPrecondition)
        #expect(
          error.message == "model colbert-stanford gives token output: vector output is not served "
            + "by this model")
      }
    }

    @Test("the command line prints embeddings, sparse and labels, for programs and for people")
    func commandLine() async throws {
      let address = try await Self.coordinator.value.address.description
      func run(_ command: String, _ name: String, _ more: String...) async throws -> CommandResult {
        try await millpond(
          ([command, "--server", address, "--name", name] + more + ["the river", "a boat"])
            .map { Array($0.utf8) })
      }
      let tokens = try await run("embed", "colbert-stanford", "--json")
      #expect(tokens.exit == .status(0))
      expectInOrder(try tokens.lines(), count: 2)
      #expect(try tokens.lines()[0].keys == ["index", "embeddings", "tokens", "truncated"])
      #expect(try tokens.lines()[0]["embeddings"]?[0]?[0]?.double != nil)
      let cut = try await run(
        "embed", "colbert-stanford", "--json", "--tokens", "--dimensions", "5")
      #expect(try cut.lines()[1]["embeddings"]?[0]?.count == 5)
      let sparse = try await run("embed", "splade-bert", "--json", "--sparse")
      #expect(try sparse.lines()[0].keys == ["index", "sparse", "tokens", "truncated"])
      #expect(try sparse.lines()[0]["sparse"]?.keys == ["ids", "weights"])
      let labels = try await run("classify", "tokens-bert", "--json")
      let line = try labels.lines()[0]
      #expect(line.keys == ["index", "labels", "probabilities", "tokens", "truncated"])
      #expect(line["labels"]?.count == line["probabilities"]?.count)
      let raw = try await run("classify", "tokens-bert", "--json", "--raw")
      #expect(try raw.lines()[0].keys.contains("logits"))
      #expect(try await run("embed", "colbert-stanford").text.contains("first vector"))
      #expect(try await run("embed", "splade-bert").text.contains("heaviest"))
      #expect(try await run("classify", "tokens-bert").text.contains("%"))
      let missing = try await run("embed", "splade-bert", "--json", "--tokens")
      #expect(missing.exit == .status(1))
      #expect(try missing.lines().allSatisfy { $0.errorCode == "FAILED_PRECONDITION" })
    }
  }
}
