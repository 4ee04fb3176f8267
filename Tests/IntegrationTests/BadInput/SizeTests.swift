import MillpondClient
import TestSupport
import Testing
import Transport
import Wire

import struct MillpondClient.Input

extension Integration {
  @Suite("Calls and answers of several frames")
  struct SizeTests {
    @Test("a request of twelve megabytes is answered", arguments: ServerKind.allCases)
    func largeRequest(kind: ServerKind) async throws {
      let word = [[UInt8]](repeating: Array("word ".utf8), count: 200_000).flatMap { $0 }
      try await kind.withClient { client in
        let inputs = (0..<12).map { number in Input.text(utf8: Array("\(number) ".utf8) + word) }
        let call = CallOptions.miniLM.with { $0.truncation = .right }
        let embeddings = try await client.embed(inputs, call: call).values()
        #expect(embeddings.allSatisfy { $0.tokenCount == 256 && $0.isTruncated })
        #expect(Set(embeddings.map(\.vector)).count == 12)
      }
    }

    @Test("an answer comes in frames that the peer reads", arguments: ServerKind.allCases)
    func smallFrames(kind: ServerKind) async throws {
      try await kind.withServer { server in
        let peer = try server.rawPeer()
        var limits = WireLimits.client
        limits.frameBytes = WireLimits.frameBytesMin
        try await peer.send(
          WireBytes.frame(.hello, head: Hello(limits: limits, agent: "test").encoded()))
        try await peer.send(
          WireBytes.embed(1, (0..<200).map { "\($0)" }, model: "minilm"))
        var body: [UInt8] = []
        var answered = 0
        while let frame = try await peer.readAnswer() {
          let byteCount = FrameHeader.byteCount + frame.header.payloadByteCount
          #expect(byteCount <= WireLimits.frameBytesMin)
          if frame.header.headByteCount > 0 {
            answered += try frame.responseHead().inputs.count
          }
          body += frame.bodyBytes
          if frame.header.flags.contains(.end) { break }
        }
        #expect(answered == 200)
        #expect(try EmbedResponse(decoding: body.span.bytes).results.count == 200)
      }
    }

    @Test("a small call does not wait for a large one", arguments: ServerKind.allCases)
    func smallBesideLarge(kind: ServerKind) async throws {
      try await kind.withClient { client in
        let large = (0..<3_000).map { Input.ids([UInt32(1_000 + $0)]) }
        let slow = Task { try await client.embed(large, call: .miniLM) }
        let (_, duration) = try await timed {
          _ = try await client.embed(["a small text"], call: .miniLM).values()
        }
        #expect(duration < .seconds(2))
        #expect(try await slow.value.results.count == 3_000)
      }
    }
  }
}
