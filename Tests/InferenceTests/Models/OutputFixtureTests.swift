import Foundation
import Inference
import Testing

/// Token vectors, token labels, rewards and sparse weights against sentence-transformers and
/// transformers in fp32, on tiny checkpoints with random weights.
@Suite("Outputs of several numbers against their reference", .timeLimit(.minutes(2)))
struct OutputFixtureTests {
  /// Sums of magnitude 1 to 10 in another order than PyTorch's.
  private static let tolerance: Float = 1e-4
  private static let limit = InputLimit(truncation: .right)

  @Test("there are fixtures of every kind")
  func covered() {
    let names = Set(OutputFixture.all.map(\.name))
    for kind in [
      "colbert-", "tokens-", "splade-", "process-reward", "step-tokens", "vectors-of-tokens",
    ] {
      #expect(names.contains { $0.hasPrefix(kind) }, "\(kind)")
    }
  }

  @Test("numbers agree with the reference", arguments: OutputFixture.all)
  func agrees(fixture: OutputFixture) async throws {
    let engine = try makeEngine(directory: fixture.path)
    var largest: Float = 0
    for item in try fixture.cases() {
      let slots = try await engine.slots(item.task, item.inputs, limit: Self.limit)
      for (slot, rows) in zip(slots, item.rows) {
        guard let own = slot.value.rows else { throw UnexpectedResult(result: slot) }
        try #require(own.count == rows.count)
        try #require(own.numbers.count == rows.joined().count)
        for (x, y) in zip(own.numbers, rows.joined()) { largest = max(largest, abs(x - y)) }
      }
      for (slot, expected) in zip(slots, item.sparse) {
        guard case .sparse(let ids, let weights) = slot.value else {
          throw UnexpectedResult(result: slot)
        }
        #expect(ids == expected.ids)
        for (x, y) in zip(weights, expected.weights) { largest = max(largest, abs(x - y)) }
      }
      for (slot, expected) in zip(slots, item.scores) {
        guard let score = slot.score else { throw UnexpectedResult(result: slot) }
        // A sum over the tokens of a query, or over a vocabulary.
        #expect(abs(score - expected) <= 1e-5 * max(10, abs(expected)))
      }
    }
    #expect(largest < Self.tolerance)
    if ProcessInfo.processInfo.environment["MILLPOND_TEST_REPORT"] != nil {
      print("largest difference \(fixture.name): \(largest)")
    }
  }

  @Test(
    "an input has the same bits alone and among inputs of any other kind",
    arguments: OutputFixture.all)
  func mixed(fixture: OutputFixture) async throws {
    let engine = try makeEngine(directory: fixture.path)
    let cases = try fixture.cases()
    for item in cases {
      var alone: [InputResult] = []
      for input in item.inputs {
        alone += try await engine.slots(item.task, [input], limit: Self.limit)
      }
      // Several calls of every kind at once: the engine joins them in batches as it likes.
      let order = Array(item.inputs.indices.reversed()) + [0]
      async let first = engine.slots(item.task, order.map { item.inputs[$0] }, limit: Self.limit)
      async let others = engine.slots(cases[0].task, cases[0].inputs, limit: Self.limit)
      let slots = try await first
      _ = try await others
      for (slot, index) in zip(slots, order) {
        #expect(slot.value == alone[index].value, "input \(index)")
      }
    }
  }

  @Test("weights that are stored as BF16 give the same bits", arguments: OutputFixture.all)
  func brainFloats(fixture: OutputFixture) async throws {
    let copy = try BrainFloatCopy(of: fixture.path)
    let engine = try makeEngine(directory: fixture.path)
    let twin = try makeEngine(directory: copy.path)
    for item in try fixture.cases() {
      let slots = try await engine.slots(item.task, item.inputs, limit: Self.limit)
      let others = try await twin.slots(item.task, item.inputs, limit: Self.limit)
      for (slot, other) in zip(slots, others) { #expect(slot.value == other.value) }
    }
    #expect(copy.narrowCount > 0)
  }
}
