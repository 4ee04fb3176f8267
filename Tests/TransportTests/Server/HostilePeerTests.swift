import JSON
import NIOCore
import Testing
import Transport
import Wire

/// Peers that break the contract, stall, or vanish: each costs the server little and is closed, and
/// the next one is served.
@Suite("Hostile peers", .timeLimit(.minutes(1)))
struct HostilePeerTests {
  private static let short = TimeAmount.milliseconds(200)

  /// The go-away that ends a connection, after which nothing comes.
  private func farewell(_ peer: RawPeer) throws -> Status? {
    try peer.readToEnd().last?.goAway?.status
  }

  @Test("every connection of refused.jsonl that a server must refuse is told so and closed")
  func refusedConnections() async throws {
    let server = try await TestServer.start()
    defer { server.stop() }
    var count = 0
    for line in try ConformanceFiles.lines("refused.jsonl") {
      let name = line["name"]?.string ?? ""
      guard let reader = line["reader"]?.string, reader != "client" else { continue }
      let bytes = try ConformanceFiles.hex(line)
      // What any reader refuses is refused as the first frame, and after a hello.
      for prefix in reader == "any" ? [[], Frame.hello().encoded] : [[]] {
        let peer = try RawPeer(port: server.port)
        peer.send(prefix + bytes)
        #expect(try farewell(peer)?.code == .invalidArgument, "\(name)")
        count += 1
      }
    }
    #expect(count > 40)
    #expect(try server.isServing())
    #expect(try await server.connections(become: 0))
  }

  @Test("garbage is refused, before a hello and after", arguments: 0..<8)
  func garbage(seed: UInt64) async throws {
    let server = try await TestServer.start()
    defer { server.stop() }
    var generator = SplitMix(state: seed)
    let garbage = (0..<200_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
    let peer = try RawPeer(port: server.port)
    peer.send((seed.isMultiple(of: 2) ? Frame.hello().encoded : []) + garbage)
    #expect(try farewell(peer)?.code == .invalidArgument)
    #expect(try server.isServing())
  }

  @Test("a connection that is cut at any byte is forgotten")
  func cut() async throws {
    let server = try await TestServer.start()
    defer { server.stop() }
    let bytes =
      Frame.hello().encoded + Frame.request(1, body: [1, 2, 3, 4], flags: []).encoded
      + Frame(.request, flags: .end, callID: 1, body: [5]).encoded
    for count in 0...bytes.count {
      let peer = try RawPeer(port: server.port)
      peer.send(Array(bytes[..<count]))
    }
    #expect(try server.isServing())
    #expect(try await server.connections(become: 0))
  }

  @Test("a peer that vanishes half-way cancels its calls", arguments: [false, true])
  func vanish(withReset: Bool) async throws {
    let server = try await TestServer.start()
    defer { server.stop() }
    do {
      let peer = try RawPeer(port: server.port)
      if withReset { peer.resetOnClose() }
      peer.send(.hello(), .request(1, model: "hold"), .request(2, flags: []))
      await server.service.wait(of: .held)
    }
    await server.service.wait(of: .cancelled)
    #expect(try server.isServing())
    #expect(try await server.connections(become: 0))
    // An answer to nobody is dropped.
    server.service.release()
    #expect(try server.isServing())
  }

  @Test("a hello that comes byte by byte is cut off")
  func slowHello() async throws {
    let server = try await TestServer.start { $0.helloTimeout = Self.short }
    defer { server.stop() }
    let peer = try RawPeer(port: server.port)
    try drip(Frame.hello().encoded + Frame.request(1).encoded, to: peer)
    #expect(try farewell(peer) == Status(.deadlineExceeded, "no hello in 200 ms"))
    #expect(try server.isServing())
  }

  @Test("a frame that comes byte by byte is cut off")
  func slowFrame() async throws {
    let server = try await TestServer.start { $0.frameTimeout = Self.short }
    defer { server.stop() }
    let peer = try RawPeer(port: server.port)
    peer.send(.hello())
    try drip(Frame.request(1, body: .init(repeating: 0, count: 1_000)).encoded, to: peer)
    #expect(try farewell(peer) == Status(.deadlineExceeded, "a frame took over 200 ms"))
    #expect(try server.isServing())
  }

  @Test("a request whose next frame does not come is cut off, pings or not")
  func slowRequest() async throws {
    let server = try await TestServer.start { $0.frameTimeout = Self.short }
    defer { server.stop() }
    let peer = try RawPeer(port: server.port)
    peer.send(.hello(), .request(1, body: [1], flags: []))
    while !peer.isAtEnd, peer.send(Frame(.ping)) {
      try peer.receive(waitingMilliseconds: 20)
    }
    let last = try peer.readToEnd().last?.goAway?.status
    #expect(last == Status(.deadlineExceeded, "the next frame of a request took over 200 ms"))
  }

  @Test("an idle connection is closed; one that waits for its answer is not idle")
  func idle() async throws {
    let server = try await TestServer.start { $0.idleTimeout = Self.short }
    defer { server.stop() }
    let waiting = try RawPeer(port: server.port)
    waiting.send(.hello(), .request(1, model: "hold"))
    await server.service.wait(of: .held)
    let peer = try RawPeer(port: server.port)
    peer.send(.hello())
    #expect(try farewell(peer) == Status(.unavailable, "idle for 200 ms"))
    server.service.release()
    #expect(try waiting.readAnswer()?.header.callID == 1)
  }

  @Test("a peer that asks for more than it reads is closed at the bound of unsent bytes")
  func unsentBytes() async throws {
    let server = try await TestServer.start { $0.unsentBytesMax = 1 << 20 }
    defer { server.stop() }
    let peer = try RawPeer(port: server.port, receiveBufferBytes: 4 << 10)
    peer.send(.hello(), .request(1, model: "parts", inputs: 300, bytes: 100_000))
    #expect(try await server.connections(become: 0))
    #expect(try server.isServing())
  }

  @Test("a flood of pings whose pongs are not read is closed at the same bound")
  func pingFlood() async throws {
    let server = try await TestServer.start { $0.unsentBytesMax = 1 << 20 }
    defer { server.stop() }
    let peer = try RawPeer(port: server.port, receiveBufferBytes: 4 << 10)
    peer.send(.hello())
    let pings = Array(repeating: Frame(.ping).encoded, count: 10_000).flatMap(\.self)
    // 800 MB of pings at the most: without a bound the server would hold the pongs of all.
    for _ in 0..<5_000 {
      guard peer.send(pings) else { break }
    }
    #expect(try await server.connections(become: 0))
    #expect(try server.isServing())
  }

  @Test("a peer that does not read is closed after the write timeout")
  func unread() async throws {
    let server = try await TestServer.start { $0.writeTimeout = Self.short }
    defer { server.stop() }
    let peer = try RawPeer(port: server.port, receiveBufferBytes: 4 << 10)
    peer.send(.hello(), .request(1, model: "parts", inputs: 200, bytes: 100_000))
    #expect(try await server.connections(become: 0))
    #expect(try server.isServing())
  }

  @Test("a frame over the limit is refused at its header, without its body")
  func oversize() async throws {
    let server = try await TestServer.start()
    defer { server.stop() }
    let peer = try RawPeer(port: server.port)
    let frame = Frame(.request, flags: .end, callID: 1, body: .init(repeating: 0, count: 4 << 20))
    peer.send(Frame.hello().encoded + frame.encoded[..<FrameHeader.byteCount])
    let status = try farewell(peer)
    #expect(
      status
        == Status(
          .invalidArgument, reason: .limit, "frame of 4194320 bytes, the limit is 4194304"))
  }

