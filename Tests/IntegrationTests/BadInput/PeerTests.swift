import MillpondClient
import TestSupport
import Testing
import Transport
import Wire

/// A new connection gets a label of the small classifier.
private func expectClassifies(_ server: TestServer) async throws {
  try await server.withClient { client in
    let call = CallOptions.sections.with { $0.timeout = Patience.usual }
    let answers = try await client.classify(["a library"], call: call).values()
    #expect(answers.first?.labels.count == 20)
  }
}

/// Peers whose whole harm is time: these tests wait, so they run beside all others, at servers that
/// no other test gives much to do.
@Suite("Peers that keep a server waiting", .timeLimit(.minutes(2)))
struct SlowPeerTests {
  /// What a server allows for a hello: 5 s by default, looked at four times a second.
  private static let helloTimeout = Duration.seconds(5)
  private static let closedWithin = Duration.seconds(9)

  @Test(
    "a peer that sends a byte a second is closed after the time for a hello",
    arguments: ServerKind.allCases)
  func slow(kind: ServerKind) async throws {
    let server = try await kind.classifier
    let peer = try server.rawPeer()
    let (goAway, duration) = try await timed { () -> GoAway? in
      let clock = ContinuousClock()
      let began = clock.now
      var sent = 0
      let hello = WireBytes.hello()
      return try await eventually("the server closes", within: Self.closedWithin) {
        () -> GoAway?? in
        let due = Int((clock.now - began) / .seconds(1)) + 1
        if sent < min(due, hello.count) {
          _ = peer.sendNow(hello[sent..<sent + 1])
          sent += 1
          // Meanwhile others are answered.
          try await expectClassifies(server)
        }
        return try await peer.readGoAwayNow()
      }
    }
    #expect(goAway?.status.code == .deadlineExceeded)
    #expect(goAway?.status.message == "no hello in 5 s")
    #expect(duration > Self.helloTimeout - .milliseconds(500))
  }

  @Test(
    "a peer that says nothing is closed after the time for a hello", arguments: ServerKind.allCases)
  func silent(kind: ServerKind) async throws {
    let server = try await kind.classifier
    let peers = try (0..<20).map { _ in try server.rawPeer() }
    for peer in peers {
      let goAway = try await peer.readGoAway(within: Self.closedWithin)
      #expect(goAway?.status.message == "no hello in 5 s")
    }
    try await expectClassifies(server)
  }

  @Test(
    "a peer that says hello and then nothing keeps nobody waiting", arguments: ServerKind.allCases)
  func idle(kind: ServerKind) async throws {
    let server = try await kind.classifier
    let peers = try (0..<20).map { _ in try server.rawPeer() }
    for peer in peers { try await peer.send(WireBytes.hello()) }
    // Half a call: it is closed after 30 s, which nobody waits for here.
    for peer in peers { _ = peer.sendNow(WireBytes.embed(1, ["x"], model: "sections")[..<20]) }
    try await expectClassifies(server)
  }
}

extension Integration {
  @Suite("Peers that take or vanish")
  struct VanishingPeerTests {
    /// What a server may hold for one connection that does not read: its bound of unsent bytes,
    /// 256 MiB, with as much again for the allocator and for the calls that are open.
    private static let heldBytesMax = 512 << 20

    @Test(
      "a peer that never reads is bounded, and others are answered", arguments: ServerKind.allCases)
    func neverReads(kind: ServerKind) async throws {
      let server = try await ownServer(kind)
      let before = try server.residentBytes()
      let peer = try server.rawPeer(receiveBufferBytes: 4_096)
      try await peer.send(WireBytes.hello())
      let word = try await server.withClient { client in
        try await client.tokenize(["distribution"], call: .sections).values()[0].ids[1]
      }
      // Two bytes for each id, and the answer spells it out: some 130 MB of it for 16 MB.
      let ids = [UInt32](repeating: word, count: 200_000)
      var largest = before
      for callID in 1...40 {
        try await peer.send(
          WireBytes.tokenize(UInt64(callID), ids: ids, model: "sections"))
        largest = max(largest, try server.residentBytes())
        if callID % 10 == 0 { try await expectClassifies(server) }
      }
      #expect(largest - before < Self.heldBytesMax, "\((largest - before) >> 20) MiB")
      // A worker that is asked faster than it answers refuses some of them: then more are sent.
      var callID: UInt64 = 40
      try await eventually("it holds answers that are not read") {
        if try server.residentBytes() - before > 20 << 20 { return true }
        callID += 1
        try await peer.send(WireBytes.tokenize(callID, ids: ids, model: "sections"))
        return false
      }
    }

