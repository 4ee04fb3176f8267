import Coordination
import Testing
import Wire

@Suite("A call that can be cut")
struct SplittableCallTests {
  private func call(_ method: Wire.Method, _ body: [UInt8]) throws -> SplittableCall {
    let call = try SplittableCall(method, body: body.span.bytes)
    return try #require(call)
  }

  @Test("keeps the options and the chosen inputs in a piece")
  func embed() throws {
    let request = EmbedRequest(
      inputs: [.text([1]), .ids([7, 8]), .text([2, 3])],
      length: LengthOptions(truncation: .right, maxTokens: 9), promptName: "", dimensions: 5,
      normalization: .off, elementType: .bf16, output: .tokens)
    let call = try call(.embed, request.encoded())
    #expect(call.inputByteCounts == [1, 8, 2])
    var piece = request
    piece.inputs = [request.inputs[2], request.inputs[0]]
    let decoded = try EmbedRequest(decoding: call.body(of: [2, 0]).span.bytes)
    #expect(decoded == piece)
  }

  @Test("sends one query with every piece of documents")
  func scoreOneToMany() throws {
    let request = ScoreRequest(queries: [[1, 1]], documents: [[2], [3], [4]])
    let call = try call(.score, request.encoded())
    #expect(call.isWellFormed)
    #expect(call.inputByteCounts == [3, 3, 3])
    let piece = try ScoreRequest(decoding: call.body(of: [1, 2]).span.bytes)
    #expect(piece == ScoreRequest(queries: [[1, 1]], documents: [[3], [4]]))
  }

  @Test("sends the instruction with every piece, and an empty one is not its absence")
  func scoreInstruction() throws {
    for instruction in [nil, [], [5, 6]] as [[UInt8]?] {
      let request = ScoreRequest(
        queries: [[1]], documents: [[2], [3]], isRaw: true, promptName: "", instruction: instruction
      )
      let call = try call(.score, request.encoded())
      let piece = try ScoreRequest(decoding: call.body(of: [1]).span.bytes)
      var expected = request
      expected.documents = [[3]]
      #expect(piece == expected)
    }
  }

  @Test("keeps pairs together")
  func scorePairs() throws {
    let request = ScoreRequest(queries: [[1], [2], [3]], documents: [[4], [5], [6]])
    let call = try call(.score, request.encoded())
    let piece = try ScoreRequest(decoding: call.body(of: [2, 0]).span.bytes)
    #expect(piece == ScoreRequest(queries: [[3], [1]], documents: [[6], [4]]))
  }

  @Test("leaves a wrong pairing to the worker's refusal")
  func wrongPairing() throws {
    let request = ScoreRequest(queries: [[1], [2]], documents: [[4], [5], [6]])
    let call = try call(.score, request.encoded())
    #expect(!call.isWellFormed)
  }

  @Test("is refused when it does not decode")
  func malformed() {
    #expect(throws: WireError.self) {
      try SplittableCall(.embed, body: [UInt8](repeating: 0xFF, count: 5).span.bytes)
    }
  }
}
