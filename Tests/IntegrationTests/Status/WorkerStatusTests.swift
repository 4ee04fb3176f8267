import Foundation
import JSON
import MillpondClient
import TestSupport
import Testing

extension Integration {
  @Suite("A worker says how it is")
  struct WorkerStatusTests {
    /// The port at which a worker serves its status, from its log in JSON.
    private func statusPort(_ server: TestServer) throws -> Int {
      for line in server.process.standardError.split(separator: "\n") {
        let event = try JSON.parse(Array(line.utf8))
        guard event["message"]?.string == "status is served" else { continue }
        if let port = event["address"]?.string?.split(separator: ":").last.flatMap({ Int($0) }) {
          return port
        }
      }
      throw TestFailure("the worker has not said where its status is")
    }

    @Test("live, ready and metrics over HTTP, logs in JSON")
    func status() async throws {
      let server = try await TestServer.worker(
        .sections(), ["--metrics", "127.0.0.1:0", "--log-format", "json"])
      let port = try statusPort(server)
      #expect(try await HTTPPeer.get("/live", port: port).code == 200)
      #expect(try await HTTPPeer.get("/ready", port: port).body == "ready\n")
      try await server.withClient { client in
        _ = try await client.classify(["a library", "a game"], call: .sections).values()
      }
      let metrics = try await HTTPPeer.get("/metrics", port: port).body
      #expect(
        metrics.contains(
          "\nmillpond_worker_inputs_total{method=\"classify\",code=\"OK\"} 2\n"))
      // A thread notes its batch when it looks for the next one: after the answer.
      try await eventually("the batch is counted") {
        try await HTTPPeer.get("/metrics", port: port).body
          .contains("\nmillpond_worker_batch_inputs_sum 2\n")
      }
      server.process.send(15)
      #expect(try await server.process.exit(within: .seconds(5)) == .status(0))
    }

    @Test("the service manager is told of start, life and end")
    func serviceManager() async throws {
      let name = "@millpond-\(UUID().uuidString)"
      let socket = try NotifySocket(name)
      let process = try ChildProcess(
        Executables.worker(),
        ["--model", Fixtures.small("debian-sections"), "--listen", "127.0.0.1:0"],
        environment: ["NOTIFY_SOCKET": name, "WATCHDOG_USEC": "20000", "WATCHDOG_PID": nil])
      var told: [String] = []
      func hear(_ notice: String) async throws {
        try await eventually("the manager hears \(notice); it heard \(told)") {
          while let text = socket.receive() { told.append(text) }
          return told.contains(notice)
        }
      }
      try await hear("STATUS=model 'debian-sections' is loading")
      try await hear("READY=1\nSTATUS=serving 'debian-sections'")
      told.removeAll { $0 == "WATCHDOG=1" }
      try await hear("WATCHDOG=1")
      process.send(15)
      try await hear("STOPPING=1")
      #expect(try await process.exit(within: .seconds(5)) == .status(0))
    }

    @Test("a worker of a supervisor leaves the service manager alone")
    func supervised() async throws {
      let name = "@millpond-\(UUID().uuidString)"
      let socket = try NotifySocket(name)
      let server = try await TestServer.worker(
        .sections(), environment: ["NOTIFY_SOCKET": name, "WATCHDOG_USEC": "20000"])
      server.process.endInput()
      #expect(try await server.process.exit(within: .seconds(5)) == .status(0))
      #expect(socket.receive() == nil)
    }

    @Test("a status address in use ends a worker with 4 and is named")
    func addressInUse() async throws {
      let taken = try RawListener()
      let process = try ChildProcess(
        Executables.worker(),
        [
          "--model", Fixtures.small("debian-sections"), "--listen", "127.0.0.1:0", "--metrics",
          "127.0.0.1:\(taken.port)",
        ])
      #expect(try await process.exit() == .status(4))
      #expect(process.standardError.contains("127.0.0.1:\(taken.port)"))
    }

    @Test("a coordinator's workers log in its form")
    func coordinatorLogs() async throws {
      let server = try await TestServer.coordinator(
        [.sections()], ["--log-format", "json", "--log-level", "debug"])
      server.process.send(15)
      #expect(try await server.process.exit() == .status(0))
      let lines = server.process.standardError.split(separator: "\n")
      #expect(!lines.isEmpty)
      for line in lines { #expect(throws: Never.self) { try JSON.parse(Array(line.utf8)) } }
    }
  }
}
