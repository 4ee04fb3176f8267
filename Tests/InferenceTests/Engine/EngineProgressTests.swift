import Inference
import Synchronization
import Testing

/// What tells a thread that is stuck from one that has much to do.
@Suite("Engine, progress", .timeLimit(.minutes(1)))
struct EngineProgressTests {
  /// How long threads are held: well above what the machine takes from one of them.
  private static let held = Duration.milliseconds(30)

  private func submit(_ engine: Engine, _ text: String = "held", count: Int = 1) {
    engine.submit(
      InferenceCall(
        task: .embed(EmbedOptions()), inputs: Array(repeating: .text(text), count: count)
      ) { _ in })
  }

  /// Looks until the thread has been still for so long.
  private func wait(still duration: Duration, _ engine: Engine) async {
    while engine.longestStillness ?? .zero < duration { await Task.yield() }
  }

  @Test("a thread that is parked is not still")
  func parked() async throws {
    let engine = try makeEngine()
    _ = try await engine.slots(.embed(EmbedOptions()), [.text("a")])
    while engine.oldestStep != nil { await Task.yield() }
    #expect(engine.longestStillness == nil)
    engine.shutDown()
  }

  @Test("a thread that does not move is still for as long, and one that goes on is not")
  func layers() async throws {
    let model = FakeModel()
    let engine = try makeEngine(model)
    // The batch is held before its layer, within it before a pulse, and behind that.
    let entered = [model.gate, model.layer, model.tile].map(\.entered)
    model.gate.close()
    submit(engine)
    await model.gate.waitUntilEntered(entered[0] + 1)
    await wait(still: Self.held, engine)
    model.layer.close()
    model.gate.open()
    await model.layer.waitUntilEntered(entered[1] + 1)
    var stillness = try #require(engine.longestStillness)
    #expect(try #require(engine.oldestStep) - stillness >= Self.held)
    await wait(still: Self.held, engine)
    model.tile.close()
    model.layer.open()
    await model.tile.waitUntilEntered(entered[2] + 1)
    stillness = try #require(engine.longestStillness)
    #expect(try #require(engine.oldestStep) - stillness >= Self.held * 2)
    model.tile.open()
    engine.shutDown()
    #expect(engine.longestStillness == nil)
  }

  @Test("a thread that leads a team moves while those move that assist it")
  func team() async throws {
    var model = FakeModel()
    // Long enough to be shared.
    model.batchTime = 2_000_000
    let engine = try makeEngine(model, threads: 2)
    let entered = model.tile.entered
    model.tile.close()
    submit(engine)
    await model.tile.waitUntilEntered(entered + 1)
    while true {
      // Read first: it can only be older than the step then.
      let stillness = try #require(engine.longestStillness)
      let step = try #require(engine.oldestStep)
      if step >= Self.held, step - stillness >= Self.held { break }
      await Task.yield()
    }
    model.tile.open()
    engine.shutDown()
  }

  @Test("a text is allowed time by its length")
  func longText() async throws {
    let model = FakeModel(maxTokens: 100_000)
    let engine = try makeEngine(model)
    let entered = model.gate.entered
    model.gate.close()
    // 50,000 bytes are allowed 100 ms, in which nobody waits for a beat.
    submit(engine, String(repeating: "a", count: 50_000))
    await model.gate.waitUntilEntered(entered + 1)
    let stillness = try #require(engine.longestStillness)
    let step = try #require(engine.oldestStep)
    #expect(stillness == .zero || step >= .milliseconds(100))
    model.gate.open()
    engine.shutDown()
  }

  @Test("batches are counted with their inputs and tokens, those that fail and warm-ups are not")
  func counts() async throws {
    let engine = try makeEngine()
    #expect(engine.batchCounts == BatchCounts())
    _ = try await engine.slots(
      .embed(EmbedOptions()), Array(repeating: .text("abc"), count: 300))
    _ = try await engine.slots(.embed(EmbedOptions()), [.text([FakeModel.poison])])
    engine.shutDown()
    let counts = engine.batchCounts
    #expect(counts.inputs == 300)
    #expect(counts.tokens == 300 * 5)
    #expect(counts.byInputs.reduce(0, +) == counts.batches)
    #expect(counts.byTokens.reduce(0, +) == counts.batches)
    let greatest = zip(counts.byInputs.indices, counts.byInputs).reduce(0) { $0 + $1.1 << $1.0 }
    #expect(greatest >= counts.inputs && greatest < 2 * counts.inputs + counts.batches)
  }
}
