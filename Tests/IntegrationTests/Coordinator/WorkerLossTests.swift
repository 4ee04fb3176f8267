import MillpondClient
import TestSupport
import Testing

extension Integration {
  @Suite("A coordinator outlives its workers, and they do not outlive it")
  struct WorkerLossTests {
    private static let kill: Int32 = 9
    private static let terminate: Int32 = 15

    private let reference: EmbeddingReference

    init() throws {
      reference = try EmbeddingReference.load()
    }

    /// Process ids of the workers that are ready.
    private func readyWorkers(_ client: MillpondClient) async throws -> [Int] {
      try await client.info().workers.filter { $0.state == "ready" }.map(\.processID)
    }

    /// Waits until that many workers are ready, none of them among those given.
    private func waitForWorkers(
      _ client: MillpondClient, count: Int, besides gone: Set<Int> = []
    ) async throws -> [Int] {
      try await eventually("\(count) workers are ready") {
        let ready = try await readyWorkers(client).filter { !gone.contains($0) }
        return ready.count == count ? ready : nil
      }
    }

    /// One call with the short texts of the fixtures; its vectors must be right.
    private func embedAll(_ client: MillpondClient) async throws {
      let count = 60
      let call = CallOptions.miniLM.with { $0.timeout = Patience.usual }
      let inputs = Input.texts(Array(reference.texts.prefix(count)))
      let vectors = try await client.embed(inputs, call: call).values().map(\.vector)
      #expect(
        difference(vectors, Array(reference.vectors.prefix(count))) <= Tolerance.embedding)
    }

    @Test("killing workers during calls fails no call, and every answer is right")
    func killDuringCalls() async throws {
      let server = try await TestServer.coordinator([.miniLM()], ["--replicas", "2"])
      try await server.withClient { client in
        try await withThrowingTaskGroup(of: Int.self) { group in
          let isOver = Flag()
          for _ in 0..<3 {
            group.addTask {
              var calls = 0
              while !isOver.isSet {
                try await embedAll(client)
                calls += 1
              }
              return calls
            }
          }
          group.addTask {
            defer { isOver.set() }
            var killed: Set<Int> = []
            for _ in 0..<4 {
              let ready = try await waitForWorkers(client, count: 2, besides: killed)
              killed.insert(ready[0])
              // While calls are with it.
              try await eventually("a worker is busy") {
                try await client.info().workers.contains { $0.openPieces > 0 }
              }
              killProcess(ready[0], Self.kill)
              try await eventually("process \(ready[0]) ends") { !TestServer.isRunning(ready[0]) }
            }
            return 0
          }
          let calls = try await group.reduce(0, +)
          #expect(calls > 4)
        }
        let workers = try await client.info().workers
        // The last of four may not be back yet.
        #expect(workers.map(\.restarts).reduce(0, +) >= 3)
      }
    }

    @Test("with every worker gone a call waits for the restart, and is answered")
    func killAll() async throws {
      let server = try await TestServer.coordinator([.miniLM()], ["--replicas", "2"])
      try await server.withClient { client in
        let killed = try await waitForWorkers(client, count: 2)
        for worker in killed { killProcess(worker, Self.kill) }
        try await embedAll(client)
        let health = try await client.health()
        #expect(health.isLive)
        _ = try await waitForWorkers(client, count: 2, besides: Set(killed))
        #expect(try await client.health().isReady)
      }
    }

    @Test("with every worker gone a call that has no time to wait ends in time")
    func deadlineWithoutWorkers() async throws {
      let server = try await TestServer.coordinator([.sections()])
      try await server.withClient { client in
        // A worker that is stopped is there, and does nothing.
        let worker = try await waitForWorkers(client, count: 1)[0]
        killProcess(worker, 19)
        defer { killProcess(worker, Self.kill) }
        try await eventually("process \(worker) stops") { TestServer.isStopped(worker) }
        let (error, duration) = try await timed {
          try await callError {
            let call = CallOptions.sections.with { $0.timeout = .milliseconds(300) }
            _ = try await client.classify(["a library"], call: call)
          }
        }
        #expect(error.code == .deadlineExceeded)
        #expect(duration < .seconds(3))
      }
    }

