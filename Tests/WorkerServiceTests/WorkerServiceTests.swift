import Inference
import NIOCore
import NIOPosix
import TestSupport
import Testing
import Transport
import Wire
import WorkerService

@Suite("A worker's service over sockets", .timeLimit(.minutes(1)))
struct WorkerServiceTests {
  /// From which stillness on a thread is stuck here: soon, and longer than a machine with other work
  /// takes one from a thread.
  private static let stuck = Duration.milliseconds(300)

  @Test("before its engine is warm a worker is live and not ready, and says why")
  func cold() async throws {
    try await TestWorker.withCold { worker in
      #expect(try await worker.get("/live").body == "live\n")
      var ready = try await worker.get("/ready")
      #expect(ready.code == 503)
      #expect(ready.body == "model 'held' is loading\n")
      worker.status.warmingUp(worker.engine)
      ready = try await worker.get("/ready")
      #expect(ready.body == "model 'held' is warming up\n")
      #expect(try await worker.get("/metrics").body.contains("\nmillpond_worker_ready 0\n"))
      try worker.engine.warmUp()
      worker.status.serving()
      #expect(try await worker.get("/ready").body == "ready\n")
    }
  }

  @Test("a worker whose event loop hangs is not live, and is again when it goes on")
  func hungLoop() async throws {
    try await TestWorker.with { worker in
      let isReleased = Flag()
      // Nothing else lives on this loop.
      worker.group.next().execute { while !isReleased.isSet {} }
      let live = try await worker.get("/live")
      #expect(live.code == 503)
      #expect(live.body == "the event loop has not answered in 1 s\n")
      isReleased.set()
      try await eventually("it is live") { try await worker.get("/live").code == 200 }
    }
  }

  @Test("an answered call is in the metrics when its answer has come")
  func counted() async throws {
    try await TestWorker.with { worker in
      let peer = try await worker.peer()
      let long = String(repeating: "x", count: 100)
      try await peer.send(WireBytes.embed(1, ["a", "b", long], model: ""))
      #expect(try await peer.readResponseHead().status.isOK)
      try await peer.send(WireBytes.embed(2, ["a"], model: "other"))
      #expect(try await peer.readResponseHead().status.code == .notFound)
      let text = try await worker.get("/metrics").body
      for line in [
        #"millpond_worker_calls_total{method="embed",code="OK"} 1"#,
        #"millpond_worker_calls_total{method="embed",code="NOT_FOUND"} 1"#,
        #"millpond_worker_inputs_total{method="embed",code="OK"} 2"#,
        #"millpond_worker_inputs_total{method="embed",code="INVALID_ARGUMENT"} 1"#,
        #"millpond_worker_inputs_total{method="embed",code="NOT_FOUND"} 1"#,
        #"millpond_worker_call_seconds_count{method="embed"} 1"#,
        #"millpond_worker_stage_seconds_count{stage="compute"} 1"#,
      ] {
        #expect(text.contains("\n" + line + "\n"), "\(line)")
      }
    }
  }

  @Test("a stuck compute thread is told to probes, callers and watchers, and so is its recovery")
  func stuckThread() async throws {
    try await TestWorker.with(stillnessMax: Self.stuck) { worker in
      let peer = try await worker.peer()
      try await peer.askHealth(1)
      #expect(try await peer.readHealth().health?.isReady == true)
      worker.model.hold.set(.still)
      try await peer.send(WireBytes.embed(2, ["a"], model: ""))
      let (health, _, isLast) = try await peer.readHealth()
      #expect(health?.isLive == true)
      #expect(health?.isReady == false)
      #expect(health?.isProgressing == false)
      #expect(health?.models.map(\.workersReady) == [0])
      #expect(!isLast)
      let ready = try await worker.get("/ready")
      #expect(ready.code == 503)
      #expect(
        ready.body.hasPrefix("a compute thread of model 'held' is stuck: it has not moved for "))
      #expect(try await worker.get("/live").code == 200)
      #expect(try await worker.get("/metrics").body.contains("\nmillpond_worker_progressing 0\n"))
      worker.model.hold.set(.none)
      // The answer of the call and the change of health, in whichever order.
      var recovered: HealthResponse?
      for _ in 0..<2 {
        guard let frame = try await peer.readAnswer() else { break }
        guard frame.header.callID == 1 else { continue }
        recovered = try HealthResponse(decoding: frame.body.readableBytesSpan)
      }
      #expect(recovered?.isReady == true)
      #expect(try await worker.get("/ready").code == 200)
    }
  }

  @Test("a long batch that goes from layer to layer is not stuck, however busy the thread is")
  func longBatch() async throws {
    try await TestWorker.with(stillnessMax: Self.stuck) { worker in
      let peer = try await worker.peer()
      worker.model.hold.set(.layers)
      try await peer.send(WireBytes.embed(1, ["a"], model: ""))
      try await eventually("the step is old") {
        worker.engine.oldestStep ?? .zero > Self.stuck * 2
      }
      #expect(worker.status.health.isProgressing)
      #expect(try await worker.get("/ready").code == 200)
      worker.model.hold.set(.none)
      #expect(try await peer.readResponseHead().status.isOK)
    }
  }

  @Test("health without watching is one answer, and what does not decode is refused")
  func plainHealth() async throws {
    try await TestWorker.with { worker in
      let peer = try await worker.peer()
      try await peer.askHealth(1, watch: false)
      let (health, _, isLast) = try await peer.readHealth()
      #expect(health?.isReady == true)
      #expect(isLast)
      let head = RequestHead(method: .health)
      try await peer.send(
        WireBytes.frame(
          .request, flags: .end, callID: 2, head: head.encoded(), body: [0xFF, 0xFF]))
      #expect(try await peer.readHealth().status.code == .invalidArgument)
    }
  }

  @Test("a watch ends with a last part when its deadline has passed")
  func watchDeadline() async throws {
    try await TestWorker.with { worker in
      let peer = try await worker.peer()
      try await peer.askHealth(1, budgetMicroseconds: 100_000)
      #expect(try await peer.readHealth().isLast == false)
      let (health, _, isLast) = try await peer.readHealth()
      #expect(health?.isReady == true)
      #expect(isLast)
    }
  }

  @Test("a cancelled watch is answered CANCELLED, and the connection goes on")
  func watchCancelled() async throws {
    try await TestWorker.with { worker in
      let peer = try await worker.peer()
      try await peer.askHealth(1)
      #expect(try await peer.readHealth().isLast == false)
      try await peer.send(WireBytes.frame(.cancel, callID: 1))
      let (_, status, isLast) = try await peer.readHealth()
      #expect(status.code == .cancelled)
      #expect(isLast)
      try await peer.askHealth(2, watch: false)
      #expect(try await peer.readHealth().health?.isReady == true)
    }
  }

  @Test("draining ends a watch with what it comes to, and says so to all")
  func watchDrained() async throws {
    try await TestWorker.with { worker in
      let peer = try await worker.peer()
      try await peer.askHealth(1)
      #expect(try await peer.readHealth().isLast == false)
      worker.service.beginDraining()
      let (health, status, isLast) = try await peer.readHealth()
      #expect(status.isOK)
      #expect(health?.isReady == false)
      #expect(isLast)
      #expect(worker.service.loadReport()?.isDraining == true)
      #expect(try await worker.get("/ready").code == 503)
    }
  }
}
