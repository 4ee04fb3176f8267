package import Inference
package import Wire

/// The engine's results as bodies of response frames.
package struct AnswerTranslation: Sendable {
  /// Answers of about this size go out in one frame, so that a large one does not hold up others.
  private static let frameBytes = 256 << 10

  private let method: Wire.Method
  private let labels: [String]
  private let elementType: ElementType
  private let answerBytesMax: Int

  /// - Parameters:
  ///   - labels: of a classifier, in label-id order.
  ///   - elementType: of the vectors or weights of an Embed answer.
  ///   - answerBytesMax: bytes of results that the answer to one call may hold.
  package init(
    _ method: Wire.Method, labels: [String], elementType: ElementType,
    answerBytesMax: Int = WireLimits.answerBytesMax
  ) {
    self.method = method
    self.labels = labels
    self.elementType = elementType
    self.answerBytesMax = answerBytesMax
  }

  /// About what the results take in frames, in bytes.
  func byteCount(_ results: [InputResult]) -> Int {
    results.reduce(0) { $0 + byteCount($1) }
  }

  /// The answer's frames in input order.
  ///
  /// - Throws: INVALID_ARGUMENT, LIMIT, for more than an answer may hold.
  package func parts(
    _ results: [InputResult]
  ) throws(Status) -> [(inputs: Range<Int>, body: [UInt8])] {
    let total = byteCount(results)
    guard total <= answerBytesMax else {
      throw Status.answerTooLarge(total, limit: answerBytesMax, inputCount: results.count)
    }
    var parts: [(inputs: Range<Int>, body: [UInt8])] = []
    var start = 0
    var byteCount = 0
    for (index, result) in results.enumerated() {
      byteCount += self.byteCount(result)
      guard byteCount >= Self.frameBytes || index == results.count - 1 else { continue }
      parts.append((start..<index + 1, body(results[start...index])))
      start = index + 1
      byteCount = 0
    }
    return parts
  }

  private func byteCount(_ result: InputResult) -> Int {
    switch result.value {
    case .vector(let numbers), .tokenVectors(let numbers, _):
      numbers.count * elementType.byteCount + 16
    case .sparse(let ids, _): ids.count * (elementType.byteCount + 3) + 16
    case .probabilities(let numbers, _), .logits(let numbers, _),
      .tokenProbabilities(let numbers, _), .tokenLogits(let numbers, _):
      numbers.count * 4 + 16
    case .score: 16
    case .tokens(let ids, let spellings):
      ids.count * 5 + spellings.reduce(16) { $0 + $1.count + 2 }
    case .failure(let error): error.message.utf8.count + 32
    }
  }

  private func body(_ results: ArraySlice<InputResult>) -> [UInt8] {
    switch method {
    case .embed: embedBody(results)
    case .classify:
      ClassifyResponse(
        results: results.map { result in
          ClassifyResult(
            outcome: result.outcome { (value) throws(Status) in try classifyValue(value) },
            tokenCount: result.tokens, isTruncated: result.truncated)
        }, labels: labels
      ).encoded()
    case .score:
      ScoreResponse(
        results: results.map { result in
          ScoreResult(
            outcome: result.outcome { $0.number }, tokenCount: result.tokens,
            isTruncated: result.truncated)
        }
      ).encoded()
    case .tokenize:
      TokenizeResponse(
        results: results.map { result in
          TokenizeResult(outcome: result.outcome { $0.tokens }, isTruncated: result.truncated)
        }
      ).encoded()
    case .info, .health, .admin: preconditionFailure("\(method) has no results")
    }
  }

  private func embedBody(_ results: ArraySlice<InputResult>) -> [UInt8] {
    EmbedResponse(
      results: results.map { result in
        EmbedResult(
          outcome: result.outcome { (value) throws(Status) in try embedValue(value) },
          tokenCount: result.tokens, isTruncated: result.truncated)
      }, dimensions: results.lazy.compactMap(\.value.dimensions).first ?? 0,
      elementType: elementType
    ).encoded()
  }

  private func embedValue(_ value: InputResult.Value) throws(Status) -> EmbedValue? {
    switch value {
    case .vector(let numbers):
      .vector(try elementType.bytes(of: numbers))
    case .tokenVectors(let numbers, let rows):
      .tokens(TokenRows(values: try elementType.bytes(of: numbers), rows: rows))
    case .sparse(let ids, let weights):
      .sparse(
        SparseVector(
          ids: ids.map { UInt32(clamping: $0) }, weights: try elementType.bytes(of: weights[...])))
    case .probabilities, .logits, .tokenProbabilities, .tokenLogits, .score, .tokens, .failure:
      nil
    }
  }

  private func classifyValue(_ value: InputResult.Value) throws(Status) -> ClassifyValue? {
    switch value {
    case .probabilities(let numbers, _), .logits(let numbers, _):
      .labels(try ElementType.f32.bytes(of: numbers))
    case .tokenProbabilities(let numbers, let rows), .tokenLogits(let numbers, let rows):
      .tokens(TokenRows(values: try ElementType.f32.bytes(of: numbers), rows: rows))
    case .vector, .tokenVectors, .sparse, .score, .tokens, .failure: nil
    }
  }
}

extension InputResult {
  fileprivate func outcome<Wired>(
    _ convert: (Value) throws(Status) -> Wired?
  ) -> Outcome<Wired> {
    if case .failure(let error) = value { return .error(Status(error)) }
    do throws(Status) {
      guard let wired = try convert(value) else {
        return .error(Status(.internal, "the engine answered with another kind of value"))
      }
      return .value(wired)
    } catch {
      return .error(error)
    }
  }
}

extension InputResult.Value {
  /// Of a vector, or of each token's, where there is one.
  fileprivate var dimensions: Int? {
    switch self {
    case .vector(let numbers): numbers.count
    case .tokenVectors(let numbers, let rows): rows > 0 ? numbers.count / rows : nil
    case .sparse, .probabilities, .logits, .tokenProbabilities, .tokenLogits, .score, .tokens,
      .failure:
      nil
    }
  }

  fileprivate var number: Float? {
    if case .score(let number) = self { number } else { nil }
  }

  fileprivate var tokens: Tokens? {
    guard case .tokens(let ids, let spellings) = self else { return nil }
    return Tokens(ids: ids.map(UInt32.init), spellings: spellings)
  }
}
