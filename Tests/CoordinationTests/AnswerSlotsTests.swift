import Coordination
import Testing
import Wire

@Suite("The answers of a split call")
struct AnswerSlotsTests {
  private func embedBody(_ values: [UInt8]) -> [UInt8] {
    EmbedResponse(
      results: values.map { EmbedResult(outcome: .value([$0, 0, 0, 0]), tokenCount: Int($0)) },
      dimensions: 1
    ).encoded()
  }

  private func merged(_ slots: AnswerSlots, target: Int = 1 << 20) throws -> [EmbedResult] {
    try slots.parts(byteCountTarget: target).flatMap { part in
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
    let parts = slots.parts(byteCountTarget: 200)
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

  @Test("carry the labels of a classifier and the scores of a cross-encoder")
  func otherMethods() throws {
    var classes = AnswerSlots(.classify, inputCount: 1)
    let classified = ClassifyResponse(
      results: [ClassifyResult(outcome: .value([0, 0, 0x80, 0x3F]))], labels: ["a"])
    try classes.place(classified.encoded().span.bytes, at: [0])
    let classesBody = classes.parts(byteCountTarget: 1)[0].body
    let classesBack = try ClassifyResponse(decoding: classesBody.span.bytes)
    #expect(classesBack == classified)
    var scores = AnswerSlots(.score, inputCount: 2)
    let scored = ScoreResponse(
      results: [ScoreResult(outcome: .value(0)), ScoreResult(outcome: .value(0.5))])
    try scores.place(scored.encoded().span.bytes, at: [0, 1])
    let scoresBody = scores.parts(byteCountTarget: 1 << 20)[0].body
    let scoresBack = try ScoreResponse(decoding: scoresBody.span.bytes)
    #expect(scoresBack == scored)
  }
}
