package import Wire

/// The answers of a split call, gathered in any order and given out in input order.
package struct AnswerSlots: Sendable {
  fileprivate enum Slots: Sendable {
    case embed(ResultSlots<EmbedResult>, EmbedShape)
    case classify(ResultSlots<ClassifyResult>, labels: [String])
    case score(ResultSlots<ScoreResult>)
    case tokenize(ResultSlots<TokenizeResult>)
  }

  private var slots: Slots

  /// - Precondition: the method has inputs.
  package init(_ method: Method, inputCount: Int) {
    switch method {
    case .embed: slots = .embed(ResultSlots(count: inputCount), EmbedShape())
    case .classify: slots = .classify(ResultSlots(count: inputCount), labels: [])
    case .score: slots = .score(ResultSlots(count: inputCount))
    case .tokenize: slots = .tokenize(ResultSlots(count: inputCount))
    case .info, .health, .admin: preconditionFailure("\(method) has no inputs")
    }
  }

  /// Puts a part of a piece's answer where it belongs.
  ///
  /// - Parameter inputs: the call's input for each result of the part.
  /// - Throws: `.malformed` if the part does not decode, has another number of results, or another
  ///   shape than the parts before it.
  package mutating func place(_ body: RawSpan, at inputs: ArraySlice<Int>) throws(WireError) {
    switch slots {
    case .embed(var results, var shape):
      let response = try EmbedResponse(decoding: body)
      try shape.join(response)
      // The results have one owner while they are written to, or they would be copied.
      slots = .vacant
      defer { slots = .embed(results, shape) }
      try results.place(response.results, at: inputs)
    case .classify(var results, var labels):
      let response = try ClassifyResponse(decoding: body)
      guard labels.isEmpty || response.labels.isEmpty || labels == response.labels else {
        throw WireError(.malformed, "workers answered different labels")
      }
      if labels.isEmpty { labels = response.labels }
      slots = .vacant
      defer { slots = .classify(results, labels: labels) }
      try results.place(response.results, at: inputs)
    case .score(var results):
      let response = try ScoreResponse(decoding: body)
      slots = .vacant
      defer { slots = .score(results) }
      try results.place(response.results, at: inputs)
    case .tokenize(var results):
      let response = try TokenizeResponse(decoding: body)
      slots = .vacant
      defer { slots = .tokenize(results) }
      try results.place(response.results, at: inputs)
    }
  }

  /// What stands in a slot, or nil.
  package func value(at input: Int) -> SlotValue? {
    switch slots {
    case .embed(let results, let shape):
      results[input].map { .embed($0, shape.dimensions, shape.elementType ?? .f32) }
    case .classify(let results, let labels): results[input].map { .classify($0, labels: labels) }
    case .score(let results): results[input].map { .score($0) }
    case .tokenize(let results): results[input].map { .tokenize($0) }
    }
  }

  /// Puts a value into a slot that another call's slot held.
  ///
  /// - Throws: `.malformed` for a value of another method or shape.
  package mutating func place(_ value: SlotValue, at input: Int) throws(WireError) {
    switch (slots, value) {
    case (.embed(var results, var shape), .embed(let result, let dimensions, let elementType)):
      try shape.join(dimensions: dimensions, elementType: elementType)
      slots = .vacant
      results.place(result, at: input)
      slots = .embed(results, shape)
    case (.classify(var results, let labels), .classify(let result, let others)):
      slots = .vacant
      results.place(result, at: input)
      slots = .classify(results, labels: labels.isEmpty ? others : labels)
    case (.score(var results), .score(let result)):
      slots = .vacant
      results.place(result, at: input)
      slots = .score(results)
    case (.tokenize(var results), .tokenize(let result)):
      slots = .vacant
      results.place(result, at: input)
      slots = .tokenize(results)
    default: throw WireError(.malformed, "a result of another method")
    }
  }

  /// Puts the same error into some slots.
  package mutating func fail(_ inputs: [Int], _ status: Status) {
    switch slots {
    case .embed(var results, let shape):
      slots = .vacant
      results.fail(inputs, status)
      slots = .embed(results, shape)
    case .classify(var results, let labels):
      slots = .vacant
      results.fail(inputs, status)
      slots = .classify(results, labels: labels)
    case .score(var results):
      slots = .vacant
      results.fail(inputs, status)
      slots = .score(results)
    case .tokenize(var results):
      slots = .vacant
      results.fail(inputs, status)
      slots = .tokenize(results)
    }
  }

  package var count: Int {
    switch slots {
    case .embed(let results, _): results.count
    case .classify(let results, _): results.count
    case .score(let results): results.count
    case .tokenize(let results): results.count
    }
  }

  /// Tokens in all slots, for the cost model.
  package var tokenCount: Int {
    switch slots {
    case .embed(let results, _): results.tokenCount
    case .classify(let results, _): results.tokenCount
    case .score(let results): results.tokenCount
    case .tokenize(let results): results.tokenCount
    }
  }

  /// About what the slots that are filled take in frames, in bytes.
  package var byteCount: Int {
    switch slots {
    case .embed(let results, _): results.byteCount
    case .classify(let results, _): results.byteCount
    case .score(let results): results.byteCount
    case .tokenize(let results): results.byteCount
    }
  }

  /// Why the answer cannot be given as it stands, or nil: its results take too many bytes.
  package func refusal(byteCountMax: Int) -> Status? {
    byteCount <= byteCountMax
      ? nil : .answerTooLarge(byteCount, limit: byteCountMax, inputCount: count)
  }

  /// The answer's frames in input order, each of about so many bytes; one result is never cut.
  ///
  /// - Returns: nil unless every slot is filled.
  package func parts(byteCountTarget: Int) -> [(inputs: Range<Int>, body: [UInt8])]? {
    switch slots {
    case .embed(let results, let shape):
      results.parts(byteCountTarget) { results in
        EmbedResponse(
          results: results, dimensions: shape.dimensions,
          elementType: shape.elementType ?? .f32
        ).encoded()
      }
    case .classify(let results, let labels):
      results.parts(byteCountTarget) { ClassifyResponse(results: $0, labels: labels).encoded() }
    case .score(let results):
      results.parts(byteCountTarget) { ScoreResponse(results: $0).encoded() }
    case .tokenize(let results):
      results.parts(byteCountTarget) { TokenizeResponse(results: $0).encoded() }
    }
  }
}

