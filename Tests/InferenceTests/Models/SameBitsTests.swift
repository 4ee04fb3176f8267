import Inference
import JSON
import Kernels
import Testing

/// The promise of the product, on the real model: what a text gives does not depend on anything but
/// the text.
@Suite("The same bits always", .timeLimit(.minutes(3)))
struct SameBitsTests {
  @Test(
    "random batches in random order, split at random over engines of 1 to 4 threads",
    arguments: Precision.allCases)
  func property(precision: Precision) async throws {
    let texts = Array(
      try Fixtures.lines("minilm/texts.jsonl").map { try #require($0.stringBytes) }.prefix(48))
    let limit = InputLimit(truncation: .right)
    let directory = try Fixtures.miniLM()
    let engines = try (1...4).map { threads in
      try makeEngine(directory: directory, threads: threads) { $0.precision = precision }
    }
    var expected: [[Float]] = []
    for text in texts { expected += try await engines[0].vectors([text], limit: limit) }
    var noise = SystemRandomNumberGenerator()
    for round in 0..<12 {
      let order = texts.indices.shuffled(using: &noise)
      var first = 0
      while first < order.count {
        let count = Int.random(in: 1...min(20, order.count - first), using: &noise)
        let part = order[first..<first + count]
        let engine = try #require(engines.randomElement(using: &noise))
        let vectors = try await engine.vectors(part.map { texts[$0] }, limit: limit)
        for (index, vector) in zip(part, vectors) {
          #expect(
            vector.map(\.bitPattern) == expected[index].map(\.bitPattern),
            "round \(round), text \(index) in \(Array(part)), \(engine.info.threadCount) threads")
        }
        first += count
      }
    }
  }
}
