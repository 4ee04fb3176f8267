import JSON
import MillpondClient
import TestSupport
import Testing

extension Integration {
  @Suite("Answers are those of the reference libraries")
  struct ParityTests {
    @Test(
      "vectors, token counts and cuts of all texts are those of sentence-transformers",
      arguments: ServerKind.allCases)
    func embeddings(kind: ServerKind) async throws {
      let reference = try EmbeddingReference.load()
      try await kind.withClient { client in
        let answer = try await client.embed(
          Input.texts(reference.texts), call: .miniLM.with { $0.truncation = .right })
        let embeddings = try answer.values()
        #expect(
          difference(embeddings.map(\.vector), reference.vectors) <= Tolerance.embedding)
        #expect(embeddings.map(\.tokenCount) == reference.tokenCounts)
        #expect(
          embeddings.map(\.isTruncated)
            == zip(reference.tokenCounts, reference.uncutTokenCounts).map { $0 < $1 })
      }
    }

    @Test("probabilities and logits are those of transformers", arguments: ServerKind.allCases)
    func classifications(kind: ServerKind) async throws {
      let reference = try ClassificationReference.load()
      try await kind.classifier.withClient { client in
        for (maxTokens, lines) in Dictionary(grouping: reference, by: \.maxTokens) {
          let call = CallOptions.sections.with {
            $0.maxTokens = maxTokens
            $0.truncation = maxTokens == nil ? .off : .right
          }
          let inputs = Input.texts(lines.map(\.text))
          let answers = try await client.classify(inputs, call: call).values()
          let raw = try await client.classify(inputs, raw: true, call: call).values()
          #expect(
            difference(answers.map(\.values), lines.map(\.probabilities)) <= Tolerance.value)
          #expect(difference(raw.map(\.values), lines.map(\.logits)) <= Tolerance.value)
          #expect(answers.map(\.tokenCount) == lines.map(\.tokenCount))
          #expect(answers.allSatisfy { $0.isTruncated == (maxTokens != nil) })
          #expect(answers.first?.labels.count == 20)
        }
      }
    }

    @Test("scores of pairs are those of transformers", arguments: ServerKind.allCases)
    func scores(kind: ServerKind) async throws {
      let reference = try ScoreReference.load()
      try await kind.reranker.withClient { client in
        for (maxTokens, lines) in Dictionary(grouping: reference, by: \.maxTokens) {
          let call = CallOptions.reranker.with {
            $0.maxTokens = maxTokens
            $0.truncation = maxTokens == nil ? .off : .right
          }
          let queries = lines.map(\.query)
          let documents = lines.map(\.document)
          let answers = try await client.score(
            queries: queries, documents: documents, call: call
          ).values()
          let raw = try await client.score(
            queries: queries, documents: documents, raw: true, call: call
          ).values()
          #expect(difference(answers.map(\.value), lines.map(\.score)) <= Tolerance.value)
          #expect(difference(raw.map(\.value), lines.map(\.logit)) <= Tolerance.value)
          #expect(answers.map(\.tokenCount) == lines.map(\.tokenCount))
        }
      }
    }

    @Test("one query against many documents scores like the pairs", arguments: ServerKind.allCases)
    func oneQuery(kind: ServerKind) async throws {
      let documents = try ScoreReference.load().prefix(20).map(\.document)
      let query = Array("capture the output of a module".utf8)
      let call = CallOptions.reranker.with { $0.truncation = .right }
      try await kind.reranker.withClient { client in
        let one = try await client.score(queries: [query], documents: documents, call: call)
        let pairs = try await client.score(
          queries: documents.map { _ in query }, documents: documents, call: call)
        #expect(try one.values() == pairs.values())
      }
    }

    @Test("a score on an embedding model is the cosine", arguments: ServerKind.allCases)
    func cosine(kind: ServerKind) async throws {
      let texts: [[UInt8]] = ["A man is eating food.", "A man is eating a piece of bread."]
        .map { Array($0.utf8) }
      try await kind.withClient { client in
        let vectors = try await client.embed(
          Input.texts(texts), options: EmbedOptions(normalize: true), call: .miniLM
        ).values()
        let dot = zip(vectors[0].vector, vectors[1].vector).reduce(Float(0)) { $0 + $1.0 * $1.1 }
        let scores = try await client.score(
          queries: [texts[0]], documents: [texts[1], texts[0]], call: .miniLM
        ).values()
        #expect(abs(scores[0].value - dot) <= Tolerance.value)
        #expect(abs(scores[1].value - 1) <= Tolerance.value)
        #expect(scores[0].tokenCount == vectors.reduce(0) { $0 + $1.tokenCount })
      }
    }

    @Test("tokens are those of the tokenizers library", arguments: ServerKind.allCases)
    func tokens(kind: ServerKind) async throws {
      let lines = try Fixtures.lines("models/debian-sections.expected.jsonl")
      let uncut = lines.filter { $0["max"] == nil }
      let expected = uncut.map { $0["ids"]?.elements.compactMap(\.int) }
      let texts = uncut.compactMap { $0["text"]?.stringBytes }
      try await kind.classifier.withClient { client in
        let answer = try await client.tokenize(Input.texts(texts), call: .sections)
        #expect(try answer.values().map { $0.ids.map(Int.init) } == expected)
        let first = try #require(try answer.values().first)
        #expect(first.spellings.first == Array("[CLS]".utf8))
        #expect(first.spellings.count == first.ids.count)
      }
    }

    @Test("a worker and a coordinator with the same model tell the same fingerprint")
    func fingerprints() async throws {
      var fingerprints: Set<String> = []
      for kind in ServerKind.allCases {
        try await kind.server.withClient { client in
          fingerprints.insert(try await client.embed(["x"], call: .miniLM).fingerprint)
          let info = try await client.info()
          let model = try #require(info.models.first { $0.name == "minilm" })
          fingerprints.insert(model.fingerprint)
          #expect(info.role == kind.rawValue)
        }
      }
      #expect(fingerprints.count == 1)
      #expect(fingerprints.first?.isEmpty == false)
    }
  }
}
