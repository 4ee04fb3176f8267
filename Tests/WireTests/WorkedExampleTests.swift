import Testing
import Wire

/// The exchange in bytes of Protos/README.md, against the encoder that servers use.
@Suite("Worked example")
struct WorkedExampleTests {
  @Test("the README's bytes are the encoder's")
  func bytes() throws {
    let readme = String(decoding: try ConformanceFiles.bytes("README.md"), as: UTF8.self)
    let exchange =
      frame(.hello, head: Hello(limits: .server, agent: "millpond 0.1.0 worker").encoded())
      + frame(.hello, head: Hello(limits: .client, agent: "example 1").encoded())
      + frame(
        .request, flags: .end, callID: 1,
        head: RequestHead(
          method: .embed, model: "all-MiniLM-L6-v2", remainingMicroseconds: 250_000,
          inputCount: 1, textByteCount: 5
        ).encoded(),
        body: EmbedRequest(inputs: [.text(Array("hello".utf8))], dimensions: 2).encoded())
      + frame(
        .response, flags: .end, callID: 1,
        head: ResponseHead(
          fingerprint: "8f3c1a5e-f32.1",
          timings: Timings(
            queueMicroseconds: 40, tokenizeMicroseconds: 25, computeMicroseconds: 2_100,
            totalMicroseconds: 2_190),
          inputs: 0..<1
        ).encoded(),
        body: EmbedResponse(
          results: [EmbedResult(outcome: .value(.vector(littleEndian(0.6, 0.8))), tokenCount: 3)],
          dimensions: 2
        ).encoded())
    #expect(try documented(in: readme) == exchange)
  }

  /// The bytes of the blocks that are marked as hex: the words at the left of each line.
  private func documented(in readme: String) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var isInside = false
    for line in readme.split(separator: "\n") {
      if line.hasPrefix("```") {
        isInside = line == "```hex"
        continue
      }
      guard isInside else { continue }
      for word in line.drop(while: { $0 == " " }).split(
        separator: " ", omittingEmptySubsequences: false)
      {
        // Two spaces end the bytes; the rest of the line explains them.
        if word.isEmpty { break }
        bytes += try #require(ConformanceFiles.hex(word), "\(word)")
      }
    }
    return bytes
  }

  private func frame(
    _ kind: FrameKind, flags: FrameFlags = [], callID: UInt64 = 0, head: [UInt8],
    body: [UInt8] = []
  ) -> [UInt8] {
    let words = FrameHeader(
      kind: kind, flags: flags, callID: callID, headByteCount: head.count,
      bodyByteCount: body.count
    ).words
    return littleEndian(words.first) + littleEndian(words.second) + head + body
  }

  private func littleEndian(_ word: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
  }

  private func littleEndian(_ numbers: Float...) -> [UInt8] {
    numbers.flatMap { number in
      (0..<4).map { UInt8(truncatingIfNeeded: number.bitPattern >> (8 * UInt32($0))) }
    }
  }
}
