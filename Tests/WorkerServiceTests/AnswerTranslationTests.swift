import Inference
import Testing
import Wire
import WorkerService

@Suite("The engine's results as frames")
struct AnswerTranslationTests {
  private func result(_ value: InputResult.Value) -> InputResult {
    InputResult(value: value, tokens: 7, truncated: false)
  }

  private func embed(
    _ values: [InputResult.Value], _ type: ElementType = .f32
  ) throws -> [EmbedResponse] {
    let translation = AnswerTranslation(.embed, labels: [], elementType: type)
    return try translation.parts(values.map(result)).map { part in
      let response = try EmbedResponse(decoding: part.body.span.bytes)
      #expect(response.results.count == part.inputs.count)
      return response
    }
  }

  @Test("vectors of tokens carry rows and dimensions, also after a text without any")
  func tokens() throws {
    let answer = try embed(
      [.tokenVectors([], rows: 0), .tokenVectors([1, 2, 3, 4, 5, 6], rows: 3)], .bf16)
    #expect(answer.count == 1)
    #expect(answer[0].dimensions == 2)
    #expect(answer[0].elementType == .bf16)
    #expect(
      answer[0].results.map(\.outcome) == [
        .value(.tokens(TokenRows(values: [], rows: 0))),
        .value(
          .tokens(
            TokenRows(
              values: [0x80, 0x3f, 0, 0x40, 0x40, 0x40, 0x80, 0x40, 0xa0, 0x40, 0xc0, 0x40],
              rows: 3))),
      ])
  }

  @Test("sparse weights carry their ids, rounded as asked")
  func sparse() throws {
    let answer = try embed(
      [.sparse(ids: [3, 30_000], weights: [1, 0.1]), .sparse(ids: [], weights: [])], .f16)
    #expect(answer[0].dimensions == 0)
    #expect(
      answer[0].results.map(\.outcome) == [
        .value(.sparse(SparseVector(ids: [3, 30_000], weights: [0, 0x3c, 0x66, 0x2e]))),
        .value(.sparse(SparseVector(ids: [], weights: []))),
      ])
  }

  @Test("values of tokens carry rows; of the whole text, none")
  func labels() throws {
    let translation = AnswerTranslation(.classify, labels: ["a", "b"], elementType: .f16)
    let parts = try translation.parts([
      result(.tokenLogits([1, 0, 0, 1], rows: 2)), result(.tokenProbabilities([], rows: 0)),
      result(.logits([1, 0], label: 0)),
    ])
    let body = parts[0].body
    let answer = try ClassifyResponse(decoding: body.span.bytes)
    let (one, zero) = ([0, 0, 0x80, 0x3f] as [UInt8], [0, 0, 0, 0] as [UInt8])
    #expect(
      answer.results.map(\.outcome) == [
        .value(.tokens(TokenRows(values: one + zero + zero + one, rows: 2))),
        .value(.tokens(TokenRows(values: [], rows: 0))), .value(.labels(one + zero)),
      ])
  }

  @Test("a number that the element type does not hold fails its input, and no other")
  func overflow() throws {
    let answer = try embed([.vector([1]), .vector([70_000]), .vector([2])], .f16)
    guard case .error(let status) = answer[0].results[1].outcome else {
      Issue.record("it has a value")
      return
    }
    #expect(status.code == .invalidArgument)
    #expect(
      status.message
        == "the result holds 70000.0, and the largest f16 is 65504: ask for another element type")
    #expect(answer[0].results[0].outcome == .value(.vector([0, 0x3c])))
    #expect(answer[0].results[2].outcome == .value(.vector([0, 0x40])))
  }

  @Test("a result larger than any frame is not cut, and others do not wait for it in their part")
  func largeResult() throws {
    let numbers = [Float](repeating: 0.5, count: 3 << 20)
    let answer = try embed([
      .tokenVectors([1, 2], rows: 1), .tokenVectors(numbers[...], rows: 3 << 19),
      .tokenVectors([3, 4], rows: 1), .tokenVectors([5, 6], rows: 1),
    ])
    #expect(answer.map(\.results.count) == [2, 2])
    #expect(answer.map(\.dimensions) == [2, 2])
    guard case .value(.tokens(let rows)) = answer[0].results[1].outcome else {
      Issue.record("it has no rows")
      return
    }
    #expect(rows.rows == 3 << 19)
    #expect(rows.values.count == 12 << 20)
  }

  @Test("more than an answer may hold is refused as a whole, with both numbers")
  func tooLarge() throws {
    let translation = AnswerTranslation(
      .embed, labels: [], elementType: .f32, answerBytesMax: 100)
    let vectors = [result(.vector([1, 2])), result(.tokenVectors([0, 0, 0, 0], rows: 2))]
    #expect(try translation.parts(vectors).count == 1)
    #expect(
      throws: Status(
        .invalidArgument, reason: .limit,
        "the results of 4 inputs take 112 bytes or more, an answer holds at most 100: send fewer in "
          + "a call")
    ) {
      try translation.parts(vectors + vectors)
    }
  }
}
