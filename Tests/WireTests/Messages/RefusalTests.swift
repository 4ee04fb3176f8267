import Testing
import Wire

@Suite("Messages that are refused, or read with care")
struct RefusalTests {
  @Test(
    "names that are no UTF-8 are refused by field",
    arguments: [
      (2, "RequestHead.model"), (7, "RequestHead.request_id"), (8, "RequestHead.traceparent"),
      (9, "RequestHead.token"),
    ] as [(UInt64, String)])
  func invalidRequestHead(field: UInt64, name: String) {
    #expect(
      RequestHead.refusal(of: Raw.bytes(field, [0x61, 0xff]))
        == WireError(.malformed, "\(name) is not UTF-8"))
  }

  @Test("an over-long surrogate or a cut character is no UTF-8")
  func invalidUTF8() {
    for bytes in [[0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82], [0xf5, 0x80, 0x80, 0x80]] {
      #expect(
        RequestHead.refusal(of: Raw.bytes(2, bytes.map(UInt8.init)))
          == WireError(.malformed, "RequestHead.model is not UTF-8"))
    }
  }

  @Test("other names that are no UTF-8 are refused by field")
  func invalidNames() {
    let invalid = Raw.bytes(1, [0xff])
    #expect(
      ResponseHead.refusal(of: Raw.bytes(2, [0xff]))
        == WireError(.malformed, "ResponseHead.fingerprint is not UTF-8"))
    #expect(
      ResponseHead.refusal(of: Raw.bytes(1, Raw.bytes(3, [0xff])))
        == WireError(.malformed, "Status.message is not UTF-8"))
    #expect(
      EmbedRequest.refusal(of: Raw.bytes(3, invalid))
        == WireError(.malformed, "Prompt.name is not UTF-8"))
    #expect(
      ClassifyResponse.refusal(of: Raw.bytes(2, [0xff]))
        == WireError(.malformed, "ClassifyResponse.labels is not UTF-8"))
    #expect(
      InfoResponse.refusal(of: Raw.bytes(3, invalid))
        == WireError(.malformed, "ModelInfo.name is not UTF-8"))
    #expect(
      InfoResponse.refusal(of: Raw.bytes(4, invalid))
        == WireError(.malformed, "WorkerInfo.address is not UTF-8"))
    #expect(
      HealthResponse.refusal(of: Raw.bytes(4, invalid))
        == WireError(.malformed, "ModelHealth.name is not UTF-8"))
  }

  @Test(
    "names over their limit are refused with both numbers",
    arguments: [
      (2, 256, "RequestHead.model"), (7, 128, "RequestHead.request_id"),
      (8, 256, "RequestHead.traceparent"), (9, 4_096, "RequestHead.token"),
    ] as [(UInt64, Int, String)])
  func longNames(field: UInt64, limit: Int, name: String) {
    let text = [UInt8](repeating: 0x61, count: limit)
    #expect(RequestHead.refusal(of: Raw.bytes(field, text)) == nil)
    #expect(
      RequestHead.refusal(of: Raw.bytes(field, text + [0x61]))
        == WireError(.malformed, "\(name) has \(limit + 1) bytes, the limit is \(limit)"))
  }

  @Test("a caller learns of a name over its limit before it is sent")
  func oversizedField() {
    #expect(RequestHead(method: .embed, model: "m", requestID: "r").oversizedField == nil)
    let head = RequestHead(method: .embed, model: String(repeating: "ü", count: 129))
    #expect(head.oversizedField == "RequestHead.model has 258 bytes, the limit is 256")
  }

  @Test("an unknown method keeps its number", arguments: [0, 8, 99, 0x7fff_ffff] as [UInt64])
  func unknownMethod(number: UInt64) throws {
    let head = try RequestHead(Raw.number(1, number))
    #expect(head.methodNumber == UInt32(number))
    #expect(head.method == nil)
  }

  @Test("an unknown code is UNKNOWN, an unknown reason none, an unknown priority interactive")
  func unknownNumbers() throws {
    let status = Raw.number(1, 17) + Raw.number(2, 4_000_000_000)
    let head = try ResponseHead(Raw.bytes(1, status))
    #expect(head.status.code == .unknown)
    #expect(head.status.reason == .unspecified)
    #expect(try RequestHead(Raw.number(4, 2)).priority == .interactive)
  }

  @Test("an unknown number that changes the meaning of a request is refused")
  func unknownOptions() {
    #expect(
      EmbedRequest.refusal(of: Raw.bytes(2, Raw.number(1, 3)))
        == WireError(.malformed, "LengthOptions.truncation is unknown: 3"))
    for field in [5, 6] as [UInt64] {
      #expect(
        EmbedRequest.refusal(of: Raw.number(field, 3))
          == WireError(
            .malformed, "EmbedRequest has an unknown normalization, element_type or output"))
    }
    #expect(
      EmbedResponse.refusal(of: Raw.number(3, 3))
        == WireError(.malformed, "EmbedResponse has an unknown element_type"))
  }

  @Test("a slot without a value and without an error is refused")
  func emptySlots() {
    let empty = Raw.bytes(1, [])
    #expect(
      EmbedRequest.refusal(of: empty)
        == WireError(.malformed, "Input has none of text, ids and pair"))
    #expect(
      EmbedResponse.refusal(of: empty)
        == WireError(.malformed, "EmbedResult has neither value nor error"))
    #expect(
      ClassifyResponse.refusal(of: empty)
        == WireError(.malformed, "ClassifyResult has neither value nor error"))
    #expect(
      ScoreResponse.refusal(of: empty)
        == WireError(.malformed, "ScoreResult has neither value nor error"))
    #expect(
      TokenizeResponse.refusal(of: empty)
        == WireError(.malformed, "TokenizeResult has neither value nor error"))
  }

  @Test("unknown fields of every wire type are skipped, in messages and in their parts")
  func unknownFields() throws {
    let unknown =
      Raw.number(1_000, 5) + Raw.bytes(1_001, [1, 2, 3]) + Raw.varint(1_002 << 3 | 1)
      + [1, 2, 3, 4, 5, 6, 7, 8] + Raw.varint(1_003 << 3 | 5) + [1, 2, 3, 4]
    func check<Message: Coded>(_ message: Message) throws {
      #expect(try Message(unknown + message.encoded() + unknown) == message)
    }
    for sample in Samples.all { try check(sample) }
    let input = Raw.bytes(1, unknown + Raw.bytes(1, [0x61]) + unknown)
    #expect(try EmbedRequest(input).inputs == [.text([0x61])])
  }

  @Test("of a field sent twice the last counts; the last of text, ids and pair counts")
  func lastWins() throws {
    #expect(try RequestHead(Raw.bytes(2, [0x61]) + Raw.bytes(2, [0x62])).model == "b")
    let pair = Raw.bytes(3, Raw.bytes(1, [0x71]))
    let input = Raw.bytes(1, Raw.bytes(1, [0x61]) + pair + Raw.bytes(2, Raw.number(1, 9)))
    #expect(try EmbedRequest(input).inputs == [.ids([9])])
  }

  @Test("hello names the version and the frame limit that it refuses")
  func hello() {
    let limits = Raw.bytes(2, Raw.number(1, UInt64(WireLimits.frameBytesMin)))
    #expect(Hello.refusal(of: Raw.number(1, 1) + limits) == nil)
    #expect(
      Hello.refusal(of: Raw.number(1, 2) + limits)
        == WireError(.protocolViolation, "protocol version 2, this side speaks 1"))
    #expect(
      Hello.refusal(of: [])
        == WireError(.protocolViolation, "protocol version 0, this side speaks 1"))
    #expect(
      Hello.refusal(of: Raw.number(1, 1))
        == WireError(.protocolViolation, "frame limit of 0 bytes, the least is 65552"))
    #expect(
      Hello.refusal(
        of: Raw.number(1, 1) + limits + Raw.bytes(3, [UInt8](repeating: 97, count: 129)))
        == WireError(.malformed, "Hello.agent has 129 bytes, the limit is 128"))
  }
}
