import Coordination
import Testing
import Wire

@Suite("The answers of a split call")
struct AnswerSlotsTests {
  private func embedBody(_ values: [UInt8]) -> [UInt8] {
    EmbedResponse(
      results: values.map {
        EmbedResult(outcome: .value(.vector([$0, 0, 0, 0])), tokenCount: Int($0))
      },
      dimensions: 1
    ).encoded()
  }

  private func merged(_ slots: AnswerSlots, target: Int = 1 << 20) throws -> [EmbedResult] {
    try #require(slots.parts(byteCountTarget: target)).flatMap { part in
      try EmbedResponse(decoding: part.body.span.bytes).results
    }
  }

  @Test("come out in input order, whatever order they came in")
  func order() throws {
    var slots = AnswerSlots(.embed, inputCount: 5)
    try slots.place(embedBody([3, 0]).span.bytes, at: [3, 0])
    try slots.place(embedBody([4, 1, 2]).span.bytes, at: [4, 1, 2])
    #expect(try merged(slots).map(\.tokenCount) == [0, 1, 2, 3, 4])
    #expect(slots.tokenCount == 10)
  }

  @Test("go out in several frames when they are large, without gaps")
  func frames() throws {
    var slots = AnswerSlots(.embed, inputCount: 100)
    try slots.place(embedBody(Array(0..<100)).span.bytes, at: (0..<100).map { $0 }[...])
    let parts = try #require(slots.parts(byteCountTarget: 200))
    #expect(parts.count > 5)
    #expect(parts.map(\.inputs).flatMap { Array($0) } == Array(0..<100))
    #expect(try merged(slots, target: 200).map(\.tokenCount) == Array(0..<100))
  }

  @Test("name the call's input in an error, not the piece's")
  func renumbering() throws {
    let response = EmbedResponse(
      results: [
        EmbedResult(outcome: .error(Status(.invalidArgument, "too long", inputIndex: 0)))
      ], dimensions: 0)
    var slots = AnswerSlots(.embed, inputCount: 3)
    try slots.place(response.encoded().span.bytes, at: [2])
    slots.fail([0, 1], Status(.unavailable, "lost"))
    let indices = try merged(slots).map { result -> Int? in
      if case .error(let status) = result.outcome { status.inputIndex } else { nil }
    }
    #expect(indices == [0, 1, 2])
  }

  @Test("refuse a worker's part with too few or too many slots")
  func wrongCount() {
    var slots = AnswerSlots(.embed, inputCount: 3)
    #expect(throws: WireError.self) {
      try slots.place(embedBody([1]).span.bytes, at: [0, 1])
    }
    #expect(throws: WireError.self) {
      try slots.place([UInt8](repeating: 0xFF, count: 9).span.bytes, at: [0])
    }
  }

  @Test("carry token vectors and sparse weights, a frame for a large one")
  func shapes() throws {
    let small = EmbedResult(outcome: .value(.tokens(TokenRows(values: [1, 0], rows: 1))))
    let large = EmbedResult(
      outcome: .value(.tokens(TokenRows(values: [UInt8](repeating: 7, count: 600), rows: 300))))
    var slots = AnswerSlots(.embed, inputCount: 4)
    for (result, input) in [(large, 1), (small, 3), (small, 0), (small, 2)] {
      let body = EmbedResponse(results: [result], dimensions: 1, elementType: .f16).encoded()
      try slots.place(body.span.bytes, at: [input])
    }
    #expect(slots.byteCount == 606 + 4 * 16)
    let parts = try #require(slots.parts(byteCountTarget: 100))
    #expect(parts.map(\.inputs) == [0..<2, 2..<4])
    #expect(try merged(slots, target: 100) == [small, large, small, small])

    let sparse = EmbedResponse(
      results: [
        EmbedResult(outcome: .value(.sparse(SparseVector(ids: [3, 5], weights: [1, 2, 3, 4]))))
      ], dimensions: 0, elementType: .bf16)
    var weights = AnswerSlots(.embed, inputCount: 1)
    try weights.place(sparse.encoded().span.bytes, at: [0])
    let sparseBody = try #require(weights.parts(byteCountTarget: 1))[0].body
    let sparseBack = try EmbedResponse(decoding: sparseBody.span.bytes)
    #expect(sparseBack == sparse)
  }

  @Test("are refused as a whole when they take more bytes than an answer holds")
  func tooLarge() throws {
    var slots = AnswerSlots(.embed, inputCount: 3)
    try slots.place(embedBody([1, 2]).span.bytes, at: [0, 1])
    #expect(slots.refusal(byteCountMax: 40) == nil)
    #expect(
      slots.refusal(byteCountMax: 39)
        == Status(
          .invalidArgument, reason: .limit,
          "the results of 3 inputs take 40 bytes or more, an answer holds at most 39: send fewer in "
            + "a call"))
  }

  @Test("carry the values of tokens")
  func tokenValues() throws {
    let classified = ClassifyResponse(
      results: [
        ClassifyResult(
          outcome: .value(.tokens(TokenRows(values: [UInt8](repeating: 1, count: 16), rows: 2))))
      ], labels: ["a", "b"])
    var slots = AnswerSlots(.classify, inputCount: 1)
    try slots.place(classified.encoded().span.bytes, at: [0])
    let body = try #require(slots.parts(byteCountTarget: 1))[0].body
    let back = try ClassifyResponse(decoding: body.span.bytes)
    #expect(back == classified)
  }

  @Test("never mix dimensions, element types or labels")
  func mixedShapes() throws {
    var slots = AnswerSlots(.embed, inputCount: 3)
    try slots.place(embedBody([1]).span.bytes, at: [0])
    let failed = EmbedResponse(
      results: [EmbedResult(outcome: .error(Status(.invalidArgument, "no")))], dimensions: 0)
    try slots.place(failed.encoded().span.bytes, at: [1])
    let longer = EmbedResponse(
      results: [EmbedResult(outcome: .value(.vector([UInt8](repeating: 0, count: 8))))],
      dimensions: 2)
    #expect(
      throws: WireError(.malformed, "workers answered vectors of 1 and of 2 dimensions")
    ) {
      try slots.place(longer.encoded().span.bytes, at: [2])
    }
    let half = EmbedResponse(
      results: [EmbedResult(outcome: .value(.vector([0, 0])))], dimensions: 1, elementType: .f16)
    #expect(throws: WireError(.malformed, "workers answered different element types")) {
      try slots.place(half.encoded().span.bytes, at: [2])
    }
    try slots.place(embedBody([3]).span.bytes, at: [2])
    #expect(try merged(slots).count == 3)
    var classes = AnswerSlots(.classify, inputCount: 2)
    let labelled = ["a", "b"].map { label in
      ClassifyResponse(
        results: [ClassifyResult(outcome: .value(.labels([0, 0, 0, 0])))], labels: [label])
    }
    try classes.place(labelled[0].encoded().span.bytes, at: [0])
    #expect(throws: WireError(.malformed, "workers answered different labels")) {
      try classes.place(labelled[1].encoded().span.bytes, at: [1])
    }
  }

  @Test("carry the labels of a classifier and the scores of a cross-encoder")
  func otherMethods() throws {
    var classes = AnswerSlots(.classify, inputCount: 1)
    let classified = ClassifyResponse(
      results: [ClassifyResult(outcome: .value(.labels([0, 0, 0x80, 0x3F])))], labels: ["a"])
    try classes.place(classified.encoded().span.bytes, at: [0])
    let classesBody = try #require(classes.parts(byteCountTarget: 1))[0].body
    let classesBack = try ClassifyResponse(decoding: classesBody.span.bytes)
    #expect(classesBack == classified)
    var scores = AnswerSlots(.score, inputCount: 2)
    let scored = ScoreResponse(
      results: [ScoreResult(outcome: .value(0)), ScoreResult(outcome: .value(0.5))])
    try scores.place(scored.encoded().span.bytes, at: [0, 1])
    let scoresBody = try #require(scores.parts(byteCountTarget: 1 << 20))[0].body
    let scoresBack = try ScoreResponse(decoding: scoresBody.span.bytes)
    #expect(scoresBack == scored)
  }
}