  @Test("a peer over its credit is told so and closed")
  func credit() async throws {
    let server = try await TestServer.start { $0.limits = .small(calls: 2) }
    defer { server.stop() }
    let peer = try RawPeer(port: server.port)
    peer.send(.hello(), .request(1, model: "hold"), .request(2, model: "hold"), .request(3))
    #expect(
      try farewell(peer)?.message == "more than 2 calls open: the credit is exceeded")
    await server.service.wait(for: 2, of: .cancelled)
  }

  @Test("a connection over the limit is told so and closed; it counts again when another ends")
  func tooManyConnections() async throws {
    let server = try await TestServer.start { $0.connectionsMax = 1 }
    defer { server.stop() }
    do {
      let first = try RawPeer(port: server.port)
      first.send(.hello(), .request(1))
      #expect(try first.readAnswer()?.header.callID == 1)
      let second = try RawPeer(port: server.port)
      let frames = try second.readToEnd()
      #expect(frames.count == 1)
      #expect(
        frames.last?.goAway?.status
          == Status(
            .resourceExhausted, reason: .limit, "1 connections are open, the limit of this server",
            isRetryable: true))
    }
    #expect(try await server.connections(become: 0))
    #expect(try server.isServing())
  }

  /// One byte every 20 ms, until the peer closes.
  private func drip(_ bytes: [UInt8], to peer: RawPeer) throws {
    for byte in bytes {
      guard !peer.isAtEnd, peer.send([byte]) else { return }
      try peer.receive(waitingMilliseconds: 20)
    }
  }
}