    @Test("a peer that pings and never reads is bounded", arguments: ServerKind.allCases)
    func pingFlood(kind: ServerKind) async throws {
      let server = try await ownServer(kind)
      let before = try server.residentBytes()
      let peer = try server.rawPeer(receiveBufferBytes: 4_096)
      try await peer.send(WireBytes.hello())
      // The bound is at two million pongs: 16 bytes each, and what it costs to hold them.
      let pings = (0..<4_096).flatMap { _ in WireBytes.frame(.ping, callID: 1) }
      for _ in 0..<700 where try await peer.send(pings) {}
      try await expectClassifies(server)
      let grown = try server.residentBytes() - before
      #expect(grown < Self.heldBytesMax, "\(grown >> 20) MiB")
    }

    @Test("a peer that vanishes half-way through a request", arguments: ServerKind.allCases)
    func halfRequest(kind: ServerKind) async throws {
      try await kind.withServer { server in
        let call = WireBytes.embed(1, (0..<500).map { "text \($0)" }, model: "minilm")
        for number in 0..<20 {
          let peer = try server.rawPeer()
          if number % 2 == 0 { peer.resetOnClose() }
          try await peer.send(WireBytes.hello() + call.prefix(call.count / 2))
        }
      }
    }

    @Test("a peer that vanishes half-way through its answer", arguments: ServerKind.allCases)
    func halfAnswer(kind: ServerKind) async throws {
      try await kind.withServer { server in
        for number in 0..<4 {
          let peer = try server.rawPeer(receiveBufferBytes: 4_096)
          if number % 2 == 0 { peer.resetOnClose() }
          try await peer.send(
            WireBytes.hello() + WireBytes.embed(1, (0..<200).map { "\($0)" }, model: "minilm"))
          // The first bytes of 300 kB.
          _ = try await peer.readFrame()
          try await eventually("the answer begins") { try peer.receiveSome() > 4_096 }
        }
      }
    }

    @Test("the work of a peer that has vanished is dropped", arguments: ServerKind.allCases)
    func workDropped(kind: ServerKind) async throws {
      let texts = try EmbeddingReference.load().texts
      let long = (0..<600).map { String(decoding: texts[107 + $0 % 5], as: UTF8.self) }
      try await kind.withServer { server in
        do {
          let peer = try server.rawPeer()
          peer.resetOnClose()
          try await peer.send(WireBytes.hello() + WireBytes.embed(1, long, model: "minilm"))
          // Once it has answered something else, it has read the call.
          try await peer.send(WireBytes.frame(.ping, callID: 3))
          while try await peer.readFrame()?.header.kind != .pong {}
        }
        // Work of some ten seconds would still be in the way, or have the next call refused.
        try await server.withClient { client in
          try await eventually("the work is dropped", within: .seconds(3)) {
            do throws(MillpondError) {
              return try await client.embed(["x"], call: .miniLM).results.count == 1
            } catch {
              #expect(error.code == .resourceExhausted)
              return false
            }
          }
        }
      }
    }

    /// A server of the test's own: what is taken from it does not count in others.
    private func ownServer(_ kind: ServerKind) async throws -> TestServer {
      switch kind {
      case .worker: try await TestServer.worker(.sections())
      case .coordinator: try await TestServer.coordinator([.sections()])
      }
    }
  }
}
