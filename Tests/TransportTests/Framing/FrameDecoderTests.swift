import JSON
import NIOCore
import NIOTestUtils
import Testing
import Transport
import Wire

@Suite("Frame decoder")
struct FrameDecoderTests {
  private static let limit = 4 << 20

  @Test("NIO's verifier: every frame of the conformance files, dripped, whole and joined")
  func verifier() throws {
    var pairs: [(ByteBuffer, [Frame])] = []
    for line in try ConformanceFiles.lines("frames.jsonl") {
      let bytes = try ConformanceFiles.hex(line)
      var buffer = ByteBuffer(bytes: bytes)
      var frames: [Frame] = []
      var decoder = FrameDecoder(frameBytesMax: Self.limit)
      while let frame = try decoder.decode(buffer: &buffer) { frames.append(frame) }
      #expect(frames.count == line["decoded"]?["frames"]?.count)
      #expect(frames.flatMap(\.encoded) == bytes)
      pairs.append((ByteBuffer(bytes: bytes), frames))
    }
    try ByteToMessageDecoderVerifier.verifyDecoder(inputOutputPairs: pairs) {
      FrameDecoder(frameBytesMax: Self.limit)
    }
  }

  @Test("every frame of refused.jsonl that any reader must refuse is refused")
  func refusedFrames() throws {
    let lines = try ConformanceFiles.lines("refused.jsonl").filter { $0["reader"]?.string == "any" }
    #expect(lines.count > 10)
    for line in lines {
      var buffer = ByteBuffer(bytes: try ConformanceFiles.hex(line))
      var decoder = FrameDecoder(frameBytesMax: Self.limit)
      #expect(throws: WireError.self, "\(line["name"]?.string ?? "")") {
        try decoder.decode(buffer: &buffer)
      }
    }
  }

  @Test("a frame over the limit is refused when its header is read, before its body is waited for")
  func overLimit() {
    var decoder = FrameDecoder(frameBytesMax: 1_000)
    var whole = ByteBuffer(
      bytes: Frame(.response, callID: 1, body: .init(repeating: 0, count: 984)).encoded)
    #expect(throws: Never.self) { try decoder.decode(buffer: &whole) }
    let long = Frame(.response, callID: 1, body: .init(repeating: 0, count: 985)).encoded
    for count in 0..<FrameHeader.byteCount {
      var cut = ByteBuffer(bytes: long[..<count])
      #expect(throws: Never.self) { try decoder.decode(buffer: &cut) }
    }
    var header = ByteBuffer(bytes: long[..<FrameHeader.byteCount])
    #expect(throws: WireError(.frameTooLong, "frame of 1001 bytes, the limit is 1000")) {
      try decoder.decode(buffer: &header)
    }
  }

  @Test("a head over 16 KiB and a control frame over 8 KiB are refused at the header")
  func overControlLimits() {
    var decoder = FrameDecoder(frameBytesMax: Self.limit)
    func refusal(_ frame: Frame) -> WireError? {
      var buffer = ByteBuffer(bytes: frame.encoded[..<FrameHeader.byteCount])
      do {
        _ = try decoder.decode(buffer: &buffer)
        return nil
      } catch {
        return error as? WireError
      }
    }
    let head = [UInt8](repeating: 0, count: 16 << 10)
    #expect(refusal(Frame(.request, callID: 1, head: head)) == nil)
    #expect(
      refusal(Frame(.request, callID: 1, head: head + [0]))
        == WireError(.protocolViolation, "head of 16385 bytes, the limit is 16384"))
    for kind in FrameKind.allCases where kind != .request && kind != .response {
      #expect(refusal(Frame(kind, body: .init(repeating: 0, count: 8_176))) == nil)
      #expect(
        refusal(Frame(kind, body: .init(repeating: 0, count: 8_177)))
          == WireError(.frameTooLong, "\(kind) frame of 8193 bytes, the limit is 8192"))
    }
  }

  @Test("a stream that ends within a frame is an error, between frames it is not")
  func endOfStream() throws {
    var decoder = FrameDecoder(frameBytesMax: Self.limit)
    let bytes = Frame.request(1, body: [1, 2, 3]).encoded
    for count in 1..<bytes.count {
      var buffer = ByteBuffer(bytes: bytes[..<count])
      #expect(
        throws: WireError(
          .protocolViolation, "the connection ended within a frame, \(count) bytes in")
      ) { try decoder.decodeLast(buffer: &buffer, seenEOF: true) }
    }
    var empty = ByteBuffer()
    #expect(try decoder.decodeLast(buffer: &empty, seenEOF: true) == nil)
  }

  @Test(
    "a body over the peer's limit is cut into frames that fit and join to the same",
    arguments: [0, 1, 65_530, 65_531, 65_536, 200_000])
  func encodeParts(byteCount: Int) throws {
    let body = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 * 31) }
    let frames = Frame.encodeParts(
      .response, flags: .end, continuation: .more, callID: 9, head: FrameHead([1, 2, 3, 4, 5, 6]),
      body: ByteBuffer(bytes: body), frameBytesMax: WireLimits.frameBytesMin)
    var joined: [UInt8] = []
    for (index, encoded) in frames.enumerated() {
      #expect(encoded.readableBytes <= WireLimits.frameBytesMin)
      var buffer = encoded
      var decoder = FrameDecoder(frameBytesMax: WireLimits.frameBytesMin)
      let frame = try #require(try decoder.decode(buffer: &buffer))
      #expect(frame.header.flags == (index == frames.count - 1 ? .end : .more))
      #expect(frame.head.readableBytes == (index == 0 ? 6 : 0))
      joined += frame.body.readableBytesView
    }
    #expect(joined == body)
    #expect(frames.count == max(1, (byteCount + 6 + 65_535) / 65_536))
  }
}