extension AnswerSlots.Slots {
  /// What stands in while the slots are changed.
  static var vacant: Self { .score(ResultSlots(count: 0)) }
}

/// What all parts of an Embed answer have in common.
private struct EmbedShape: Sendable {
  /// 0 until a part has some.
  var dimensions = 0
  /// Nil until a part came.
  var elementType: ElementType?

  /// - Throws: `.malformed` for a part of another shape.
  mutating func join(_ response: EmbedResponse) throws(WireError) {
    try join(dimensions: response.dimensions, elementType: response.elementType)
  }

  /// - Throws: `.malformed` for another shape.
  mutating func join(dimensions other: Int, elementType type: ElementType) throws(WireError) {
    guard elementType == nil || elementType == type else {
      throw WireError(.malformed, "workers answered different element types")
    }
    guard dimensions == 0 || other == 0 || dimensions == other else {
      throw WireError(
        .malformed, "workers answered vectors of \(dimensions) and of \(other) dimensions")
    }
    dimensions = max(dimensions, other)
    elementType = type
  }
}

/// One input's result with what it has in common with the others of its answer: to be given to an
/// equal input, or kept.
package enum SlotValue: Sendable {
  case embed(EmbedResult, Int, ElementType)
  case classify(ClassifyResult, labels: [String])
  case score(ScoreResult)
  case tokenize(TokenizeResult)

  /// About what it takes in memory, in bytes.
  package var byteCount: Int {
    switch self {
    case .embed(let result, _, _): result.byteCount + 64
    case .classify(let result, _): result.byteCount + 64
    case .score(let result): result.byteCount + 64
    case .tokenize(let result): result.byteCount + 64
    }
  }

  /// Whether it is an error, which is not kept.
  package var isError: Bool {
    switch self {
    case .embed(let result, _, _): result.outcome.isError
    case .classify(let result, _): result.outcome.isError
    case .score(let result): result.outcome.isError
    case .tokenize(let result): result.outcome.isError
    }
  }
}

extension Outcome {
  fileprivate var isError: Bool {
    if case .error = self { true } else { false }
  }
}
