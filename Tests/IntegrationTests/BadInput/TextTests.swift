import MillpondClient
import TestSupport
import Testing

extension Integration {
  @Suite("Texts that are not as they should be")
  struct TextTests {
    /// A million bytes, 200,000 words, 200,002 tokens.
    private static let megabyte = [[UInt8]](
      repeating: Array("word ".utf8), count: 200_000
    ).flatMap { $0 }

    private static let right = CallOptions.miniLM.with { $0.truncation = .right }

    @Test(
      "an empty text is answered where the tokenizer gives tokens", arguments: ServerKind.allCases)
    func empty(kind: ServerKind) async throws {
      let reference = try EmbeddingReference.load()
      try await kind.withClient { client in
        let embedding = try #require(
          try await client.embed([""], call: .miniLM).values().first)
        let index = try #require(reference.texts.firstIndex(of: []))
        #expect(embedding.tokenCount == 2)
        #expect(difference(embedding.vector, reference.vectors[index]) <= Tolerance.embedding)
      }
    }

    @Test("an empty text is refused where the tokenizer gives no token")
    func noTokens() async throws {
      let copy = try ModelCopy()
      try copy.setTopLevel("tokenizer.json", "post_processor", to: "null")
      let server = try await TestServer.worker(copy.model("bare"))
      try await server.withClient { client in
        let results = try await client.classify(["", "a library"]).results
        #expect(results[0].error?.code == .invalidArgument)
        #expect(results[0].error?.message == "the input gives no token")
        #expect(results[0].error?.inputIndex == 0)
        #expect(try results[1].get().tokenCount == 2)
      }
    }

