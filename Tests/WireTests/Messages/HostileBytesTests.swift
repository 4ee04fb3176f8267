import Testing
import Wire

/// Bytes of a peer that means harm: each decodes or is refused, nothing traps, and memory and time
/// are bounded.
@Suite("Hostile bytes")
struct HostileBytesTests {
  @Test("a message cut at any byte decodes or is refused", arguments: Samples.all.indices)
  func truncation(index: Int) {
    func check<Message: Coded>(_ message: Message) {
      let bytes = message.encoded()
      for count in 0..<bytes.count {
        guard let error = Message.refusal(of: Array(bytes[..<count])) else { continue }
        #expect(error.code == .malformed || error.code == .protocolViolation)
      }
    }
    check(Samples.all[index])
  }

  @Test("a message with any byte changed decodes or is refused", arguments: Samples.all.indices)
  func changedBytes(index: Int) throws {
    func check<Message: Coded>(_ message: Message) throws {
      let bytes = message.encoded()
      for position in bytes.indices {
        for change in [0x01, 0x04, 0x08, 0x80, 0xff] as [UInt8] {
          var changed = bytes
          changed[position] ^= change
          guard let decoded = try? Message(changed) else { continue }
          // What was understood is said again in the same way.
          let again = decoded.encoded()
          #expect(try Message(again).encoded() == again)
        }
      }
    }
    try check(Samples.all[index])
  }

  @Test("random bytes, and messages spliced at random, decode or are refused")
  func randomBytes() {
    var generator = SplitMix(state: 42)
    func check<Message: Coded>(_ sample: Message, _ bytes: [UInt8]) {
      guard let decoded = try? Message(bytes) else { return }
      _ = decoded.encoded()
    }
    let encoded = Samples.all.map { $0.encoded() }
    for _ in 0..<20_000 {
      let left = encoded[Int.random(in: encoded.indices, using: &generator)]
      let right = encoded[Int.random(in: encoded.indices, using: &generator)]
      var bytes = Array(left.prefix(Int.random(in: 0...left.count, using: &generator)))
      bytes += right.suffix(Int.random(in: 0...right.count, using: &generator))
      for _ in 0..<Int.random(in: 0...3, using: &generator) where !bytes.isEmpty {
        bytes[Int.random(in: bytes.indices, using: &generator)] = .random(
          in: 0...255, using: &generator)
      }
      let sample = Samples.all[Int.random(in: Samples.all.indices, using: &generator)]
      check(sample, bytes)
    }
  }

  @Test("lengths that lie are refused without memory for them")
  func lyingLengths() {
    for length in [1 << 20, 1 << 31, 1 << 32, 1 << 62, UInt64.max] {
      let bytes = Raw.varint(1 << 3 | 2) + Raw.varint(length) + [1, 2, 3]
      #expect(EmbedRequest.refusal(of: bytes)?.code == .malformed)
      #expect(ScoreRequest.refusal(of: bytes)?.code == .malformed)
    }
  }

  @Test("groups, which would nest without end, are refused")
  func groups() {
    let nested = [UInt8](repeating: 1 << 3 | 3, count: 100_000)
    #expect(EmbedRequest.refusal(of: nested)?.code == .malformed)
  }

  @Test("a body of millions of tiny inputs is refused within its memory")
  func tinyInputs() {
    let input = Raw.bytes(1, Raw.bytes(1, []))
    let count = (16 << 20) / input.count
    var body: [UInt8] = []
    body.reserveCapacity(count * input.count)
    for _ in 0..<count { body += input }
    #expect(
      EmbedRequest.refusal(of: body) == WireError(.tooLarge, "EmbedRequest has too many parts"))
  }

  @Test("the most inputs that a call may have are decoded, however small")
  func mostInputs() throws {
    let inputs = [Input](repeating: .text([]), count: WireLimits.server.callInputs)
    #expect(try EmbedRequest(EmbedRequest(inputs: inputs).encoded()).inputs.count == inputs.count)
    let texts = [[UInt8]](repeating: [], count: WireLimits.server.callInputs)
    let score = ScoreRequest(queries: texts, documents: texts)
    #expect(try ScoreRequest(score.encoded()).documents.count == texts.count)
  }

  @Test("a body of one long text is decoded at the limit of a call")
  func longestText() throws {
    let text = [UInt8](repeating: 0x61, count: WireLimits.server.callBytes - 16)
    let request = EmbedRequest(inputs: [.text(text)])
    #expect(try EmbedRequest(request.encoded()) == request)
  }

  @Test("a field sent again and again, merged each time, is refused within its memory")
  func mergedFields() {
    // Each repetition of a message field merges with the ones before, which copies them.
    let ids = Raw.bytes(1, [UInt8](repeating: 1, count: 64))
    let length = Raw.bytes(2, Raw.bytes(2, Raw.number(1, 7)))
    var body: [UInt8] = []
    for _ in 0..<200_000 { body += length }
    #expect(EmbedRequest.refusal(of: body)?.code != .protocolViolation)
    var input: [UInt8] = []
    for _ in 0..<20_000 { input += Raw.bytes(2, ids) }
    #expect(EmbedRequest.refusal(of: Raw.bytes(1, input))?.code != .protocolViolation)
  }
}
