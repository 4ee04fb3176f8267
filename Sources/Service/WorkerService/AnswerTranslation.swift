internal import Inference
internal import Wire

/// The engine's results as bodies of response frames.
struct AnswerTranslation {
  /// Answers of about this size go out in one frame, so that a large one does not hold up others.
  private static let frameBytes = 256 << 10

  let method: Wire.Method
  let labels: [String]

  /// The answer's frames in input order.
  func parts(_ results: [InputResult]) -> [(inputs: Range<Int>, body: [UInt8])] {
    var parts: [(inputs: Range<Int>, body: [UInt8])] = []
    var start = 0
    var byteCount = 0
    for (index, result) in results.enumerated() {
      byteCount += result.wireByteCount
      guard byteCount >= Self.frameBytes || index == results.count - 1 else { continue }
      parts.append((start..<index + 1, body(results[start...index])))
      start = index + 1
      byteCount = 0
    }
    return parts
  }

  private func body(_ results: ArraySlice<InputResult>) -> [UInt8] {
    switch method {
    case .embed: embedBody(results)
    case .classify:
      ClassifyResponse(
        results: results.map { result in
          ClassifyResult(
            outcome: result.outcome { $0.numbers?.littleEndianBytes },
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
    case .info, .health: preconditionFailure("\(method) has no results")
    }
  }

  private func embedBody(_ results: ArraySlice<InputResult>) -> [UInt8] {
    let dimensions = results.lazy.compactMap { $0.value.numbers?.count }.first ?? 0
    return EmbedResponse(
      results: results.map { result in
        EmbedResult(
          outcome: result.outcome { $0.numbers?.littleEndianBytes },
          tokenCount: result.tokens, isTruncated: result.truncated)
      }, dimensions: dimensions
    ).encoded()
  }
}

extension InputResult {
  /// About what the result takes in a frame.
  fileprivate var wireByteCount: Int {
    switch value {
    case .vector(let numbers), .probabilities(let numbers, _), .logits(let numbers, _):
      numbers.count * 4 + 16
    case .tokenVectors(let numbers, _), .tokenProbabilities(let numbers, _),
      .tokenLogits(let numbers, _):
      numbers.count * 4 + 16
    case .sparse(let ids, let weights): (ids.count + weights.count) * 4 + 16
    case .score: 16
    case .tokens(let ids, let spellings):
      ids.count * 5 + spellings.reduce(16) { $0 + $1.count + 2 }
    case .failure(let error): error.message.utf8.count + 32
    }
  }

  fileprivate func outcome<Wired>(_ convert: (Value) -> Wired?) -> Outcome<Wired> {
    if case .failure(let error) = value { return .error(Status(error)) }
    guard let wired = convert(value) else {
      return .error(Status(.internal, "the engine answered with another kind of value"))
    }
    return .value(wired)
  }
}

extension InputResult.Value {
  fileprivate var numbers: ArraySlice<Float>? {
    switch self {
    case .vector(let numbers), .probabilities(let numbers, _), .logits(let numbers, _): numbers
    case .tokenVectors, .sparse, .tokenProbabilities, .tokenLogits, .score, .tokens, .failure: nil
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

extension ArraySlice<Float> {
  fileprivate var littleEndianBytes: [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count * 4) { buffer, written in
      for (offset, number) in enumerated() {
        UnsafeMutableRawBufferPointer(buffer).storeBytes(
          of: number.bitPattern.littleEndian, toByteOffset: offset * 4, as: UInt32.self)
      }
      written = count * 4
    }
  }
}