    @Test(
      "a megabyte is refused with its token count when truncation is off",
      arguments: ServerKind.allCases)
    func megabyteRefused(kind: ServerKind) async throws {
      try await kind.withClient { client in
        let results = try await client.embed(
          [.text(utf8: Self.megabyte), "short"], call: .miniLM
        ).results
        #expect(results[0].error?.code == .invalidArgument)
        #expect(
          results[0].error?.message
            == "the input has 200002 tokens, the limit is 256 and truncation is off")
        #expect(results[0].error?.inputIndex == 0)
        #expect(results[1].error == nil)
      }
    }

    @Test("a megabyte that is cut is not read to its end", arguments: ServerKind.allCases)
    func megabyteCut(kind: ServerKind) async throws {
      try await kind.withClient { client in
        let words = [UInt8](Self.megabyte.prefix(2_000))
        let short = try await client.embed([.text(utf8: words)], call: Self.right)
        let long = try await client.embed([.text(utf8: Self.megabyte)], call: Self.right)
        let (expected, embedding) = (try short.values()[0], try long.values()[0])
        #expect(embedding.tokenCount == 256)
        #expect(embedding.isTruncated)
        #expect(difference(embedding.vector, expected.vector) == 0)
        // 200,000 words take about 25 ms to read; 256 do not take a tenth of that.
        let whole = try await client.tokenize([.text(utf8: Self.megabyte)], call: .miniLM)
        #expect(try whole.values()[0].ids.count == 200_002)
        #expect(long.timings.tokenize < whole.timings.tokenize / 2)
      }
    }

    @Test("a megabyte that is cut on the left is answered", arguments: ServerKind.allCases)
    func megabyteCutLeft(kind: ServerKind) async throws {
      try await kind.withClient { client in
        let left = CallOptions.miniLM.with { $0.truncation = .left }
        let embedding = try await client.embed([.text(utf8: Self.megabyte)], call: left)
          .values()[0]
        #expect(embedding.tokenCount == 256)
        #expect(embedding.isTruncated)
      }
    }

    @Test(
      "a text of as many tokens as the limit is whole, one more is refused or cut",
      arguments: ServerKind.allCases)
    func limit(kind: ServerKind) async throws {
      let texts = try EmbeddingReference.load().texts
      let (atLimit, over) = (texts[105], texts[106])
      try await kind.withClient { client in
        let off = try await client.embed(Input.texts([atLimit, over]), call: .miniLM).results
        #expect(try off[0].get().tokenCount == 256)
        #expect(try !off[0].get().isTruncated)
        #expect(
          off[1].error?.message
            == "the input has 257 tokens, the limit is 256 and truncation is off")
        let cut = try await client.embed(Input.texts([atLimit, over]), call: Self.right).values()
        #expect(cut.map(\.isTruncated) == [false, true])
        #expect(cut.map(\.tokenCount) == [256, 256])
      }
    }

    @Test(
      "a call may lower the limit, and the ends of that are told", arguments: ServerKind.allCases)
    func maxTokens(kind: ServerKind) async throws {
      try await kind.withClient { client in
        let text: [Input] = ["one two three four five"]
        let off = try await client.embed(text, call: .miniLM.with { $0.maxTokens = 4 })
        #expect(
          off.results[0].error?.message
            == "the input has 7 tokens, the limit is 4 and truncation is off")
        let cut = try await client.embed(text, call: Self.right.with { $0.maxTokens = 4 })
        #expect(try cut.values()[0].tokenCount == 4)
        let above = try await callError {
          _ = try await client.embed(text, call: .miniLM.with { $0.maxTokens = 257 })
        }
        #expect(above.code == .invalidArgument)
        #expect(above.message == "a limit of 257 tokens is above the 256 of model minilm")
        let below = try await callError {
          _ = try await client.embed(text, call: Self.right.with { $0.maxTokens = 1 })
        }
        #expect(below.code == .invalidArgument)
        #expect(below.message.hasPrefix("a limit of 1 tokens is too small for any text"))
      }
    }

    @Test(
      "bytes that are no UTF-8 fail at their index, and the neighbours are answered",
      arguments: ServerKind.allCases,
      [[0xFF], [0xC3], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80]] as [[UInt8]])
    func invalidUTF8(kind: ServerKind, bad: [UInt8]) async throws {
      let reference = try EmbeddingReference.load()
      try await kind.withClient { client in
        let inputs = Input.texts([reference.texts[0], Array("ab".utf8) + bad, reference.texts[1]])
        let results = try await client.embed(inputs, call: .miniLM).results
        #expect(results[1].error?.code == .invalidArgument)
        #expect(results[1].error?.message == "the text is not valid UTF-8 at byte 2")
        #expect(results[1].error?.inputIndex == 1)
        let vectors = [try results[0].get().vector, try results[2].get().vector]
        #expect(
          difference(vectors, Array(reference.vectors.prefix(2))) <= Tolerance.embedding)
      }
    }

    @Test(
      "in a call of many pieces an error carries the caller's index", arguments: ServerKind.allCases
    )
    func indexInPieces(kind: ServerKind) async throws {
      try await kind.withClient { client in
        let bad = [3, 250, 599]
        let inputs = (0..<600).map { index in
          bad.contains(index) ? Input.text(utf8: [0xFF]) : .text("text number \(index)")
        }
        let results = try await client.embed(inputs, call: .miniLM).results
        let failed = results.indices.filter { results[$0].error != nil }
        #expect(failed == bad)
        #expect(failed.map { results[$0].error?.inputIndex } == bad)
      }
    }

    @Test("NUL inside a text is a character like others", arguments: ServerKind.allCases)
    func nul(kind: ServerKind) async throws {
      let reference = try EmbeddingReference.load()
      let holding = reference.texts.indices.filter { reference.texts[$0].contains(0) }
      #expect(holding.count > 2)
      try await kind.withClient { client in
        let texts = Input.texts(holding.map { reference.texts[$0] })
        let embeddings = try await client.embed(texts, call: .miniLM).values()
        #expect(
          difference(embeddings.map(\.vector), holding.map { reference.vectors[$0] })
            <= Tolerance.embedding)
        #expect(embeddings.map(\.tokenCount) == holding.map { reference.tokenCounts[$0] })
      }
    }

    @Test(
      "token ids are used as they are, and must be in the vocabulary",
      arguments: ServerKind.allCases)
    func ids(kind: ServerKind) async throws {
      try await kind.withClient { client in
        let text = try await client.tokenize(["The tide is out."], call: .miniLM).values()[0]
        let results = try await client.embed(
          [.ids(text.ids), "The tide is out.", .ids([30_522]), .ids([]), .ids([.max])],
          call: .miniLM
        ).results
        #expect(
          difference(try results[0].get().vector, try results[1].get().vector)
            == 0)
        #expect(
          results[2].error?.message
            == "token id 30522 at position 0 is not in the vocabulary: ids are 0…30521")
        #expect(results[3].error?.message == "the input has no token ids")
        #expect(results[4].error?.code == .invalidArgument)
      }
    }

    @Test("an input of the wrong kind is refused in its place", arguments: ServerKind.allCases)
    func wrongKind(kind: ServerKind) async throws {
      try await kind.withClient { client in
        let pair = Input.pair(query: Array("a".utf8), document: Array("b".utf8))
        let results = try await client.embed(["text", pair], call: .miniLM).results
        #expect(results[0].error == nil)
        #expect(results[1].error?.code == .invalidArgument)
        #expect(
          results[1].error?.message == "Embed takes a text or token ids in an input, not a pair")
      }
    }
  }
}
