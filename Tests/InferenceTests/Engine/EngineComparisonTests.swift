import Inference
import Testing

/// Comparisons of the units of a call.
@Suite("Comparisons of pairs", .timeLimit(.minutes(1)))
struct EngineComparisonTests {
  private static let text = String(repeating: "x", count: 30)

  @Test("a cancel does not wait for comparisons, and the call is answered once")
  func cancelled() async throws {
    let model = FakeModel(score: .lateInteraction)
    let engine = try makeEngine(model)
    model.productGate.close()
    let (answers, continuation) = AsyncStream.makeStream(of: InferenceAnswer.self)
    let handle = engine.submit(
      InferenceCall(task: .score(ScoreOptions()), inputs: [.pair("a", "b")]) {
        continuation.yield($0)
      })
    await model.productGate.waitUntilEntered(1)
    // The product is held: with the lock of the call this would never return.
    handle.cancel()
    model.productGate.open()
    engine.shutDown()
    continuation.finish()
    var scores: [Float?] = []
    for await answer in answers {
      scores.append(try answer.outcome.get().first?.score)
      #expect(answer.timings.compute > 0)
      #expect(answer.timings.total >= answer.timings.queue)
    }
    #expect(scores.count == 1 && scores.first != .some(nil))
  }

  @Test(
    "equal pairs are compared once",
    arguments: [ModelDescription.Score.lateInteraction, .cosine])
  func once(score: ModelDescription.Score) async throws {
    let model = FakeModel(score: score)
    let engine = try makeEngine(model)
    let inputs: [ModelInput] = [.pair("a", "b"), .pair("a", "c")]
    let slots = try await engine.slots(
      .score(ScoreOptions()), inputs + inputs + inputs.reversed())
    let scores = slots.map(\.score)
    #expect(!scores.contains(nil))
    #expect(scores == [0, 1, 0, 1, 1, 0].map { scores[$0] })
    #expect(model.productGate.entered == 2)
  }

  @Test("a call of too many multiplications is refused with the limit; equal pairs count once")
  func bound() async throws {
    var model = FakeModel(score: .lateInteraction)
    model.description.tokenWidth = 15_000_000
    let engine = try makeEngine(model) {
      $0.bytesMax = .max / 4
      $0.callBytesMax = .max / 4
    }
    let pair = ModelInput.pair(Self.text, Self.text)
    let slots = try await engine.slots(.score(ScoreOptions()), [pair, pair, pair])
    #expect(slots.allSatisfy { $0.score != nil })
    let error = await engine.failure(
      .score(ScoreOptions()), [pair, .pair(Self.text, Self.text + "y"), pair])
    #expect(error?.code == .invalidArgument)
    #expect(error?.reason == .callTooLarge)
    // Two pairs of 32 by 32 tokens.
    #expect(
      error?.message
        == "comparing the 2 distinct pairs of the call may take \(2 * 32 * 32 * 15_000_000) "
        + "multiplications, the limit is 20000000000: send fewer pairs in a call")
  }
}
