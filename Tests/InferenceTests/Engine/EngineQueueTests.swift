import Inference
import Synchronization
import Testing

@Suite("Engine, queue and threads", .timeLimit(.minutes(1)))
struct EngineQueueTests {
  /// Answers as they come.
  private final class Answers: Sendable {
    private let state = Mutex<[Int: InferenceAnswer]>([:])

    func take(_ key: Int) -> @Sendable (InferenceAnswer) -> Void {
      { answer in self.state.withLock { $0[key] = answer } }
    }

    subscript(key: Int) -> InferenceAnswer? { state.withLock { $0[key] } }
    var count: Int { state.withLock { $0.count } }
  }

  private func call(
    _ text: String, count: Int = 1, deadline: UInt64? = nil,
    priority: CallPriority = .interactive,
    _ onCompletion: @escaping @Sendable (InferenceAnswer) -> Void
  ) -> InferenceCall {
    InferenceCall(
      task: .embed(EmbedOptions()), inputs: Array(repeating: .text(text), count: count),
      deadline: deadline, priority: priority, onCompletion: onCompletion)
  }

  /// An engine whose only compute thread is held in a batch of call 0.
  private func makeHeldEngine(
    _ answers: Answers, _ change: (inout QueueLimits) -> Void = { _ in }
  ) async throws -> (Engine, Gate) {
    let model = FakeModel()
    let engine = try makeEngine(model, change)
    let entered = model.gate.entered
    model.gate.close()
    engine.submit(call("held", answers.take(0)))
    await model.gate.waitUntilEntered(entered + 1)
    return (engine, model.gate)
  }

  @Test("a zero deadline is exceeded for every input, without computing")
  func zeroDeadline() async throws {
    let model = FakeModel()
    let engine = try makeEngine(model)
    let entered = model.gate.entered
    let slots = try await engine.slots(
      .embed(EmbedOptions()), [.text("a"), .text("b")], deadline: 0)
    #expect(slots.map { $0.error?.code } == [.deadlineExceeded, .deadlineExceeded])
    #expect(slots[1].error?.message == "the deadline passed before this input was computed")
    #expect(model.gate.entered == entered)
  }

  @Test("a call whose deadline passes in the queue is answered so, and not computed")
  func deadlineInQueue() async throws {
    let answers = Answers()
    let (engine, gate) = try await makeHeldEngine(answers)
    let deadline = MonotonicClock.now() + 1_000_000
    engine.submit(call("late", deadline: deadline, answers.take(1)))
    let entered = gate.entered
    while MonotonicClock.now() < deadline {}
    gate.open()
    engine.shutDown()
    #expect(try answers[1]?.outcome.get().first?.error?.code == .deadlineExceeded)
    #expect(try answers[0]?.outcome.get().first?.error == nil)
    #expect(gate.entered == entered)
  }

  @Test("a cancelled call is answered at once and not computed")
  func cancel() async throws {
    let answers = Answers()
    let (engine, gate) = try await makeHeldEngine(answers)
    let entered = gate.entered
    let handle = engine.submit(call("unwanted", count: 100, answers.take(1)))
    handle.cancel()
    handle.cancel()
    guard case .failure(let error) = answers[1]?.outcome else {
      Issue.record("not cancelled")
      return
    }
    #expect(error.code == .cancelled)
    #expect(engine.load().queuedInputs == 0)
    gate.open()
    engine.shutDown()
    #expect(gate.entered == entered)
    #expect(answers.count == 2)
  }

  @Test("a call that is being computed can be cancelled")
  func cancelInFlight() async throws {
    let model = FakeModel()
    let engine = try makeEngine(model)
    let answers = Answers()
    let entered = model.gate.entered
    model.gate.close()
    let handle = engine.submit(call("held", answers.take(0)))
    await model.gate.waitUntilEntered(entered + 1)
    handle.cancel()
    #expect(answers.count == 1)
    model.gate.open()
    #expect(try await engine.slots(.embed(EmbedOptions()), [.text("a")])[0].error == nil)
    #expect(answers.count == 1)
  }

  @Test("a batch is given up between layers when all its calls were cancelled or are late")
  func givenUp() async throws {
    for isCancelled in [true, false] {
      let model = FakeModel()
      let engine = try makeEngine(model)
      let answers = Answers()
      let (entered, ended) = (model.gate.entered, model.ends.entered)
      model.gate.close()
      let deadline = MonotonicClock.now() + 20_000_000
      let handle = engine.submit(
        call("held", deadline: isCancelled ? nil : deadline, answers.take(0)))
      await model.gate.waitUntilEntered(entered + 1)
      if isCancelled { handle.cancel() } else { while MonotonicClock.now() < deadline {} }
      model.gate.open()
      engine.shutDown()
      #expect(model.ends.entered == ended)
      if isCancelled {
        guard case .failure(let error) = answers[0]?.outcome else {
          Issue.record("not cancelled")
          return
        }
        #expect(error.code == .cancelled)
      } else {
        #expect(try answers[0]?.outcome.get().first?.error?.code == .deadlineExceeded)
      }
    }
  }

