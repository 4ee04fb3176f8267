/// What a frame is. The raw values are the wire's.
package enum FrameKind: UInt8, Sendable, CaseIterable {
  case hello = 1
  case request = 2
  case response = 3
  case cancel = 4
  case ping = 5
  case pong = 6
  case goAway = 7
  case loadReport = 8
}

/// The bits of a frame header's flag byte. Bits that this version does not know are refused.
package struct FrameFlags: OptionSet, Sendable, Hashable {
  package let rawValue: UInt8

  package init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  /// The last frame of the request, or of the answer.
  package static let end = FrameFlags(rawValue: 1)

  /// The body goes on in the call's next frame: join the bodies before decoding.
  package static let more = FrameFlags(rawValue: 2)

  package static let known: FrameFlags = [.end, .more]

  /// Whether a frame of that kind may carry these flags: only answers go on, only requests and
  /// answers end, and nothing does both.
  package func areAllowed(on kind: FrameKind) -> Bool {
    switch kind {
    case .request: isSubset(of: .end)
    case .response: isSubset(of: .known) && self != .known
    case .hello, .cancel, .ping, .pong, .goAway, .loadReport: isEmpty
    }
  }
}

/// The 16 bytes before every frame: little-endian, fixed.
///
/// | offset | bytes | field |
/// | --- | --- | --- |
/// | 0 | 4 | length of head and body together, in bytes |
/// | 4 | 1 | kind |
/// | 5 | 1 | flags |
/// | 6 | 2 | length of the head, in bytes |
/// | 8 | 8 | call id, 0 where the kind has none |
package struct FrameHeader: Sendable, Equatable {
  /// Bytes of an encoded header.
  package static let byteCount = 16

  /// Bytes of head and body together.
  package var payloadByteCount: Int
  package var kind: FrameKind
  package var flags: FrameFlags
  /// Bytes of the head; the rest of the payload is the body.
  package var headByteCount: Int
  package var callID: UInt64

  /// - Precondition: the lengths fit their fields and the head fits the payload.
  package init(
    kind: FrameKind, flags: FrameFlags = [], callID: UInt64 = 0, headByteCount: Int = 0,
    bodyByteCount: Int = 0
  ) {
    precondition(headByteCount <= Int(UInt16.max), "head of \(headByteCount) bytes")
    precondition(headByteCount + bodyByteCount <= Int(UInt32.max), "frame over 4 GiB")
    self.payloadByteCount = headByteCount + bodyByteCount
    self.kind = kind
    self.flags = flags
    self.headByteCount = headByteCount
    self.callID = callID
  }

  /// Reads the two words that a header is on the wire.
  ///
  /// - Parameters:
  ///   - first: bytes 0–7 as a little-endian number.
  ///   - second: bytes 8–15 as a little-endian number.
  ///   - frameBytesMax: the longest frame accepted, header included.
  /// - Throws: `.protocolViolation` for an unknown kind, a flag that is unknown or not of that kind,
  ///   or a head longer than the payload; `.frameTooLong` for a frame over the limit. The body need
  ///   not have arrived.
  package init(first: UInt64, second: UInt64, frameBytesMax: Int) throws(WireError) {
    let payload = Int(UInt32(truncatingIfNeeded: first))
    let kindByte = UInt8(truncatingIfNeeded: first >> 32)
    let flags = FrameFlags(rawValue: UInt8(truncatingIfNeeded: first >> 40))
    let head = Int(UInt16(truncatingIfNeeded: first >> 48))
    guard let kind = FrameKind(rawValue: kindByte) else {
      throw WireError(.protocolViolation, "frame of unknown kind \(kindByte)")
    }
    guard flags.isSubset(of: .known) else {
      throw WireError(.protocolViolation, "frame with unknown flags \(flags.rawValue)")
    }
    guard flags.areAllowed(on: kind) else {
      throw WireError(.protocolViolation, "\(kind) frame with flags \(flags.rawValue)")
    }
    guard payload <= frameBytesMax - Self.byteCount else {
      throw WireError(
        .frameTooLong,
        "frame of \(payload + Self.byteCount) bytes, the limit is \(frameBytesMax)")
    }
    guard head <= payload else {
      throw WireError(
        .protocolViolation, "head of \(head) bytes in a frame of \(payload) bytes after the header")
    }
    self.payloadByteCount = payload
    self.kind = kind
    self.flags = flags
    self.headByteCount = head
    self.callID = second
  }

  /// The header as two little-endian words: bytes 0–7 and 8–15.
  package var words: (first: UInt64, second: UInt64) {
    let first =
      UInt64(UInt32(payloadByteCount)) | UInt64(kind.rawValue) << 32
      | UInt64(flags.rawValue) << 40 | UInt64(UInt16(headByteCount)) << 48
    return (first, callID)
  }
}
