package import Wire

/// The answers of a split call, gathered in any order and given out in input order.
package struct AnswerSlots: Sendable {
  private enum Slots: Sendable {
    case embed([EmbedResult?], dimensions: Int, ElementType)
    case classify([ClassifyResult?], labels: [String])
    case score([ScoreResult?])
    case tokenize([TokenizeResult?])
  }

  private var slots: Slots

  /// - Precondition: the method has inputs.
  package init(_ method: Method, inputCount: Int) {
    switch method {
    case .embed:
      slots = .embed(Array(repeating: nil, count: inputCount), dimensions: 0, .f32)
    case .classify: slots = .classify(Array(repeating: nil, count: inputCount), labels: [])
    case .score: slots = .score(Array(repeating: nil, count: inputCount))
    case .tokenize: slots = .tokenize(Array(repeating: nil, count: inputCount))
    case .info, .health: preconditionFailure("\(method) has no inputs")
    }
  }

  /// Puts a part of a piece's answer where it belongs.
  ///
  /// - Parameter inputs: the call's input for each result of the part.
  /// - Throws: `.malformed` if the part does not decode or has another number of results.
  package mutating func place(_ body: RawSpan, at inputs: ArraySlice<Int>) throws(WireError) {
    switch slots {
    case .embed(var results, var dimensions, var elementType):
      let response = try EmbedResponse(decoding: body)
      try Self.checkCount(response.results.count, inputs.count)
      // The array has one owner while it is written to, or it would be copied.
      slots = .score([])
      Self.place(response.results, at: inputs, in: &results) {
        $0.outcome = $0.outcome.renumbered($1)
      }
      dimensions = max(dimensions, response.dimensions)
      elementType = response.elementType
      slots = .embed(results, dimensions: dimensions, elementType)
    case .classify(var results, let labels):
      let response = try ClassifyResponse(decoding: body)
      try Self.checkCount(response.results.count, inputs.count)
      // The array has one owner while it is written to, or it would be copied.
      slots = .score([])
      Self.place(response.results, at: inputs, in: &results) {
        $0.outcome = $0.outcome.renumbered($1)
      }
      slots = .classify(results, labels: response.labels.isEmpty ? labels : response.labels)
    case .score(var results):
      let response = try ScoreResponse(decoding: body)
      try Self.checkCount(response.results.count, inputs.count)
      // The array has one owner while it is written to, or it would be copied.
      slots = .score([])
      Self.place(response.results, at: inputs, in: &results) {
        $0.outcome = $0.outcome.renumbered($1)
      }
      slots = .score(results)
    case .tokenize(var results):
      let response = try TokenizeResponse(decoding: body)
      try Self.checkCount(response.results.count, inputs.count)
      // The array has one owner while it is written to, or it would be copied.
      slots = .score([])
      Self.place(response.results, at: inputs, in: &results) {
        $0.outcome = $0.outcome.renumbered($1)
      }
      slots = .tokenize(results)
    }
  }

  /// Puts the same error into some slots.
  package mutating func fail(_ inputs: [Int], _ status: Status) {
    for index in inputs {
      var status = status
      status.inputIndex = index
      switch slots {
      case .embed(var results, let dimensions, let type):
        slots = .score([])
        results[index] = EmbedResult(outcome: .error(status))
        slots = .embed(results, dimensions: dimensions, type)
      case .classify(var results, let labels):
        slots = .score([])
        results[index] = ClassifyResult(outcome: .error(status))
        slots = .classify(results, labels: labels)
      case .score(var results):
        slots = .score([])
        results[index] = ScoreResult(outcome: .error(status))
        slots = .score(results)
      case .tokenize(var results):
        slots = .score([])
        results[index] = TokenizeResult(outcome: .error(status))
        slots = .tokenize(results)
      }
    }
  }

  package var count: Int {
    switch slots {
    case .embed(let results, _, _): results.count
    case .classify(let results, _): results.count
    case .score(let results): results.count
    case .tokenize(let results): results.count
    }
  }

  /// Tokens in all slots, for the cost model.
  package var tokenCount: Int {
    switch slots {
    case .embed(let results, _, _): results.reduce(0) { $0 + ($1?.tokenCount ?? 0) }
    case .classify(let results, _): results.reduce(0) { $0 + ($1?.tokenCount ?? 0) }
    case .score(let results): results.reduce(0) { $0 + ($1?.tokenCount ?? 0) }
    case .tokenize: 0
    }
  }

  /// The answer's frames in input order, each of about so many bytes.
  ///
  /// - Precondition: every slot is filled.
  package func parts(byteCountTarget: Int) -> [(inputs: Range<Int>, body: [UInt8])] {
    switch slots {
    case .embed(let results, let dimensions, let type):
      let each = dimensions * 4 + 16
      return Self.ranges(results.count, each: each, target: byteCountTarget).map { range in
        let response = EmbedResponse(
          results: Self.filled(results[range]), dimensions: dimensions, elementType: type)
        return (range, response.encoded())
      }
    case .classify(let results, let labels):
      let each = labels.count * 4 + 16
      return Self.ranges(results.count, each: each, target: byteCountTarget).map { range in
        (range, ClassifyResponse(results: Self.filled(results[range]), labels: labels).encoded())
      }
    case .score(let results):
      return Self.ranges(results.count, each: 16, target: byteCountTarget).map { range in
        (range, ScoreResponse(results: Self.filled(results[range])).encoded())
      }
    case .tokenize(let results):
      // Texts of any length: one by one would be many frames, all at once too large a one.
      return Self.ranges(results.count, each: 4_096, target: byteCountTarget).map { range in
        (range, TokenizeResponse(results: Self.filled(results[range])).encoded())
      }
    }
  }

  private static func checkCount(_ results: Int, _ inputs: Int) throws(WireError) {
    guard results == inputs else {
      throw WireError(.malformed, "a worker answered \(results) slots for \(inputs) inputs")
    }
  }

  private static func place<Result>(
    _ results: [Result], at inputs: ArraySlice<Int>, in slots: inout [Result?],
    renumber: (inout Result, Int) -> Void
  ) {
    for (var result, input) in zip(results, inputs) {
      renumber(&result, input)
      slots[input] = result
    }
  }

  private static func filled<Result>(_ slots: ArraySlice<Result?>) -> [Result] {
    slots.map { slot in
      guard let slot else { preconditionFailure("an answer is given out before it is whole") }
      return slot
    }
  }

  private static func ranges(_ count: Int, each: Int, target: Int) -> [Range<Int>] {
    let step = max(1, target / each)
    return stride(from: 0, to: count, by: step).map { $0..<min($0 + step, count) }
  }
}

extension Outcome {
  /// The same outcome; an error names the call's input in place of the piece's.
  fileprivate func renumbered(_ input: Int) -> Outcome {
    guard case .error(var status) = self else { return self }
    status.inputIndex = input
    return .error(status)
  }
}
