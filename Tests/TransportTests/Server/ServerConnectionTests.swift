import Logging
import NIOCore
import NIOPosix
import Testing
import Transport
import Wire

/// The server over loopback sockets, with peers that keep the contract.
@Suite("Server over sockets", .timeLimit(.minutes(1)))
struct ServerConnectionTests {
  @Test("the server says hello first, with its limits")
  func hello() async throws {
    let server = try await TestServer.start()
    defer { server.stop() }
    let peer = try RawPeer(port: server.port)
    let frame = try #require(try peer.readFrame())
    let hello = try Hello(decoding: frame.head.readableBytesSpan)
    #expect(hello == Hello(limits: .server, agent: "test server"))
  }

  @Test("a request is answered; one in several frames too")
  func answers() async throws {
    let server = try await TestServer.start()
    defer { server.stop() }
    let peer = try RawPeer(port: server.port)
    peer.send(
      .hello(), .request(1, body: [1]), .request(2, body: [2], flags: []),
      Frame(.request, callID: 2, body: [3]), Frame(.request, flags: .end, callID: 2))
    let first = try #require(try peer.readAnswer())
    #expect(first.header.callID == 1)
    #expect(first.header.flags == .end)
    #expect(first.body == ByteBuffer(bytes: [1]))
    let second = try #require(try peer.readAnswer())
    #expect(second.header.callID == 2)
    #expect(second.body == ByteBuffer(bytes: [2, 3]))
  }

  @Test("a ping is answered while calls are open")
  func ping() async throws {
    let server = try await TestServer.start()
    defer { server.stop() }
    let peer = try RawPeer(port: server.port)
    peer.send(.hello(), .request(1, model: "hold"), Frame(.ping, callID: 9))
    let pong = try #require(try peer.readAnswer())
    #expect(pong.header.kind == .pong)
    #expect(pong.header.callID == 9)
    server.service.release()
    #expect(try peer.readAnswer()?.header.callID == 1)
  }

  @Test(
    "a small answer comes before a large one is finished, however the large one is cut",
    arguments: [(10_000, 1_000), (200, 100_000)])
  func smallBeforeLarge(parts: Int, bytes: Int) async throws {
    let server = try await TestServer.start()
    defer { server.stop() }
    let peer = try RawPeer(port: server.port, receiveBufferBytes: 64 << 10)
    peer.send(
      .hello(), .request(1, model: "parts", inputs: parts, bytes: bytes),
      .request(2, model: "hold"))
    // Nothing is read until both answers are made: what does not fit the sockets' buffers waits.
    await server.service.wait(of: .held)
    server.service.release()
    #expect(try await server.listener.connectionCount() == 1)
    var order: [UInt64] = []
    var next = 0
    while order.count < parts + 1, let frame = try peer.readAnswer() {
      order.append(frame.header.callID)
      guard frame.header.callID == 1 else { continue }
      #expect(frame.responseHead?.inputs == next..<next + 1)
      #expect(frame.body.readableBytes == bytes)
      next += 1
    }
    #expect(next == parts)
    let place = try #require(order.firstIndex(of: 2))
    #expect(place < parts / 4)
  }

  @Test("an answer over the peer's frame limit comes in frames that fit")
  func smallFrames() async throws {
    let server = try await TestServer.start()
    defer { server.stop() }
    let peer = try RawPeer(port: server.port)
    var limits = WireLimits.client
    limits.frameBytes = WireLimits.frameBytesMin
    let body = (0..<200_000).map { UInt8(truncatingIfNeeded: $0) }
    peer.send(.hello(limits), .request(1, body: body))
    var joined: [UInt8] = []
    while let frame = try peer.readAnswer() {
      #expect(FrameHeader.byteCount + frame.header.payloadByteCount <= limits.frameBytes)
      joined += frame.body.readableBytesView
      if frame.header.flags == .end { break }
      #expect(frame.header.flags == .more)
    }
    #expect(joined == body)
  }

