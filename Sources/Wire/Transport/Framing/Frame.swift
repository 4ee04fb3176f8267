package import NIOCore
package import Wire

/// A frame as it came off the wire: the head and body are slices of the read buffer.
package struct Frame: Sendable, Equatable {
  package var header: FrameHeader
  package var head: ByteBuffer
  package var body: ByteBuffer

  package init(header: FrameHeader, head: ByteBuffer, body: ByteBuffer) {
    self.header = header
    self.head = head
    self.body = body
  }
}

extension Frame {
  /// One encoded frame.
  ///
  /// - Precondition: the frame fits the peer's limit.
  package static func encode(
    _ kind: FrameKind, flags: FrameFlags = [], callID: UInt64 = 0, head: [UInt8] = [],
    body: ByteBuffer = ByteBuffer()
  ) -> ByteBuffer {
    encode(kind, flags: flags, callID: callID, head: FrameHead(head), body: body)
  }

  /// A call's request or answer part, cut into frames that the peer reads.
  ///
  /// - Parameters:
  ///   - flags: of the last frame; those before it carry `continuation` in its place.
  ///   - continuation: `.more` in an answer; empty in a request, where all bodies are joined anyway.
  ///   - frameBytesMax: the peer's limit, header included.
  package static func encodeParts(
    _ kind: FrameKind, flags: FrameFlags, continuation: FrameFlags, callID: UInt64,
    head: FrameHead, body: ByteBuffer, frameBytesMax: Int
  ) -> [ByteBuffer] {
    var frames: [ByteBuffer] = []
    var rest = body
    var head = head
    while true {
      let room = frameBytesMax - FrameHeader.byteCount - head.byteCount
      guard rest.readableBytes > room, let part = rest.readSlice(length: room) else { break }
      frames.append(encode(kind, flags: continuation, callID: callID, head: head, body: part))
      head = FrameHead([])
    }
    frames.append(encode(kind, flags: flags, callID: callID, head: head, body: rest))
    return frames
  }

  static func encode(
    _ kind: FrameKind, flags: FrameFlags, callID: UInt64, head: FrameHead, body: ByteBuffer
  ) -> ByteBuffer {
    let header = FrameHeader(
      kind: kind, flags: flags, callID: callID, headByteCount: head.byteCount,
      bodyByteCount: body.readableBytes)
    var buffer = ByteBuffer()
    buffer.reserveCapacity(FrameHeader.byteCount + head.byteCount + body.readableBytes)
    buffer.writeInteger(header.words.first, endianness: .little)
    buffer.writeInteger(header.words.second, endianness: .little)
    head.write(to: &buffer)
    buffer.writeImmutableBuffer(body)
    return buffer
  }
}