    @Test("a worker elsewhere is used beside its own, and may go and come back")
    func workerElsewhere() async throws {
      let elsewhere = try await TestServer.worker(.miniLM(), ["--threads", "1"])
      let address = elsewhere.address.description
      let server = try await TestServer.coordinator([.miniLM()], ["--worker", address])
      let client = try await server.client()
      defer { client.close() }
      let state = { () async throws -> String? in
        try await client.info().workers.first { $0.processID == 0 && $0.address == address }?.state
      }
      try await eventually("both are ready") {
        let own = try await readyWorkers(client).filter { $0 != 0 }.count
        let other = try await state()
        return own == 1 && other == "ready"
      }
      #expect(try await client.info().workers.map(\.model) == ["minilm", "minilm"])
      // Cut over both: the two have the same fingerprint, and the answer is one.
      try await embedAll(client)
      let calls = (0..<6).map { _ in Task { try await embedAll(client) } }
      elsewhere.process.send(Self.kill)
      for call in calls { try await call.value }
      try await eventually("the other worker is down") { try await state() == "down" }
      try await embedAll(client)
      let health = try await client.health()
      #expect(health.isReady)
      #expect(health.models.map(\.workersReady) == [1])
      #expect(health.models.map(\.workersKnown) == [2])
      let again = try await TestServer.worker(.miniLM(), ["--threads", "1", "--listen", address])
      try await eventually("the other worker is back") { try await state() == "ready" }
      #expect(again.process.isRunning)
    }

    @Test("a coordinator may have workers elsewhere only")
    func onlyElsewhere() async throws {
      let elsewhere = try await SharedServer.sectionsWorker.server
      let server = try await TestServer.coordinator(
        [], ["--worker", elsewhere.address.description])
      try await server.withClient { client in
        let answers = try await client.classify(["a library"], call: .sections).values()
        #expect(answers.count == 1)
        #expect(try await client.info().models.map(\.name) == ["sections"])
      }
    }

    @Test("a coordinator killed with -9 leaves no worker behind")
    func coordinatorKilled() async throws {
      let server = try await TestServer.coordinator([.sections()], ["--replicas", "2"])
      let workers = try await server.withClient { client in
        try await waitForWorkers(client, count: 2)
      }
      server.process.send(Self.kill)
      #expect(try await server.process.exit() == .signal(Self.kill))
      try await eventually("its workers end", within: .seconds(5)) {
        workers.allSatisfy { !TestServer.isRunning($0) }
      }
    }

    @Test("SIGTERM lets open calls end, takes no more, and ends with 0")
    func drain() async throws {
      let server = try await TestServer.coordinator([.miniLM()])
      try await server.withClient { client in
        let workers = try await waitForWorkers(client, count: 1)
        let inputs = Input.texts((0..<30).map { reference.texts[107 + $0 % 5] })
        let call = CallOptions.miniLM.with { $0.truncation = .right }
        let answer = Task { try await client.embed(inputs, call: call) }
        try await eventually("the call is with a worker") {
          try await client.info().workers.contains { $0.openPieces > 0 }
        }
        server.process.send(Self.terminate)
        let values = try await answer.value.values()
        #expect(
          difference(values[0].vector, reference.vectors[107]) <= Tolerance.embedding)
        #expect(try await server.process.exit() == .status(0))
        try await eventually("its worker ends", within: .seconds(5)) {
          workers.allSatisfy { !TestServer.isRunning($0) }
        }
        let error = try await callError { _ = try await client.embed(["x"], call: .miniLM) }
        #expect(error.code == .unavailable)
      }
    }

    @Test("SIGTERM at rest ends a coordinator at once, Ctrl-C with 130")
    func end() async throws {
      for (signal, status) in [(Self.terminate, Int32(0)), (2, 130)] {
        let server = try await TestServer.coordinator([.sections()])
        let (exit, duration) = try await timed {
          server.process.send(signal)
          return try await server.process.exit()
        }
        #expect(exit == .status(status))
        #expect(duration < .seconds(3))
      }
    }

    @Test("Info lists every worker with its model and state")
    func info() async throws {
      try await SharedServer.coordinator.server.withClient { client in
        let info = try await client.info()
        #expect(info.role == "coordinator")
        #expect(
          info.workers.map(\.model).sorted() == ["minilm", "minilm", "reranker", "sections"])
        #expect(info.workers.allSatisfy { $0.state == "ready" })
        #expect(info.workers.allSatisfy { TestServer.isRunning($0.processID) })
        #expect(info.models.map(\.name) == ["minilm", "reranker", "sections"])
        #expect(info.models.map(\.task) == ["embed", "classify", "classify"])
        #expect(info.models.map(\.score) == ["cosine", "cross-encoder", "none"])
        #expect(info.models.map(\.dimensions) == [384, 0, 0])
        #expect(info.models.map(\.maxTokens) == [256, 256, 256])
        let health = try await client.health()
        #expect(health.isLive && health.isReady && health.isProgressing)
        #expect(health.models.map(\.workersReady) == [2, 1, 1])
      }
    }
  }
}
