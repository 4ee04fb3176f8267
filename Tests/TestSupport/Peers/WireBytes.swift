internal import NIOCore
package import Transport
package import Wire

/// Frames as a client sends them, encoded.
package enum WireBytes {
  /// A client's hello.
  package static func hello() -> [UInt8] {
    frame(.hello, head: Hello(limits: .client, agent: "test").encoded())
  }

  /// Any frame.
  package static func frame(
    _ kind: FrameKind, flags: FrameFlags = [], callID: UInt64 = 0, head: [UInt8] = [],
    body: [UInt8] = []
  ) -> [UInt8] {
    Array(
      Frame.encode(kind, flags: flags, callID: callID, head: head, body: ByteBuffer(bytes: body))
        .readableBytesView)
  }

  /// A header alone, whatever it says.
  package static func header(
    payload: UInt32, kind: UInt8, flags: UInt8 = 0, head: UInt16 = 0, callID: UInt64 = 0
  ) -> [UInt8] {
    littleEndian(payload) + [kind, flags] + littleEndian(head) + littleEndian(callID)
  }

  /// A whole Embed of texts.
  package static func embed(
    _ callID: UInt64, _ texts: [String], model: String, budgetMicroseconds: UInt64? = nil
  ) -> [UInt8] {
    let inputs = texts.map { Input.text(Array($0.utf8)) }
    let request = EmbedRequest(inputs: inputs, length: LengthOptions(truncation: .right))
    return call(callID, .embed, texts, request.encoded(), model, budgetMicroseconds)
  }

  /// A whole Tokenize of texts.
  package static func tokenize(_ callID: UInt64, _ texts: [String], model: String) -> [UInt8] {
    let request = TokenizeRequest(inputs: texts.map { Input.text(Array($0.utf8)) })
    return call(callID, .tokenize, texts, request.encoded(), model, nil)
  }

  /// A whole Tokenize of one input of token ids.
  package static func tokenize(_ callID: UInt64, ids: [UInt32], model: String) -> [UInt8] {
    let request = TokenizeRequest(inputs: [.ids(ids)])
    let head = RequestHead(method: .tokenize, model: model, inputCount: 1)
    return frame(
      .request, flags: .end, callID: callID, head: head.encoded(), body: request.encoded())
  }

  private static func call(
    _ callID: UInt64, _ method: Method, _ texts: [String], _ body: [UInt8], _ model: String,
    _ budgetMicroseconds: UInt64?
  ) -> [UInt8] {
    let head = RequestHead(
      method: method, model: model, remainingMicroseconds: budgetMicroseconds,
      inputCount: texts.count, textByteCount: texts.reduce(0) { $0 + $1.utf8.count })
    return frame(.request, flags: .end, callID: callID, head: head.encoded(), body: body)
  }

  private static func littleEndian(_ number: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian) { Array($0) }
  }
}

extension Frame {
  /// Its head, of an answer.
  package func responseHead() throws -> ResponseHead {
    try ResponseHead(decoding: head.readableBytesSpan)
  }

  /// Its body, copied.
  package var bodyBytes: [UInt8] { Array(body.readableBytesView) }
}
