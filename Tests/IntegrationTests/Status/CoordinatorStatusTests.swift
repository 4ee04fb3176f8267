import JSON
import MillpondClient
import TestSupport
import Testing

extension Integration {
  @Suite("A coordinator says how it is")
  struct CoordinatorStatusTests {
    private func coordinator(_ arguments: [String] = []) async throws -> TestServer {
      try await TestServer.coordinator(
        [.sections()], ["--metrics", "127.0.0.1:0", "--log-format", "json"] + arguments)
    }

    private func statusPort(_ server: TestServer) throws -> Int {
      for line in server.process.standardError.split(separator: "\n") {
        let event = try JSON.parse(Array(line.utf8))
        guard event["message"]?.string == "status is served" else { continue }
        if let port = event["address"]?.string?.split(separator: ":").last.flatMap({ Int($0) }) {
          return port
        }
      }
      throw TestFailure("the coordinator has not said where its status is")
    }

    @Test("bytes of open calls are none when none is open, also with kept answers")
    func openBytes() async throws {
      let server = try await coordinator(["--result-cache", "64"])
      let port = try statusPort(server)
      try await server.withClient { client in
        let texts = (0..<300).map { Array("a library of many parts, number \($0)".utf8) }
        for count in [300, 299, 300] {
          let more = [Array("another, \(count)".utf8)]
          _ = try await client.classify(Input.texts(texts + more), call: .sections).values()
        }
      }
      let metrics = try await HTTPPeer.get("/metrics", port: port).body
      #expect(metrics.contains("\nmillpond_open_bytes 0\n"))
    }

    @Test("what it tells is what the table says, no more and no less")
    func table() async throws {
      let server = try await coordinator()
      let port = try statusPort(server)
      try await server.withClient { client in
        _ = try await client.classify(["a library", "a game"], call: .sections).values()
        // A refusal, so that its name is there too.
        let call = CallOptions.sections.with { $0.fingerprint = "other" }
        _ = try await callError { _ = try await client.classify(["x"], call: call) }
      }
      let metrics = try await HTTPPeer.get("/metrics", port: port).body
      let told = metrics.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }
        .map { $0.split(separator: " ")[2...3].map(String.init) }
      let table = try Fixtures.text("Sources/Service/Status/Documentation.docc/Metrics.md")
      let rows = table.split(separator: "\n").filter { $0.hasPrefix("| coordinator |") }
        .map { row in
          row.split(separator: "|").map { $0.filter { $0 != " " && $0 != "`" } }[1...2].map { $0 }
        }
      #expect(Set(told) == Set(rows))
      #expect(told.count == rows.count)
      #expect(
        metrics.contains(
          "\nmillpond_calls_total{model=\"sections\",method=\"classify\",code=\"OK\"} 1\n"))
      #expect(metrics.contains("\nmillpond_inputs_total{model=\"sections\"} 2\n"))
      #expect(
        metrics.contains(
          "\nmillpond_refused_calls_total{model=\"sections\",reason=\"unknownFingerprint\"} 1\n"))
    }

    @Test("it is not ready without a worker, and says so; health that is watched follows")
    func readiness() async throws {
      let server = try await coordinator()
      let port = try statusPort(server)
      #expect(try await HTTPPeer.get("/live", port: port).code == 200)
      #expect(try await HTTPPeer.get("/ready", port: port).body == "ready\n")
      try await server.withClient { client in
        let watch = Task {
          var states: [Bool] = []
          for try await health in client.watchHealth() {
            states.append(health.isReady)
            if states == [true, false, true] { break }
          }
          return states
        }
        try await Task.sleep(for: .milliseconds(300))
        let worker = try await client.info().workers[0].processID
        killProcess(worker, 19)
        killProcess(worker, 9)
        try await eventually("it is not ready") {
          let isReady = try await HTTPPeer.get("/ready", port: port).code == 200
          let restarts = try await client.info().workers[0].restarts
          return !isReady || restarts > 0
        }
        try await eventually("it is ready again") {
          try await HTTPPeer.get("/ready", port: port).code == 200
        }
        watch.cancel()
      }
    }

    @Test("a slow call is logged with its request id, where its time went, and nothing of its text")
    func slowCall() async throws {
      let server = try await coordinator(["--slow-call", "1"])
      try await server.withClient { client in
        let call = CallOptions.sections.with { $0.requestID = "request-7" }
        let texts = (0..<200).map { "a library of secret number \($0)" }
        _ = try await client.classify(Input.texts(texts.map { Array($0.utf8) }), call: call)
      }
      try await eventually("the call is in the log") {
        server.process.standardError.contains("request-7")
      }
      let line = try #require(
        server.process.standardError.split(separator: "\n").first { $0.contains("request-7") })
      let event = try JSON.parse(Array(line.utf8))
      #expect(event["message"]?.string == "slow call")
      #expect(event["inputs"]?.string == "200")
      #expect(event["code"]?.string == "OK")
      #expect(!line.contains("secret"))
    }
  }
}