  @Test("a cancelled call is answered all the same, and its credit returns")
  func cancel() async throws {
    let server = try await TestServer.start { $0.limits = .small(calls: 1) }
    defer { server.stop() }
    let peer = try RawPeer(port: server.port)
    peer.send(.hello(), .request(1, model: "hold"), Frame(.cancel, callID: 1))
    await server.service.wait(of: .cancelled)
    server.service.release()
    #expect(try peer.readAnswer()?.header.callID == 1)
    peer.send(.request(2))
    #expect(try peer.readAnswer()?.header.callID == 2)
  }

  @Test("load reports come by themselves")
  func loadReports() async throws {
    let load = LoadReport(backlogMicroseconds: 5, threads: 2)
    let server = try await TestServer.start(load: load) {
      $0.loadReportInterval = .milliseconds(50)
    }
    defer { server.stop() }
    let peer = try RawPeer(port: server.port)
    peer.send(.hello())
    _ = try peer.readFrame()
    for _ in 0..<2 {
      let frame = try #require(try peer.readFrame())
      #expect(frame.header.kind == .loadReport)
      #expect(try LoadReport(decoding: frame.head.readableBytesSpan) == load)
    }
  }

  @Test("draining: go-away names the last call, open calls are answered, later ones refused")
  func draining() async throws {
    let server = try await TestServer.start()
    do {
      let peer = try RawPeer(port: server.port)
      peer.send(.hello(), .request(1, model: "hold"))
      await server.service.wait(of: .held)
      server.listener.beginDraining()
      let goAway = try #require(try peer.readAnswer()?.goAway)
      #expect(goAway == GoAway(lastCallID: 1, status: .draining))
      peer.send(.request(2))
      let refused = try #require(try peer.readAnswer())
      #expect(refused.header.callID == 2)
      #expect(refused.responseHead?.status == .draining)
      server.service.release()
      #expect(try peer.readAnswer()?.header.callID == 1)
      #expect(try peer.readToEnd().isEmpty)
      #expect(try await server.refusesConnections())
    }
    #expect(try await server.connections(become: 0))
  }

  @Test("draining closes after an answer that the peer reads late")
  func drainingWithUnread() async throws {
    let server = try await TestServer.start()
    do {
      let peer = try RawPeer(port: server.port, receiveBufferBytes: 128 << 10)
      peer.send(
        .hello(), .request(1, model: "parts", inputs: 100, bytes: 100_000),
        .request(2, model: "hold"))
      await server.service.wait(of: .held)
      server.listener.beginDraining()
      server.service.release()
      let answers = try peer.readToEnd().filter { $0.header.kind == .response }
      #expect(answers.count { $0.header.callID == 1 } == 100)
      #expect(answers.count { $0.header.callID == 2 } == 1)
    }
    #expect(try await server.connections(become: 0))
  }

  @Test("draining without calls closes at once")
  func drainingIdle() async throws {
    let server = try await TestServer.start()
    let peer = try RawPeer(port: server.port)
    peer.send(.hello(), .request(1))
    #expect(try peer.readAnswer()?.header.callID == 1)
    server.listener.beginDraining()
    #expect(try peer.readAnswer()?.goAway?.lastCallID == 1)
    #expect(try peer.readToEnd().isEmpty)
  }

  @Test("a port in use is an error that names the address")
  func portInUse() async throws {
    let taken = try RawServer()
    let error = await #expect(throws: TransportError.self) {
      _ = try await Listener.bind(
        host: "127.0.0.1", port: taken.port, on: MultiThreadedEventLoopGroup.singleton.next(),
        configuration: .defaults(agent: "test"), service: TestService(),
        logger: Logger(label: "test"))
    }
    #expect(error?.code == .addressUnavailable)
    #expect(error?.message.contains("127.0.0.1:\(taken.port)") == true)
  }
}
