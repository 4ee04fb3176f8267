import TestSupport
import Testing
import Transport
import Wire

extension Integration {
  @Suite("Bytes that are no call")
  struct FrameTests {
    /// What a server with the default limits says of a connection that broke the contract.
    private func expectRefused(
      _ server: TestServer, _ bytes: [UInt8], _ code: StatusCode = .invalidArgument,
      saying message: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
      let peer = try server.rawPeer()
      try await peer.send(bytes)
      let goAway = try await peer.readGoAway()
      #expect(goAway?.status.code == code, sourceLocation: sourceLocation)
      #expect(
        goAway?.status.message.contains(message) == true,
        "it says: \(goAway?.status.message ?? "nothing")", sourceLocation: sourceLocation)
      #expect(peer.isAtEnd, sourceLocation: sourceLocation)
    }

    @Test(
      "a frame over the limit is refused by its header, before its body",
      arguments: ServerKind.allCases)
    func tooLong(kind: ServerKind) async throws {
      try await kind.withServer { server in
        let over = WireBytes.header(payload: 4 << 20, kind: FrameKind.request.rawValue, callID: 1)
        try await expectRefused(
          server, WireBytes.hello() + over, saying: "frame of 4194320 bytes, the limit is 4194304")
        let huge = WireBytes.header(payload: .max, kind: FrameKind.request.rawValue, callID: 1)
        try await expectRefused(server, WireBytes.hello() + huge, saying: "the limit is 4194304")
        let ping = WireBytes.header(payload: 1 << 20, kind: FrameKind.ping.rawValue)
        try await expectRefused(server, WireBytes.hello() + ping, saying: "the limit is 8192")
      }
    }

    @Test("a request over the limit of one call is refused, and the connection goes on")
    func callTooLong() async throws {
      try await ServerKind.coordinator.withServer { server in
        let peer = try server.rawPeer()
        let head = RequestHead(method: .embed, model: "minilm").encoded()
        let part = [UInt8](repeating: 0, count: (4 << 20) - 1_000)
        try await peer.send(WireBytes.hello())
        try await peer.send(WireBytes.frame(.request, callID: 1, head: head, body: part))
        for _ in 0..<16 {
          try await peer.send(WireBytes.frame(.request, callID: 1, body: part))
        }
        let status = try await peer.readResponseHead().status
        #expect(status.code == .invalidArgument)
        #expect(status.reason == .limit)
        #expect(status.message == "request of more than 67108864 bytes, the limit of one call")
        try await peer.send(WireBytes.frame(.request, flags: .end, callID: 1))
        try await peer.send(WireBytes.embed(2, ["x"], model: "minilm"))
        #expect(try await peer.readResponseHead().status.isOK)
      }
    }

    @Test("a connection cut at every byte of a call", arguments: ServerKind.allCases)
    func cut(kind: ServerKind) async throws {
      try await kind.withServer { server in
        let hello = WireBytes.hello()
        let bytes = hello + WireBytes.embed(1, ["The tide is out."], model: "minilm")
        for count in bytes.indices {
          let peer = try server.rawPeer()
          // Half of them end in order, half with a reset.
          if count % 2 == 0 { peer.resetOnClose() }
          try await peer.send(Array(bytes[..<count]))
          guard count % 2 == 1 else { continue }
          peer.endSending()
          // The server ends its side too, and has answered nothing.
          while let frame = try await peer.readFrame() {
            #expect(frame.header.kind != .response)
          }
        }
      }
    }

    @Test("a call that comes byte by byte is answered", arguments: ServerKind.allCases)
    func byteByByte(kind: ServerKind) async throws {
      try await kind.withServer { server in
        let peer = try server.rawPeer()
        for byte in WireBytes.hello() + WireBytes.embed(1, ["The tide is out."], model: "minilm") {
          try await peer.send([byte])
        }
        #expect(try await peer.readResponseHead().status.isOK)
      }
    }

    @Test("garbage is refused, before and after a hello", arguments: ServerKind.allCases)
    func garbage(kind: ServerKind) async throws {
      try await kind.withServer { server in
        var random = SplitMix(seed: 7)
        for number in 0..<100 {
          let peer = try server.rawPeer()
          let hello = number % 2 == 0 ? [] : WireBytes.hello()
          let count = Int.random(in: 1...600, using: &random)
          try await peer.send(
            hello + (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) })
          // Some of it may look like the beginning of a frame: nothing more comes.
          peer.endSending()
          while let frame = try await peer.readFrame() {
            #expect(frame.header.kind != .response)
          }
        }
      }
    }

    @Test(
      "a call with bytes changed is answered, refused, or ends the connection",
      arguments: ServerKind.allCases)
    func mutations(kind: ServerKind) async throws {
      try await kind.withServer { server in
        var random = SplitMix(seed: 11)
        let call = WireBytes.embed(1, ["The tide", "is out."], model: "minilm")
        for _ in 0..<100 {
          var bytes = call
          for _ in 0..<Int.random(in: 1...4, using: &random) {
            bytes[Int.random(in: bytes.indices, using: &random)] = .random(
              in: 0...255, using: &random)
          }
          let peer = try server.rawPeer()
          try await peer.send(WireBytes.hello() + bytes)
          peer.endSending()
          while try await peer.readFrame() != nil {}
        }
      }
    }

    @Test("another protocol's first bytes are refused", arguments: ServerKind.allCases)
    func otherProtocols(kind: ServerKind) async throws {
      try await kind.withServer { server in
        // A TLS hello, an HTTP/1.1 request and the preface of HTTP/2.
        try await expectRefused(
          server,
          [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC] + [UInt8](repeating: 3, count: 60),
          saying: "frame")
        for text in [
          "GET /v1/embeddings HTTP/1.1\r\nHost: x\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ] {
          try await expectRefused(server, Array(text.utf8), saying: "frame")
        }
      }
    }

    @Test(
      "frames against the contract end the connection, saying why", arguments: ServerKind.allCases)
    func violations(kind: ServerKind) async throws {
      try await kind.withServer { server in
        let hello = WireBytes.hello()
        let head = RequestHead(method: .info).encoded()
        let open = WireBytes.frame(.request, callID: 5, head: head)
        try await expectRefused(
          server, WireBytes.embed(1, ["x"], model: "minilm"),
          saying: "the first frame is a request, not a hello")
        try await expectRefused(
          server, hello + hello, saying: "a hello frame on an open connection")
        try await expectRefused(
          server, hello + WireBytes.header(payload: 0, kind: 99), saying: "unknown kind 99")
        try await expectRefused(
          server, hello + WireBytes.header(payload: 0, kind: 5, flags: 0x80),
          saying: "unknown flags 128")
        try await expectRefused(
          server, hello + WireBytes.header(payload: 4, kind: 2, head: 5, callID: 1),
          saying: "head of 5 bytes in a frame of 4 bytes")
        try await expectRefused(server, hello + open + open, saying: "a second head")
        try await expectRefused(
          server, hello + open + WireBytes.frame(.request, callID: 4, head: head),
          saying: "call id 4 after 5")
      }
    }

    @Test(
      "more open calls than granted end the connection, saying why", arguments: ServerKind.allCases)
    func callCredit(kind: ServerKind) async throws {
      try await kind.withServer { server in
        let head = RequestHead(method: .embed, model: "minilm").encoded()
        let calls = (1...1_025).flatMap {
          WireBytes.frame(.request, callID: UInt64($0), head: head)
        }
        try await expectRefused(
          server, WireBytes.hello() + calls, saying: "more than 1024 calls open")
      }
    }
  }
}

/// Random numbers that are the same in every run.
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
