import MillpondClient
import TestSupport
import Testing

extension Integration {
  @Suite("An input has the same bits whatever is with it")
  struct SameBitsTests {
    /// Short and long texts of the fixtures: those whose bits are compared.
    private let chosen: [[UInt8]]
    /// 500 others, short to spare time, which fill batches and pieces.
    private let others: [[UInt8]]

    init() throws {
      let texts = try EmbeddingReference.load().texts
      chosen = [0, 1, 5, 7, 13, 20, 25, 30, 45, 62, 67, 84, 97, 100, 104, 107].map { texts[$0] }
      others = (0..<500).map { number in Array("other text \(number)".utf8) + texts[number % 12] }
    }

    private static let call = CallOptions.miniLM.with { $0.truncation = .right }

    private func vectors(
      _ client: MillpondClient, _ texts: [[UInt8]]
    ) async throws -> [[Float]] {
      try await client.embed(Input.texts(texts), call: Self.call).values().map(\.vector)
    }

    /// Each of the chosen in a call of its own.
    private func alone(_ client: MillpondClient) async throws -> [[Float]] {
      var vectors: [[Float]] = []
      for text in chosen { vectors += try await self.vectors(client, [text]) }
      return vectors
    }

    /// The chosen, spread over the others at places that the step decides.
    private func mixed(
      _ client: MillpondClient, step: Int
    ) async throws -> [[Float]] {
      var texts = others
      for (number, text) in chosen.enumerated() { texts.insert(text, at: number * step) }
      let all = try await vectors(client, texts)
      return chosen.indices.map { all[$0 * step] }
    }

    private func expectSame(_ first: [[Float]], _ second: [[Float]]) {
      #expect(sameBits(first, second), "they differ by up to \(difference(first, second))")
    }

    @Test("alone, in a call with 500 others, at other places, and split over two workers")
    func company() async throws {
      let worker = try await SharedServer.worker.server.client()
      let coordinator = try await SharedServer.coordinator.server.client()
      defer {
        worker.close()
        coordinator.close()
      }
      let alone = try await alone(worker)
      expectSame(try await mixed(worker, step: 31), alone)
      expectSame(try await mixed(coordinator, step: 17), alone)
      expectSame(
        try await vectors(worker, chosen.reversed()).reversed(), alone)
      expectSame(try await self.alone(coordinator), alone)
    }

    @Test("with one compute thread and with two")
    func threads() async throws {
      let one = try await TestServer.worker(.miniLM(), ["--threads", "1"])
      try await one.withClient { single in
        try await SharedServer.worker.server.withClient { double in
          #expect(try await single.info().models.first?.threads == 1)
          #expect(try await double.info().models.first?.threads == 2)
          expectSame(
            try await vectors(single, chosen), try await vectors(double, chosen))
        }
      }
    }

    @Test("many calls at once, each with its own part of the texts")
    func callsAtOnce() async throws {
      try await SharedServer.coordinator.server.withClient { client in
        let together = try await vectors(client, chosen)
        let apart = try await withThrowingTaskGroup(of: (Int, [[Float]]).self) { group in
          for (index, text) in chosen.enumerated() {
            group.addTask { (index, try await vectors(client, [text])) }
          }
          var found = [[Float]](repeating: [], count: chosen.count)
          for try await (index, vectors) in group { found[index] = vectors[0] }
          return found
        }
        expectSame(apart, together)
      }
    }
  }
}
