import Testing
import Wire

@Suite("Messages come back as they were sent")
struct RoundTripTests {
  @Test("every message, with nothing and with everything set", arguments: Samples.all.indices)
  func roundTrip(index: Int) throws {
    func check<Message: Coded>(_ message: Message) throws {
      #expect(try Message(message.encoded()) == message)
    }
    try check(Samples.all[index])
  }

  @Test("no budget, and a budget of 0, differ")
  func budget() throws {
    let none = try RequestHead(RequestHead(method: .embed).encoded())
    let zero = try RequestHead(RequestHead(method: .embed, remainingMicroseconds: 0).encoded())
    #expect(none.remainingMicroseconds == nil)
    #expect(zero.remainingMicroseconds == 0)
  }

  @Test("no prompt, dimensions or token limit, and empty ones, differ")
  func options() throws {
    let none = try EmbedRequest(EmbedRequest(inputs: []).encoded())
    #expect(none.promptName == nil)
    #expect(none.dimensions == nil)
    #expect(none.length.maxTokens == nil)
    let zero = try EmbedRequest(
      EmbedRequest(
        inputs: [], length: LengthOptions(maxTokens: 0), promptName: "", dimensions: 0
      ).encoded())
    #expect(zero.promptName?.isEmpty == true)
    #expect(zero.dimensions == 0)
    #expect(zero.length.maxTokens == 0)
  }

  @Test("no input at fault, and the first one, differ")
  func inputIndex() throws {
    let none = try ResponseHead(ResponseHead(status: Status(.internal, "x")).encoded())
    let first = try ResponseHead(
      ResponseHead(status: Status(.internal, "x", inputIndex: 0)).encoded())
    #expect(none.status.inputIndex == nil)
    #expect(first.status.inputIndex == 0)
  }

  @Test("no load report, and one of zeros, differ")
  func load() throws {
    #expect(try ResponseHead(ResponseHead().encoded()).load == nil)
    #expect(try ResponseHead(ResponseHead(load: LoadReport()).encoded()).load == LoadReport())
  }

  @Test("texts keep every byte, NUL and invalid UTF-8 too")
  func texts() throws {
    let texts = (0...255).map { [UInt8($0)] } + [[0, 0, 0], Array(0...255)]
    let request = EmbedRequest(inputs: texts.map(Input.text))
    #expect(try EmbedRequest(request.encoded()).inputs == texts.map(Input.text))
    let score = ScoreRequest(queries: texts, documents: texts)
    #expect(try ScoreRequest(score.encoded()).documents == texts)
  }

  @Test(
    "scores keep their bits",
    arguments: [.leastNonzeroMagnitude, .greatestFiniteMagnitude, .infinity] as [Float])
  func scores(value: Float) throws {
    let response = ScoreResponse(results: [ScoreResult(outcome: .value(value))])
    #expect(try ScoreResponse(response.encoded()) == response)
  }

  @Test("a message over 4,096 bytes is cut at a character")
  func longStatusMessage() throws {
    let status = Status(.internal, String(repeating: "ü", count: 3_000))
    let head = try ResponseHead(ResponseHead(status: status).encoded())
    #expect(head.status.message == String(repeating: "ü", count: 2_048))
  }

  @Test("a body cut in two and joined is the same message")
  func joinedBodies() throws {
    let inputs = Samples.inputs
    let halves =
      EmbedRequest(inputs: Array(inputs[..<4])).encoded()
      + EmbedRequest(inputs: Array(inputs[4...]), dimensions: 7).encoded()
    #expect(
      try EmbedRequest(halves) == EmbedRequest(inputs: inputs, dimensions: 7))
  }
}
