import CommandSupport
import MillpondClient
import Synchronization
import Testing

@Suite("Call stream", .timeLimit(.minutes(1)))
struct CallStreamTests {
  private typealias Results = [Result<Int, MillpondError>]

  private func source(_ count: Int, slice: Int) -> InputSource {
    InputSource(
      texts: (0..<count).map { Array("\($0)".utf8) },
      limits: .init(inputs: slice, bytes: 1 << 20))
  }

  private static func number(_ value: InputValue) -> Int {
    Int(String(decoding: value.document, as: UTF8.self)) ?? -1
  }

  /// All results in the order in which they were consumed.
  private func run(
    _ source: InputSource, kinds: InputKinds = .all, callsMax: Int = 4,
    call:
      @escaping @Sendable ([InputValue]) async throws(MillpondError) -> [Result<
        Int, MillpondError
      >]
  ) async throws -> Results {
    var results: Results = []
    try await streamCalls(
      from: source, kinds: kinds, name: "test", callsMax: callsMax, call: call
    ) { answer in
      #expect(answer.slice.firstIndex == results.count)
      results += answer.results
    }
    return results
  }

  @Test("answers are consumed in input order, whichever call ends first")
  func order() async throws {
    let results = try await run(source(103, slice: 10)) { (values) throws(MillpondError) in
      // Calls give way a different number of times, so that they end out of order.
      for _ in 0..<(values.map(Self.number).first ?? 0) * 37 % 101 { await Task.yield() }
      return values.map { .success(Self.number($0)) }
    }
    #expect(results == (0..<103).map { .success($0) })
  }

  @Test("no more calls run at once than allowed")
  func window() async throws {
    let open = Mutex((now: 0, most: 0))
    _ = try await run(source(60, slice: 2), callsMax: 3) { (values) throws(MillpondError) in
      open.withLock { state in
        state.now += 1
        state.most = max(state.most, state.now)
      }
      for _ in 0..<50 { await Task.yield() }
      open.withLock { $0.now -= 1 }
      return values.map { _ in .success(0) }
    }
    #expect(open.withLock { $0.most } <= 3)
  }

  @Test("an error of a whole call is each input's, and the other calls are not touched")
  func wholeCallError() async throws {
    let error = MillpondError(.failedPrecondition, "the model classifies")
    let results = try await run(source(6, slice: 2)) { (values) throws(MillpondError) in
      if Self.number(values[0]) == 2 { throw error }
      return values.map { .success(Self.number($0)) }
    }
    #expect(
      results == [
        .success(0), .success(1), .failure(error), .failure(error), .success(4), .success(5),
      ])
  }

  @Test("refused lines are not sent, and keep their places")
  func refusedLines() async throws {
    let file = try TemporaryFile(Array("\"0\"\nbad\n[1]\n\"3\"\n".utf8))
    let source = try InputSource(path: file.path, format: .json)
    let results = try await run(source, kinds: .text) { (values) throws(MillpondError) in
      #expect(values.count == 2)
      return values.map { .success(Self.number($0)) }
    }
    #expect(results.map { (try? $0.get()) ?? -1 } == [0, -1, -1, 3])
    #expect(
      results[2]
        == .failure(MillpondError(.invalidArgument, "test takes a text, not token ids")))
  }

  @Test("an answer with too few slots is an error of the inputs without one")
  func missingSlots() async throws {
    let results = try await run(source(2, slice: 2)) { (_) throws(MillpondError) in
      [.success(7)]
    }
    let missing = MillpondError(.internal, "the server's answer has no slot for this input")
    #expect(results == [.success(7), .failure(missing)])
  }

  @Test("no inputs are no calls")
  func empty() async throws {
    let results = try await run(source(0, slice: 2)) { (_) throws(MillpondError) in
      Issue.record("called")
      return []
    }
    #expect(results.isEmpty)
  }

  @Test("what the consumer throws ends the stream")
  func consumerThrows() async throws {
    await #expect(throws: OutputClosed.self) {
      try await streamCalls(
        from: source(100, slice: 1), kinds: .all, name: "test",
        call: { (values) throws(MillpondError) in values.map { _ in .success(0) } },
        consume: { _ in throw OutputClosed() })
    }
  }

  @Test("cancelling ends calls that wait")
  func cancellation() async throws {
    let source = source(10, slice: 1)
    let (started, signal) = AsyncStream.makeStream(of: Void.self)
    let stream = Task {
      try await run(source) { (values) throws(MillpondError) in
        signal.yield()
        while !Task.isCancelled { await Task.yield() }
        throw MillpondError(.cancelled, "the task was cancelled")
      }
    }
    for await _ in started { break }
    stream.cancel()
    await #expect(throws: CancellationError.self) { try await stream.value }
  }
}
