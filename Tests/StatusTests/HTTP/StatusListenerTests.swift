import Logging
import NIOCore
import Status
import TestSupport
import Testing

/// The listener over loopback sockets.
@Suite("Status listener", .timeLimit(.minutes(1)))
struct StatusListenerTests {
  @Test("routes are answered with status, type and length, on one connection")
  func routes() async throws {
    try await TestListener.with { test in
      let peer = try HTTPPeer(port: test.port)
      peer.send("GET /live HTTP/1.1\r\nHost: x\r\n\r\n")
      let live = try #require(try await peer.readAnswer())
      #expect(live.code == 200)
      #expect(live.body == "live\n")
      #expect(live.headers["content-type"] == "text/plain; charset=utf-8")
      #expect(live.headers["content-length"] == "5")
      #expect(live.headers["cache-control"] == "no-store")
      #expect(live.headers["connection"] == "keep-alive")
      peer.send("GET /ready HTTP/1.1\r\nHost: x\r\n\r\n")
      let ready = try #require(try await peer.readAnswer())
      #expect(ready.code == 503)
      #expect(ready.body == "model 'x' is warming up\n")
      peer.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
      let metrics = try #require(try await peer.readAnswer())
      #expect(metrics.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
      #expect(metrics.body == "# HELP g G.\n# TYPE g gauge\ng 1\n")
      peer.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
      let list = try #require(try await peer.readAnswer())
      #expect(list.body == "/live /ready /metrics\n")
      #expect(list.headers["connection"] == "close")
      #expect(try await peer.readAnswer() == nil)
    }
  }

