import JSON
import NIOCore
import Testing
import Transport
import Wire

/// The client over loopback sockets.
@Suite("Client over sockets", .timeLimit(.minutes(1)))
struct ClientConnectionTests {
  @Test("a call is answered, in several frames both ways", arguments: ["127.0.0.1", "localhost"])
  func echo(host: String) async throws {
    let server = try await TestServer.start { $0.limits.frameBytes = WireLimits.frameBytesMin }
    defer { server.stop() }
    let (client, _) = try await TestClient.connect(host: host, port: server.port) {
      $0.limits.frameBytes = WireLimits.frameBytesMin
    }
    let body = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 * 7) }
    #expect(try await client.call(.test(body: body)).body == body)
    try await client.close()
  }

  @Test("an answer of 10,000 parts comes whole and in order, beside a small one")
  func manyParts() async throws {
    let server = try await TestServer.start()
    defer { server.stop() }
    let (client, _) = try await TestClient.connect(port: server.port)
    let calls = try await client.start([
      .test("parts", inputs: 10_000, bytes: 500), .test(body: [9]),
    ])
    #expect(await TestClient.answer(calls[1].events).body == [9])
    let answer = await TestClient.answer(calls[0].events)
    #expect(answer.parts.map(\.head.inputs) == (0..<10_000).map { $0..<$0 + 1 })
    try await client.close()
  }

  @Test(
    "calls over the credit wait for it, and all are answered", arguments: [(2, 1_000), (100, 100)])
  func credit(calls: Int, bytes: Int) async throws {
    let server = try await TestServer.start {
      $0.limits = .small(calls: calls, bytes: bytes, callBytes: 50)
    }
    defer { server.stop() }
    let body = [UInt8](repeating: 3, count: 50)
    let (client, _) = try await TestClient.connect(port: server.port)
    let started = try await client.start(Array(repeating: .test("hold", body: body), count: 9))
    // Two at a time: by the count of calls, or by their bytes.
    for _ in started {
      await server.service.wait(of: .held)
      server.service.release(1)
    }
    for call in started { #expect(await TestClient.answer(call.events).body == body) }
    #expect(server.service.heldMax <= 2)
    try await client.close()
  }

  @Test("a call that is too large for the server fails; those behind it are answered")
  func oversized() async throws {
    let server = try await TestServer.start { $0.limits = .small(callBytes: 400) }
    defer { server.stop() }
    let calls: [OutgoingCall] = [
      .test(body: .init(repeating: 0, count: 5_000)), .test(inputs: 11), .test(body: [1]),
    ]
    let (client, answers) = try await TestClient.connect(port: server.port, calls: calls)
    for events in answers[..<2] {
      let failure = try #require(await TestClient.answer(events).failure)
      #expect(failure.status.code == .invalidArgument)
      #expect(failure.status.reason == .limit)
      #expect(!failure.wasRead)
    }
    #expect(await TestClient.answer(answers[2]).body == [1])
    try await client.close()
  }

  @Test("a name over its limit fails the call, not the connection")
  func oversizedName() async throws {
    let server = try await TestServer.start()
    defer { server.stop() }
    let (client, _) = try await TestClient.connect(port: server.port)
    let name = String(repeating: "m", count: 100_000)
    let failure = try #require(try await client.call(.test(name)).failure)
    #expect(
      failure.status
        == Status(
          .invalidArgument, reason: .limit,
          "RequestHead.model has 100000 bytes, the limit is 256"))
    #expect(try await client.call(.test(body: [1])).body == [1])
    try await client.close()
  }

  @Test("the deadline goes along, and ends the wait on this side too")
  func deadline() async throws {
    let server = try await TestServer.start()
    defer { server.stop() }
    let (client, _) = try await TestClient.connect(port: server.port)
    let call = OutgoingCall.test("hold", deadline: .now() + .milliseconds(20))
    let failure = try #require(try await client.call(call).failure)
    #expect(failure.status == Status(.deadlineExceeded, "no answer within the deadline"))
    #expect(failure.wasRead)
    await server.service.wait(of: .cancelled)
    try await client.close()
  }

  @Test("a cancelled call tells the server, and its credit returns with the answer")
  func cancel() async throws {
    let server = try await TestServer.start { $0.limits = .small(calls: 1) }
    defer { server.stop() }
    let (client, _) = try await TestClient.connect(port: server.port)
    let held = try await client.start([.test("hold")])[0]
    await server.service.wait(of: .held)
    try await client.cancel(held.id)
    await server.service.wait(of: .cancelled)
    server.service.release()
    #expect(try await client.call(.test(body: [1])).body == [1])
    try await client.close()
  }

  @Test("nobody listening is unreachable, by name, and fails waiting calls as unread")
  func refused() async throws {
    let port = try RawServer().port
    let (client, answers) = try await TestClient.connect(port: port, calls: [.test()])
    let failure = try #require(await TestClient.answer(answers[0]).failure)
    #expect(failure.status.code == .unavailable)
    #expect(failure.status.isRetryable)
    #expect(!failure.wasRead)
    let error = await client.closed()
    #expect(error?.code == .unreachable)
    #expect(error?.message.hasPrefix("127.0.0.1:\(port): ") == true)
    #expect(error?.message.contains("Connection refused") == true)
  }

  @Test("a server that says no hello is unreachable")
  func noHello() async throws {
    let server = try RawServer()
    let (client, answers) = try await TestClient.connect(port: server.port, calls: [.test()]) {
      $0.connectTimeout = .milliseconds(200)
    }
    let peer = try server.accept()
    #expect(
      await client.closed()
        == TransportError(.unreachable, "127.0.0.1:\(server.port): no hello from the peer"))
    #expect(await TestClient.answer(answers[0]).failure?.wasRead == false)
    #expect(try peer.readToEnd().map(\.header.kind) == [.hello])
  }

  @Test("a server that falls silent is pinged, and given up")
  func silent() async throws {
    let server = try RawServer()
    let (client, _) = try await TestClient.connect(port: server.port) {
      $0.pingInterval = .milliseconds(500)
      $0.pingTimeout = .milliseconds(500)
    }
    let peer = try server.accept()
    peer.send(.hello(.server))
    let error = await client.closed()
    #expect(error?.code == .unreachable)
    #expect(error?.message == "127.0.0.1:\(server.port): no answer to a ping")
    // On a busy machine the peer's hello may come after a first ping, which it answers.
    let kinds = try peer.readToEnd().map(\.header.kind)
    #expect(kinds == [.hello, .ping] || kinds == [.hello, .ping, .ping])
  }

  @Test("a server that answers pings is kept")
  func pinged() async throws {
    let server = try await TestServer.start()
    defer { server.stop() }
    let (client, _) = try await TestClient.connect(port: server.port) {
      $0.pingInterval = .milliseconds(100)
      $0.pingTimeout = .milliseconds(1_000)
    }
    let held = try await client.start([.test("hold", deadline: .now() + .milliseconds(2_300))])[0]
    let failure = try #require(await TestClient.answer(held.events).failure)
    #expect(failure.status.code == .deadlineExceeded)
    #expect(try await client.call(.test(body: [1])).body == [1])
    try await client.close()
  }

  @Test("a client that only hears load reports still pings, so that it is not taken for idle")
  func notIdle() async throws {
    let server = try await TestServer.start(load: LoadReport(threads: 1)) {
      $0.loadReportInterval = .milliseconds(50)
      $0.idleTimeout = .milliseconds(2_500)
    }
    defer { server.stop() }
    let (client, _) = try await TestClient.connect(port: server.port) {
      $0.pingInterval = .milliseconds(500)
    }
    var reports = 0
    for await event in client.events {
      guard case .loadReport = event else { continue }
      reports += 1
      // A report comes with each tick of 250 ms: this is longer than the idle timeout.
      if reports == 14 { break }
    }
    #expect(reports == 14)
    #expect(try await client.call(.test(body: [1])).body == [1])
    try await client.close()
  }

  @Test("an answer to inputs that were not sent fails its call; others are answered")
  func answerBeyondInputs() async throws {
    let server = try RawServer()
    let (client, answers) = try await TestClient.connect(
      port: server.port, calls: [.test(inputs: 1), .test(inputs: 1)])
    let peer = try server.accept()
    peer.send(.hello(.server))
    while let frame = try peer.readFrame(), frame.header.callID != 2 {}
    peer.send(.response(1, ResponseHead(inputs: 0..<2), flags: []))
    let cancel = try #require(try peer.readFrame())
    #expect(cancel.header.kind == .cancel)
    #expect(cancel.header.callID == 1)
    peer.send(.response(1), .response(2, ResponseHead(inputs: 0..<1), body: [4]))
    let failure = try #require(await TestClient.answer(answers[0]).failure)
    #expect(failure.status.code == .internal)
    #expect(await TestClient.answer(answers[1]).body == [4])
    try await client.close()
  }

  @Test("a connection that is lost fails its calls, and says whether they were sent")
  func lost() async throws {
    let server = try RawServer()
    let (client, answers) = try await TestClient.connect(
      port: server.port, calls: [.test(), .test()])
    do {
      let peer = try server.accept()
      peer.send(.hello(.small(calls: 1)))
      while let frame = try peer.readFrame(), frame.header.kind != .request {}
    }
    let sent = try #require(await TestClient.answer(answers[0]).failure)
    let waiting = try #require(await TestClient.answer(answers[1]).failure)
    #expect(sent.wasRead)
    #expect(!waiting.wasRead)
    #expect(sent.status.reason == .workerLost)
    #expect(await client.closed()?.code == .connectionClosed)
  }

  @Test("go-away: open calls are answered, calls that crossed it fail as unread")
  func goAway() async throws {
    let server = try RawServer()
    let (client, answers) = try await TestClient.connect(
      port: server.port, calls: [.test(), .test()])
    do {
      let peer = try server.accept()
      peer.send(.hello(.server))
      while let frame = try peer.readFrame(), frame.header.callID != 2 {}
      // The refusal of call 2 crosses nothing: it must not end the connection.
      peer.send(.goAway(1), .response(2, ResponseHead(status: .draining)))
      peer.send(.response(1, body: [5]))
      let crossed = try #require(await TestClient.answer(answers[1]).failure)
      #expect(!crossed.wasRead)
      #expect(crossed.status.isRetryable)
      #expect(await TestClient.answer(answers[0]).body == [5])
      let refused = try #require(try await client.call(.test()).failure)
      #expect(!refused.wasRead)
    }
    #expect(await client.closed()?.message.contains("draining") == true)
  }

  @Test("a server that drains closes the client's connection when all is answered")
  func drained() async throws {
    let server = try await TestServer.start()
    let (client, _) = try await TestClient.connect(port: server.port)
    let held = try await client.start([.test("hold", body: [8])])[0]
    await server.service.wait(of: .held)
    server.listener.beginDraining()
    server.service.release()
    #expect(await TestClient.answer(held.events).body == [8])
    #expect(await client.closed()?.code == .connectionClosed)
    #expect(try await server.connections(become: 0))
  }

  @Test("every connection of refused.jsonl that a client must refuse is closed as a violation")
  func refusedConnections() async throws {
    let server = try RawServer()
    let greeting = Frame.hello(.server).encoded
    for line in try ConformanceFiles.lines("refused.jsonl") {
      let name = line["name"]?.string ?? ""
      guard let reader = line["reader"]?.string, reader != "server" else { continue }
      let bytes = try ConformanceFiles.hex(line)
      for prefix in reader == "any" ? [[], greeting] : [[]] {
        let (client, answers) = try await TestClient.connect(
          port: server.port, calls: [.test(inputs: 1)])
        let peer = try server.accept()
        peer.send(prefix + bytes)
        #expect(await client.closed()?.code == .protocolViolation, "\(name)")
        for events in answers { _ = await TestClient.answer(events) }
        peer.endSending()
      }
    }
  }
}
