package import MillpondClient

/// The answers to one slice, in the order of its inputs: refused lines are in their places.
package struct SliceAnswer<Value: Sendable>: Sendable {
  package var slice: InputSlice
  /// As many as the slice has entries.
  package var results: [Result<Value, MillpondError>]
}

/// Sends slices as calls, some at once, and gives the answers in input order as they come.
///
/// At most `callsMax` slices are held at any time, from being read to being consumed, so memory is
/// bounded however long the input is. Slices are read while calls run, and answers are consumed
/// while a read waits. A call that an overloaded server refuses is sent again when the server says,
/// for a minute at most; any other error of a whole call becomes the error of each of its inputs.
///
/// - Parameters:
///   - source: the inputs.
///   - kinds: inputs of other kinds are refused in their places.
///   - name: the call's name for that message.
///   - callsMax: slices held at once.
///   - call: answers the inputs of a slice that are none of them refused; one result for each.
///   - consume: takes each answer; what it throws ends everything.
/// - Throws: what `source` or `consume` throws; `CancellationError` when the task is cancelled.
package func streamCalls<Value: Sendable>(
  from source: InputSource, kinds: InputKinds, name: String, callsMax: Int = 4,
  call:
    @escaping @Sendable ([InputValue]) async throws(MillpondError) -> [Result<
      Value, MillpondError
    >],
  consume: (SliceAnswer<Value>) throws -> Void
) async throws {
  var window = SliceWindow<Value>(countMax: callsMax)
  try await withThrowingTaskGroup(of: StreamEvent<Value>.self) { group in
    group.addTask { .read(try await source.next()?.checked(kinds, name)) }
    while let event = try await group.next() {
      try Task.checkCancellation()
      switch event {
      case .read(let slice):
        if let slice {
          let number = window.sent()
          group.addTask { .answered(number, await answer(slice, call)) }
        } else {
          window.ended()
        }
      case .answered(let number, let answer):
        for ready in window.answered(number, answer) { try consume(ready) }
      }
      if window.startsRead() {
        group.addTask { .read(try await source.next()?.checked(kinds, name)) }
      }
    }
    // A cancelled source ends early, as if there were nothing more.
    try Task.checkCancellation()
  }
}

extension InputSlice {
  fileprivate func checked(_ kinds: InputKinds, _ name: String) -> InputSlice {
    var slice = self
    slice.entries = entries.map { kinds.check($0, for: name) }
    return slice
  }
}

/// What a task of the stream ends with.
private enum StreamEvent<Value: Sendable>: Sendable {
  case read(InputSlice?)
  case answered(Int, SliceAnswer<Value>)
}

/// Which slices are under way and which answer is due. A value without I/O.
struct SliceWindow<Value: Sendable>: Sendable {
  private let countMax: Int
  private var sentCount = 0
  private var consumedCount = 0
  private var isReading = true
  private var isEnded = false
  private var early: [Int: SliceAnswer<Value>] = [:]

  /// A read is taken to be under way.
  init(countMax: Int) {
    self.countMax = countMax
  }

  /// The read gave a slice, which is now sent. Gives its number.
  mutating func sent() -> Int {
    isReading = false
    defer { sentCount += 1 }
    return sentCount
  }

  /// The read found the end.
  mutating func ended() {
    isReading = false
    isEnded = true
  }

  /// An answer came. Gives all that are due now, in order.
  mutating func answered(_ number: Int, _ answer: SliceAnswer<Value>) -> [SliceAnswer<Value>] {
    early[number] = answer
    var due: [SliceAnswer<Value>] = []
    while let answer = early.removeValue(forKey: consumedCount) {
      due.append(answer)
      consumedCount += 1
    }
    return due
  }

  /// Whether a read is to be started now; it is then taken to be under way.
  mutating func startsRead() -> Bool {
    guard !isReading, !isEnded, sentCount - consumedCount < countMax else { return false }
    isReading = true
    return true
  }
}

private func answer<Value: Sendable>(
  _ slice: InputSlice,
  _ call: @Sendable ([InputValue]) async throws(MillpondError) -> [Result<Value, MillpondError>]
) async -> SliceAnswer<Value> {
  let values = slice.entries.compactMap { entry in
    if case .success(let value) = entry { value } else { nil }
  }
  var answers: [Result<Value, MillpondError>]
  do throws(MillpondError) {
    answers =
      values.isEmpty
      ? []
      : try await patiently { () throws(MillpondError) in
        try await call(values)
      }
  } catch {
    answers = Array(repeating: .failure(error), count: values.count)
  }
  var next = 0
  let results: [Result<Value, MillpondError>] = slice.entries.map { entry in
    guard case .success = entry else { return entry.flatMap { _ in .failure(missingSlot) } }
    defer { next += 1 }
    return next < answers.count ? answers[next] : .failure(missingSlot)
  }
  return SliceAnswer(slice: slice, results: results)
}

/// How long a refused call is sent again.
private let patience = Duration.seconds(60)

/// Calls until the server takes it, as often as it gives a time to come back.
private func patiently<Value>(
  _ call: () async throws(MillpondError) -> Value
) async throws(MillpondError) -> Value {
  let end = ContinuousClock.now + patience
  while true {
    do throws(MillpondError) {
      return try await call()
    } catch {
      let wait = error.retryAfter
      guard error.code == .resourceExhausted, wait > .zero, .now + wait < end,
        (try? await Task.sleep(for: wait)) != nil
      else { throw error }
    }
  }
}

private let missingSlot = MillpondError(
  .internal, "the server's answer has no slot for this input")
