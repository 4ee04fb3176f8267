import JSON
import Testing
import Wire

@Suite("Frame header")
struct FrameHeaderTests {
  private static let frameBytesMax = 4 << 20

  @Test(
    "a header comes back as it was written",
    arguments: FrameKind.allCases, [0, 1, UInt64.max])
  func roundTrip(kind: FrameKind, callID: UInt64) throws {
    let flags: [FrameFlags] = [[], .end, .more].filter { $0.areAllowed(on: kind) }
    for flags in flags {
      let header = FrameHeader(
        kind: kind, flags: flags, callID: callID, headByteCount: 16_384, bodyByteCount: 70_000)
      let words = header.words
      let read = try FrameHeader(
        first: words.first, second: words.second, frameBytesMax: Self.frameBytesMax)
      #expect(read == header)
      #expect(read.payloadByteCount == 86_384)
    }
  }

  @Test("fields lie where the contract says")
  func layout() {
    let words = FrameHeader(
      kind: .response, flags: .more, callID: 0x1122_3344_5566_7788, headByteCount: 0x0102,
      bodyByteCount: 0x0a0b_0c0d - 0x0102
    ).words
    #expect(words.first == 0x0102_02_03_0a0b_0c0d)
    #expect(words.second == 0x1122_3344_5566_7788)
  }

  @Test(
    "a kind that is unknown is refused",
    arguments: (0...255).map(UInt8.init).filter { FrameKind(rawValue: $0) == nil })
  func unknownKind(kind: UInt8) {
    let error = refusal(UInt64(kind) << 32)
    #expect(error == WireError(.protocolViolation, "frame of unknown kind \(kind)"))
  }

  @Test("a flag that is unknown is refused on every kind", arguments: FrameKind.allCases)
  func unknownFlags(kind: FrameKind) {
    for flags in UInt8(4)...255 {
      let error = refusal(UInt64(kind.rawValue) << 32 | UInt64(flags) << 40)
      #expect(error == WireError(.protocolViolation, "frame with unknown flags \(flags)"))
    }
  }

  @Test("only requests and answers end, and only answers go on", arguments: FrameKind.allCases)
  func flagsOfKind(kind: FrameKind) {
    let allowed: [UInt8] =
      switch kind {
      case .request: [0, 1]
      case .response: [0, 1, 2]
      default: [0]
      }
    for flags in UInt8(0)...3 {
      let error = refusal(UInt64(kind.rawValue) << 32 | UInt64(flags) << 40)
      let expected =
        allowed.contains(flags)
        ? nil : WireError(.protocolViolation, "\(kind) frame with flags \(flags)")
      #expect(error == expected)
    }
  }

  @Test("a frame may be as long as the limit, header included, and no longer")
  func lengthLimit() {
    let payload = UInt64(Self.frameBytesMax - FrameHeader.byteCount)
    #expect(refusal(payload | 2 << 32) == nil)
    #expect(
      refusal(payload + 1 | 2 << 32)
        == WireError(.frameTooLong, "frame of 4194305 bytes, the limit is 4194304"))
    #expect(
      refusal(UInt64(UInt32.max) | 2 << 32)
        == WireError(.frameTooLong, "frame of 4294967311 bytes, the limit is 4194304"))
  }

  @Test("a head longer than what follows the header is refused")
  func headLength() {
    #expect(refusal(4 | 2 << 32 | 4 << 48) == nil)
    #expect(
      refusal(4 | 2 << 32 | 5 << 48)
        == WireError(.protocolViolation, "head of 5 bytes in a frame of 4 bytes after the header"))
  }

  @Test("any sixteen bytes are a header or an error")
  func randomBytes() throws {
    var generator = SplitMix(state: 1)
    for _ in 0..<100_000 {
      let first = generator.next()
      let second = generator.next()
      guard
        let header = try? FrameHeader(
          first: first, second: second, frameBytesMax: Self.frameBytesMax)
      else { continue }
      #expect(header.words.first == first)
      #expect(header.words.second == second)
      #expect(header.headByteCount <= header.payloadByteCount)
    }
  }

  private func refusal(_ first: UInt64) -> WireError? {
    do throws(WireError) {
      _ = try FrameHeader(first: first, second: 1, frameBytesMax: Self.frameBytesMax)
      return nil
    } catch {
      return error
    }
  }
}

/// Numbers that look random and are the same in each run.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
