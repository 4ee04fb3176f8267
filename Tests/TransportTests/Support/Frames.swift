import NIOCore
import Transport
import Wire

extension Frame {
  /// A frame as the decoder makes it.
  init(
    _ kind: FrameKind, flags: FrameFlags = [], callID: UInt64 = 0, head: [UInt8] = [],
    body: [UInt8] = []
  ) {
    self.init(
      header: FrameHeader(
        kind: kind, flags: flags, callID: callID, headByteCount: head.count,
        bodyByteCount: body.count),
      head: ByteBuffer(bytes: head), body: ByteBuffer(bytes: body))
  }

  /// The frame's bytes on the wire.
  var encoded: [UInt8] {
    Array(
      Frame.encode(
        header.kind, flags: header.flags, callID: header.callID,
        head: Array(head.readableBytesView), body: body
      ).readableBytesView)
  }

  static func hello(_ limits: WireLimits = .client) -> Frame {
    Frame(.hello, head: Hello(limits: limits, agent: "test").encoded())
  }

  static func request(
    _ callID: UInt64, model: String = "echo", method: Method = .embed, inputs: Int = 0,
    bytes: Int = 0, body: [UInt8] = [], flags: FrameFlags = .end
  ) -> Frame {
    let head = RequestHead(
      method: method, model: model, inputCount: inputs, textByteCount: bytes)
    return Frame(.request, flags: flags, callID: callID, head: head.encoded(), body: body)
  }

  static func response(
    _ callID: UInt64, _ head: ResponseHead = ResponseHead(), body: [UInt8] = [],
    flags: FrameFlags = .end
  ) -> Frame {
    Frame(.response, flags: flags, callID: callID, head: head.encoded(), body: body)
  }

  static func goAway(_ lastCallID: UInt64) -> Frame {
    Frame(.goAway, head: GoAway(lastCallID: lastCallID, status: .draining).encoded())
  }

  var responseHead: ResponseHead? {
    header.kind == .response ? try? ResponseHead(decoding: head.readableBytesSpan) : nil
  }

  var goAway: GoAway? {
    header.kind == .goAway ? try? GoAway(decoding: head.readableBytesSpan) : nil
  }
}

extension WireLimits {
  /// A server's, with small credit.
  static func small(
    calls: Int = 4, bytes: Int = 1_000, callBytes: Int = 400, callInputs: Int = 10
  ) -> WireLimits {
    WireLimits(
      frameBytes: frameBytesMin, calls: calls, bytes: bytes, callBytes: callBytes,
      callInputs: callInputs)
  }
}
