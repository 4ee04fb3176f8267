import Inference
import Logging
import NIOCore
import NIOPosix
import Status
import TestSupport
import Transport
import Wire
import WorkerService

/// A worker of one compute thread over a `HeldModel`, with its calls and its status on ports of the
/// system's choice.
struct TestWorker {
  let model = HeldModel()
  /// The service's loop, which a test may hold up: it is no other test's.
  let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  let engine: Engine
  let status: WorkerStatus
  let service: WorkerService
  let listener: Listener
  let probes: StatusListener

  var port: Int { listener.address.port ?? 0 }

  private init(stillnessMax: Duration) async throws {
    let loop = group.next()
    let info = EngineInfo(
      name: "held", fingerprint: "held-1", model: model.description, architecture: "Held",
      precision: "f32", instructionSet: "none", threadCount: 1, parameterCount: 0)
    engine = Engine(
      model: model, info: info, limits: .defaults(threadCount: 1), tokenizerThreadCount: 0)
    status = WorkerStatus(modelName: "held", on: loop, stillnessMax: stillnessMax)
    service = WorkerService(engine: engine, status: status, on: loop)
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    probes = try await StatusListener.bind(
      host: "127.0.0.1", port: 0, source: status, logger: logger)
    listener = try await Listener.bind(
      host: "127.0.0.1", port: 0, on: loop, configuration: .defaults(agent: "test"),
      service: service, logger: logger)
  }

  /// Lends a worker that does not serve yet, and ends it.
  static func withCold(
    stillnessMax: Duration = WorkerHealth.stillnessMax,
    _ body: (TestWorker) async throws -> Void
  ) async throws {
    let worker = try await TestWorker(stillnessMax: stillnessMax)
    do {
      try await body(worker)
    } catch {
      await worker.end()
      throw error
    }
    await worker.end()
  }

  /// Lends a worker that serves, and ends it.
  static func with(
    stillnessMax: Duration = WorkerHealth.stillnessMax,
    _ body: (TestWorker) async throws -> Void
  ) async throws {
    try await withCold(stillnessMax: stillnessMax) { worker in
      worker.status.warmingUp(worker.engine)
      try worker.engine.warmUp()
      worker.status.serving()
      try await body(worker)
    }
  }

  private func end() async {
    model.hold.set(.none)
    service.beginDraining()
    listener.beginDraining()
    await probes.shutDown()
    engine.shutDown()
    // It fails only where it was called before.
    try? await group.shutdownGracefully()
  }

  /// What `/ready`, `/live` or `/metrics` says.
  func get(_ path: String) async throws -> HTTPAnswer {
    try await HTTPPeer.get(path, port: probes.address.port ?? 0)
  }

  /// A connection that has said hello.
  func peer() async throws -> RawPeer {
    let peer = try RawPeer(port: port)
    try await peer.send(WireBytes.hello())
    return peer
  }
}

extension RawPeer {
  /// Asks for the worker's health.
  func askHealth(
    _ callID: UInt64, watch: Bool = true, budgetMicroseconds: UInt64? = nil
  ) async throws {
    let head = RequestHead(method: .health, remainingMicroseconds: budgetMicroseconds)
    try await send(
      WireBytes.frame(
        .request, flags: .end, callID: callID, head: head.encoded(),
        body: HealthRequest(watch: watch).encoded()))
  }

  /// The next part of an answer about health.
  ///
  /// - Returns: the health, or nil where the status is not OK; the status; whether it is the last.
  func readHealth() async throws -> (health: HealthResponse?, status: Status, isLast: Bool) {
    guard let frame = try await readAnswer(), frame.header.kind == .response else {
      throw TestFailure("the worker sent no response")
    }
    let status = try frame.responseHead().status
    return (
      status.isOK ? try HealthResponse(decoding: frame.body.readableBytesSpan) : nil, status,
      frame.header.flags == .end
    )
  }
}