  @Test("a bulk batch pauses between layers for an interactive call, and both are right")
  func pause() async throws {
    let model = FakeModel()
    let engine = try makeEngine(model)
    let answers = Answers()
    let order = Mutex<[Int]>([])
    func taking(_ key: Int) -> @Sendable (InferenceAnswer) -> Void {
      { answer in
        order.withLock { $0.append(key) }
        answers.take(key)(answer)
      }
    }
    let entered = model.gate.entered
    model.gate.close()
    engine.submit(call("bulk", priority: .bulk, taking(0)))
    await model.gate.waitUntilEntered(entered + 1)
    engine.submit(call("search", taking(1)))
    #expect(engine.load().queuedInputs == 1)
    // A batch pauses for what is tokenised, which another thread does and tells nobody.
    try await Task.sleep(for: .milliseconds(200))
    model.gate.open()
    engine.shutDown()
    #expect(order.withLock { $0 } == [1, 0])
    #expect(try answers[0]?.outcome.get().first?.error == nil)
    #expect(try answers[1]?.outcome.get().first?.error == nil)
    #expect(engine.load().runningBatches == 0)
  }

  @Test("an interactive batch does not pause for another")
  func noPause() async throws {
    let answers = Answers()
    let (engine, gate) = try await makeHeldEngine(answers)
    let order = Mutex<[Int]>([])
    engine.submit(
      call("next") { answer in
        order.withLock { $0.append(answers.count) }
        answers.take(1)(answer)
      })
    gate.open()
    engine.shutDown()
    #expect(order.withLock { $0 } == [1])
  }

  @Test("an overloaded engine says how much is queued and when to come back")
  func overload() async throws {
    let answers = Answers()
    let (engine, gate) = try await makeHeldEngine(answers) { $0.waitMax = 1 }
    engine.submit(call("queued", answers.take(1)))
    let error = await engine.failure(.embed(EmbedOptions()), [.text("refused")])
    gate.open()
    engine.shutDown()
    #expect(error?.code == .resourceExhausted)
    #expect(error?.reason == .overloaded)
    #expect(try #require(error?.retryAfter) >= .milliseconds(1))
    #expect(error?.message.hasPrefix("model fake is overloaded: ") == true)
    #expect(error?.message.hasSuffix("bytes (limit 67108864) are queued") == true)
    #expect(try answers[1]?.outcome.get().first?.error == nil)
  }

  @Test("the load counts what is queued, and a busy thread's step has an age")
  func load() async throws {
    let answers = Answers()
    let (engine, gate) = try await makeHeldEngine(answers)
    engine.submit(call("queued", count: 10, answers.take(1)))
    let load = engine.load()
    #expect(load.queuedInputs == 10)
    #expect(load.runningBatches == 1)
    #expect(load.openCalls == 2)
    #expect(load.queuedBytes == 10 * (6 + 16 + 128) + 4 + 16 + 128)
    #expect(load.backlogNanoseconds > 0)
    #expect(engine.oldestStep != nil)
    gate.open()
    engine.shutDown()
    #expect(engine.load().backlogNanoseconds == 0)
    #expect(engine.load().queuedBytes == 0)
    #expect(engine.oldestStep == nil)
  }

  @Test("shutting down answers everything that is queued", arguments: [1, 3])
  func drain(threads: Int) throws {
    let engine = try makeEngine(threads: threads)
    let answers = Answers()
    for index in 0..<50 { engine.submit(call("call \(index)", count: 20, answers.take(index))) }
    engine.shutDown()
    #expect(answers.count == 50)
    for index in 0..<50 {
      #expect(try answers[index]?.outcome.get().count == 20)
    }
    engine.shutDown()
  }

  @Test("ten thousand inputs in one call are answered in order", arguments: [1, 2])
  func manyInputs(threads: Int) async throws {
    let engine = try makeEngine(threads: threads)
    let ids = (0..<10_000).map { (index: Int32) -> [Int32] in [index % 200 + 3, index / 200 + 3] }
    let slots = try await engine.slots(.embed(EmbedOptions(normalize: false)), ids.map { .ids($0) })
    let isRight = slots.indices.allSatisfy { index in
      slots[index].value == .vector([Float(ids[index][0]), Float(ids[index][1]), 0, 0])
    }
    #expect(slots.count == 10_000)
    #expect(isRight)
  }

  @Test("many submitters at once all get their own answers")
  func concurrentSubmitters() async throws {
    let engine = try makeEngine(threads: 3)
    let wrong = try await withThrowingTaskGroup(of: Int.self) { group in
      for submitter in 0..<16 {
        group.addTask {
          var wrong = 0
          for round in 0..<50 {
            let ids = [Int32(submitter + 3), Int32(round + 3)]
            let priority: CallPriority = round % 3 == 0 ? .bulk : .interactive
            let slots = try await engine.slots(
              .embed(EmbedOptions(normalize: false)), Array(repeating: .ids(ids), count: 7),
              priority: priority)
            let expected = InputResult.Value.vector([Float(ids[0]), Float(ids[1]), 0, 0])
            wrong += slots.count { $0.value != expected } + abs(slots.count - 7)
          }
          return wrong
        }
      }
      return try await group.reduce(0, +)
    }
    #expect(wrong == 0)
    // A call is answered before its batch is put away.
    engine.shutDown()
    #expect(engine.load().openCalls == 0)
  }
}
