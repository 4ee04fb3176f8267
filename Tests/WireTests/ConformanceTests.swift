import JSON
import Testing
import Wire

/// Protos/conformance was written by protobuf's own Python classes: two implementations compared.
@Suite("Conformance")
struct ConformanceTests {
  /// A message of a conformance line: its frames, with heads and bodies joined.
  private struct Joined {
    var frames: [(header: FrameHeader, headBytes: [UInt8], body: [UInt8])] = []

    var head: [UInt8] { frames.flatMap(\.headBytes) }
    var body: [UInt8] { frames.flatMap(\.body) }

    init(_ bytes: [UInt8]) throws {
      var rest = bytes[...]
      while !rest.isEmpty {
        let header = try FrameHeader(bytes: rest)
        let payload = rest.dropFirst(FrameHeader.byteCount).prefix(header.payloadByteCount)
        try #require(payload.count == header.payloadByteCount)
        frames.append(
          (
            header, Array(payload.prefix(header.headByteCount)),
            Array(payload.dropFirst(header.headByteCount))
          ))
        rest = rest.dropFirst(FrameHeader.byteCount + header.payloadByteCount)
      }
    }
  }

  private typealias Checked = Coded & PlainConvertible

  private static let types: [String: any Checked.Type] = [
    "Hello": Hello.self, "GoAway": GoAway.self, "LoadReport": LoadReport.self,
    "RequestHead": RequestHead.self, "ResponseHead": ResponseHead.self,
    "EmbedRequest": EmbedRequest.self, "EmbedResponse": EmbedResponse.self,
    "ClassifyRequest": ClassifyRequest.self, "ClassifyResponse": ClassifyResponse.self,
    "ScoreRequest": ScoreRequest.self, "ScoreResponse": ScoreResponse.self,
    "TokenizeRequest": TokenizeRequest.self, "TokenizeResponse": TokenizeResponse.self,
    "InfoResponse": InfoResponse.self, "HealthResponse": HealthResponse.self,
  ]

  private static let kinds = [
    "hello": FrameKind.hello, "request": .request, "response": .response, "cancel": .cancel,
    "ping": .ping, "pong": .pong, "go_away": .goAway, "load_report": .loadReport,
  ]

  @Test("every frame's header reads as the file says")
  func headers() throws {
    for line in try ConformanceFiles.lines("frames.jsonl") {
      let name = try #require(line["name"]?.string)
      let joined = try Joined(ConformanceFiles.hex(line, "hex"))
      let expected = try #require(line["decoded"]?["frames"])
      #expect(joined.frames.count == expected.count, "\(name)")
      for (frame, expected) in zip(joined.frames, expected.elements) {
        let flags: FrameFlags = (expected["flags"]?.elements.map { $0.string } ?? []).reduce([]) {
          $0.union($1 == "END" ? .end : .more)
        }
        #expect(frame.header.kind == Self.kinds[expected["kind"]?.string ?? ""], "\(name)")
        #expect(frame.header.flags == flags, "\(name)")
        #expect(Int(frame.header.callID) == expected["call"]?.int, "\(name)")
        #expect(frame.headBytes.count == expected["head_bytes"]?.int, "\(name)")
        #expect(frame.body.count == expected["body_bytes"]?.int, "\(name)")
      }
    }
  }

  @Test("every head and body decodes to the file's values and encodes to its bytes")
  func messages() throws {
    var seen: Set<String> = []
    for line in try ConformanceFiles.lines("frames.jsonl") {
      let name = try #require(line["name"]?.string)
      let joined = try Joined(ConformanceFiles.hex(line, "hex"))
      let decoded = try #require(line["decoded"])
      let parts = [
        (decoded["head_type"]?.string, decoded["head"], joined.head),
        (decoded["body_type"]?.string, decoded["body"], joined.body),
      ]
      for (type, expected, bytes) in parts {
        guard let type, type != "InfoRequest", type != "HealthRequest" else {
          #expect(bytes.isEmpty, "\(name)")
          continue
        }
        seen.insert(type)
        let message = try #require(Self.types[type], "\(name)")
        try check(message, bytes, try #require(expected), name)
      }
    }
    #expect(seen == Set(Self.types.keys), "a message without a frame in the file")
  }

  @Test("every golden answer says what it expects, and a request in hex decodes")
  func goldenAnswers() throws {
    for line in try ConformanceFiles.lines("golden-answers.jsonl") {
      let name = try #require(line["name"]?.string)
      #expect((line["expect"]?["error"] == nil) != (line["expect"]?["response"] == nil), "\(name)")
      if line["request"] == nil {
        let request = try EmbedRequest(ConformanceFiles.hex(line, "request_hex"))
        #expect(request.inputs.count == line["head"]?["input_count"]?.int, "\(name)")
      }
    }
  }

  private func check<Message: Checked>(
    _ type: Message.Type, _ bytes: [UInt8], _ expected: JSON, _ name: String
  ) throws {
    let message = try Message(bytes)
    #expect(message.plain == Plain(expected), "\(name)")
    let encoded = message.encoded()
    #expect(try Message(encoded) == message, "\(name)")
    if !name.contains("unknown field") {
      #expect(encoded == bytes, "\(name)")
    }
  }
}

extension FrameHeader {
  /// - Throws: `WireError`, as the words do.
  init(bytes: ArraySlice<UInt8>) throws {
    func word(_ offset: Int) -> UInt64 {
      (0..<8).reduce(0) { $0 | UInt64(bytes[bytes.startIndex + offset + $1]) << (8 * $1) }
    }
    try #require(bytes.count >= Self.byteCount)
    try self.init(first: word(0), second: word(8), frameBytesMax: 4 << 20)
  }
}
