package import NIOCore
internal import Wire

/// Cuts the byte stream into frames. A frame over the limit is refused when its header is read,
/// before its body is waited for, so a peer can make it hold at most one frame.
package struct FrameDecoder: NIOSingleStepByteToMessageDecoder {
  package typealias InboundOut = Frame

  private let frameBytesMax: Int

  /// - Parameter frameBytesMax: longest frame accepted, header included, in bytes.
  package init(frameBytesMax: Int) {
    self.frameBytesMax = frameBytesMax
  }

  /// - Throws: `WireError` `.protocolViolation` or `.frameTooLong`.
  package mutating func decode(buffer: inout ByteBuffer) throws -> Frame? {
    guard
      let (first, second) = buffer.peekMultipleIntegers(
        endianness: .little, as: (UInt64, UInt64).self)
    else { return nil }
    let header = try FrameHeader(first: first, second: second, frameBytesMax: frameBytesMax)
    try Self.checkControlLength(header)
    guard buffer.readableBytes >= FrameHeader.byteCount + header.payloadByteCount else {
      return nil
    }
    buffer.moveReaderIndex(forwardBy: FrameHeader.byteCount)
    guard
      let head = buffer.readSlice(length: header.headByteCount),
      let body = buffer.readSlice(length: header.payloadByteCount - header.headByteCount)
    else { return nil }
    return Frame(header: header, head: head, body: body)
  }

  /// - Throws: `WireError` `.protocolViolation` for bytes of a frame that never ended.
  package mutating func decodeLast(buffer: inout ByteBuffer, seenEOF: Bool) throws -> Frame? {
    if let frame = try decode(buffer: &buffer) { return frame }
    guard buffer.readableBytes == 0 else {
      throw WireError(
        .protocolViolation, "the connection ended within a frame, \(buffer.readableBytes) bytes in")
    }
    return nil
  }

  private static func checkControlLength(_ header: FrameHeader) throws(WireError) {
    guard header.headByteCount <= WireLimits.headBytesMax else {
      throw WireError(
        .protocolViolation,
        "head of \(header.headByteCount) bytes, the limit is \(WireLimits.headBytesMax)")
    }
    if header.kind == .request || header.kind == .response { return }
    let byteCount = FrameHeader.byteCount + header.payloadByteCount
    guard byteCount <= WireLimits.controlFrameBytesMax else {
      throw WireError(
        .frameTooLong,
        "\(header.kind) frame of \(byteCount) bytes, the limit is \(WireLimits.controlFrameBytesMax)"
      )
    }
  }
}
