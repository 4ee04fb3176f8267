import Inference

extension Engine {
  /// Submits a call and waits for its answer.
  func answer(
    _ task: InferenceTask, _ inputs: [ModelInput], limit: InputLimit = InputLimit(),
    deadline: UInt64? = nil, priority: CallPriority = .interactive
  ) async -> InferenceAnswer {
    await withCheckedContinuation { continuation in
      submit(
        InferenceCall(
          task: task, inputs: inputs, limit: limit, deadline: deadline, priority: priority
        ) { continuation.resume(returning: $0) })
    }
  }

  /// The slots of a call that is expected to be answered.
  func slots(
    _ task: InferenceTask, _ inputs: [ModelInput], limit: InputLimit = InputLimit(),
    deadline: UInt64? = nil, priority: CallPriority = .interactive
  ) async throws -> [InputResult] {
    try await answer(task, inputs, limit: limit, deadline: deadline, priority: priority)
      .outcome.get()
  }

  /// The error of a call that is expected to fail as a whole.
  func failure(
    _ task: InferenceTask, _ inputs: [ModelInput], limit: InputLimit = InputLimit()
  ) async -> EngineError? {
    if case .failure(let error) = await answer(task, inputs, limit: limit).outcome { return error }
    return nil
  }

  /// The vectors of texts, all of which are expected to have one.
  func vectors(
    _ texts: [[UInt8]], _ options: EmbedOptions = EmbedOptions(),
    limit: InputLimit = InputLimit()
  ) async throws -> [[Float]] {
    try await slots(.embed(options), texts.map { .text($0) }, limit: limit).map { slot in
      guard case .vector(let vector) = slot.value else { throw UnexpectedResult(result: slot) }
      return Array(vector)
    }
  }
}

/// A slot that is not what the test expects.
struct UnexpectedResult: Error {
  var result: InputResult
}

extension InputResult {
  /// The error, if the input failed.
  var error: EngineError? {
    if case .failure(let error) = value { return error }
    return nil
  }

  /// The score, if there is one.
  var score: Float? {
    if case .score(let score) = value { return score }
    return nil
  }
}

extension ModelInput {
  /// A text input from a literal.
  static func text(_ text: String) -> ModelInput { .text(Array(text.utf8)) }

  /// A pair from literals.
  static func pair(_ query: String, _ document: String) -> ModelInput {
    .pair(query: Array(query.utf8), document: Array(document.utf8))
  }
}
