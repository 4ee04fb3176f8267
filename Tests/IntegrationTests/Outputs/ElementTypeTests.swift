import MillpondClient
import TestSupport
import Testing

extension Integration {
  @Suite("Element types and lengths of vectors")
  struct ElementTypeTests {
    private static let call = CallOptions.miniLM.with { $0.truncation = .right }

    private func vectors(
      _ client: MillpondClient, _ texts: [[UInt8]], _ type: ElementType
    ) async throws -> [[Float]] {
      try await client.embed(
        Input.texts(texts), options: EmbedOptions(elementType: type), call: Self.call
      ).values().map(\.vector)
    }

    /// Rounded by arithmetic in double: to the nearest, ties to even.
    private func brain(_ number: Float) -> Float {
      let low = Float(bitPattern: number.bitPattern & 0xffff_0000)
      let high = Float(bitPattern: low.bitPattern + 0x1_0000)
      let (below, above) = (
        (Double(number) - Double(low)).magnitude, (Double(high) - Double(number)).magnitude
      )
      if below == above { return low.bitPattern & 0x1_0000 == 0 ? low : high }
      return below < above ? low : high
    }

    @Test("f16 and bf16 are the f32 answer rounded", arguments: ServerKind.allCases)
    func rounded(kind: ServerKind) async throws {
      let reference = try EmbeddingReference.load()
      let texts = (0..<3).flatMap { _ in reference.texts }
      try await kind.withClient { client in
        let exact = try await vectors(client, texts, .f32)
        let half = try await vectors(client, texts, .f16)
        #expect(sameBits(half, exact.map { $0.map { Float(Float16($0)) } }))
        #expect(!sameBits(half, exact))
        #expect(
          sameBits(try await vectors(client, texts, .bf16), exact.map { $0.map(brain) }))
      }
    }

    @Test("a model that lists its lengths takes those only, and tells them")
    func matryoshka() async throws {
      let copy = try ModelCopy(of: Fixtures.miniLM())
      try copy.setTopLevel("config.json", "matryoshka_dimensions", to: "[64, 128]")
      let server = try await TestServer.coordinator([copy.model("nested")])
      try await server.withClient { client in
        let model = try #require(try await client.info().models.first)
        #expect(model.allowedDimensions == [64, 128])
        #expect(model.dimensions == 384)
        #expect(model.outputs.first == "vector")
        for length in [64, 128, 384] {
          let vector = try await client.embed(
            ["The tide is out."], options: EmbedOptions(dimensions: length)
          ).values()[0].vector
          #expect(vector.count == length)
          #expect(abs(vector.reduce(0) { $0 + $1 * $1 } - 1) < 1e-5)
        }
        let error = try await callError {
          _ = try await client.embed(["x"], options: EmbedOptions(dimensions: 65))
        }
        #expect(error.code == .invalidArgument)
        #expect(
          error.message == "model nested cannot cut to dimensions 65: only 64, 128")
      }
      let listed = try await millpond(
        "embed", "--server", server.address.description, "--json", "--dimensions", "65", "a", "b")
      #expect(listed.exit == .status(1))
      #expect(try listed.lines().allSatisfy { $0.errorMessage?.contains("only 64, 128") == true })
    }
  }
}