  @Test("HEAD gets the header only, and the connection goes on")
  func head() async throws {
    try await TestListener.with { test in
      let peer = try HTTPPeer(port: test.port)
      peer.send("HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
      let head = try #require(try await peer.readAnswer(hasBody: false))
      #expect(head.code == 200)
      #expect(head.headers["content-length"] == "31")
      peer.send("POST /live HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
      let refused = try #require(try await peer.readAnswer())
      #expect(refused.code == 405)
      #expect(refused.headers["allow"] == "GET, HEAD")
    }
  }

  @Test(
    "a request that is not to be had is answered so, and the connection ends",
    arguments: [
      ("GET /live HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", 413),
      ("GET /live HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 413),
      ("\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}", 400), ("GET /live HTTP/2.0\r\n\r\n", 400),
      ("GET /live HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
      ("CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", 404),
      ("GET /live HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", 200),
      ("GET /live HTTP/1.0\r\n\r\n", 200),
    ])
  func refusals(request: String, code: Int) async throws {
    try await TestListener.with { test in
      let peer = try HTTPPeer(port: test.port)
      peer.send(request)
      let answer = try #require(try await peer.readAnswer())
      #expect(answer.code == code)
      #expect(answer.headers["connection"] == "close")
      #expect(try await peer.readAnswer() == nil)
      #expect(try await HTTPPeer.get("/live", port: test.port).code == 200)
    }
  }

  @Test("a header that is too long is refused before its end", arguments: ["/", "a: b\r\n"])
  func longHeader(repeated: String) async throws {
    try await TestListener.with { test in
      let peer = try HTTPPeer(port: test.port)
      let start = repeated == "/" ? "GET /" : "GET / HTTP/1.1\r\n"
      peer.send(start + String(repeating: repeated, count: 9_000))
      let answer = try #require(try await peer.readAnswer())
      #expect(answer.code == 431)
      #expect(answer.body == "a request's header may have 8192 bytes and 256 fields\n")
    }
  }

  @Test("an event loop that does not answer is 503, and others are answered meanwhile")
  func hung() async throws {
    try await TestListener.with(.short(\.answerTimeout)) { test in
      test.source.hold()
      let peer = try HTTPPeer(port: test.port)
      peer.send("GET /live HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try await HTTPPeer.get("/", port: test.port).code == 200)
      let answer = try #require(try await peer.readAnswer())
      #expect(answer.code == 503)
      #expect(answer.body == "the event loop has not answered in 0.1 s\n")
      // What comes too late, and twice, is nobody's answer.
      test.source.release()
      peer.send("GET /live HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try await peer.readAnswer()?.body == "live\n")
    }
  }

  @Test("a service that hangs for long is not asked without end")
  func questionsBounded() async throws {
    var limits = StatusLimits.defaults
    limits.answerTimeout = .milliseconds(5)
    limits.questionsMax = 3
    try await TestListener.with(limits) { test in
      test.source.hold()
      for _ in 0..<5 {
        let answer = try await HTTPPeer.get("/live", port: test.port)
        #expect(answer.code == 503)
      }
      #expect(test.source.asked == 3)
      test.source.release()
      #expect(try await HTTPPeer.get("/live", port: test.port).code == 200)
    }
  }

  @Test("requests that do not wait for answers get one, however many they are")
  func pipelined() async throws {
    try await TestListener.with { test in
      let peer = try HTTPPeer(port: test.port)
      peer.send(
        String(repeating: "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", count: 2_000))
      #expect(try await peer.readAnswer()?.code == 200)
      #expect(try await peer.readToEnd() == 0)
    }
  }

  @Test("a request that does not end in its time is closed without an answer")
  func slowRequest() async throws {
    try await TestListener.with(.short(\.requestTimeout)) { test in
      let silent = try HTTPPeer(port: test.port)
      let slow = try HTTPPeer(port: test.port)
      slow.send("GET /live HTTP/1.1\r\n")
      #expect(try await slow.readToEnd() == 0)
      #expect(try await silent.readToEnd() == 0)
    }
  }

  @Test("an idle connection is closed after its time")
  func idle() async throws {
    try await TestListener.with(.short(\.idleTimeout)) { test in
      let peer = try HTTPPeer(port: test.port)
      peer.send("GET /live HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try await peer.readAnswer()?.code == 200)
      #expect(try await peer.readToEnd() == 0)
    }
  }

  @Test("one more than the most: the longest idle goes, and where none is idle the newcomer")
  func connectionsBounded() async throws {
    var limits = StatusLimits.defaults
    limits.connectionsMax = 2
    try await TestListener.with(limits) { test in
      var idle: [HTTPPeer] = []
      for _ in 0..<2 {
        let peer = try HTTPPeer(port: test.port)
        peer.send("GET /live HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try await peer.readAnswer()?.code == 200)
        idle.append(peer)
      }
      #expect(try await HTTPPeer.get("/live", port: test.port).code == 200)
      #expect(try await idle[0].readToEnd() == 0)
      #expect(idle[1].isQuiet)
      test.source.hold()
      var busy: [HTTPPeer] = []
      for index in 0..<2 {
        let peer = index == 0 ? idle[1] : try HTTPPeer(port: test.port)
        peer.send("GET /live HTTP/1.1\r\nHost: x\r\n\r\n")
        try await eventually("it was asked") { test.source.asked == 4 + index }
        busy.append(peer)
      }
      let refused = try HTTPPeer(port: test.port)
      #expect(try await refused.readToEnd() == 0)
      test.source.release()
      for peer in busy {
        let answer = try await peer.readAnswer()
        #expect(answer?.body == "late\n")
      }
    }
  }

  @Test("an address in use is an error that names it")
  func addressInUse() async throws {
    let taken = try RawListener()
    let error = await #expect(throws: StatusError.self) {
      _ = try await StatusListener.bind(
        host: "127.0.0.1", port: taken.port, source: TestSource(), logger: Logger(label: "test"))
    }
    #expect(error?.code == .addressUnavailable)
    #expect(error?.message.contains("127.0.0.1:\(taken.port)") == true)
  }

  @Test("after the end nothing listens, and answers that come late harm nobody")
  func shutDown() async throws {
    let test = try await TestListener()
    test.source.hold()
    let peer = try HTTPPeer(port: test.port)
    peer.send("GET /live HTTP/1.1\r\nHost: x\r\n\r\n")
    try await eventually("it was asked") { test.source.asked == 1 }
    await test.listener.shutDown()
    #expect(try await peer.readToEnd() == 0)
    test.source.release()
    #expect(throws: TestFailure.self) { _ = try HTTPPeer(port: test.port) }
    await test.listener.shutDown()
  }
}
