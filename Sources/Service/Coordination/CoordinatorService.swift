internal import CPlatform
internal import Logging
internal import NIOCore
package import Transport
package import Wire

/// Answers callers: routes by model, cuts calls into pieces, and tells of itself.
///
/// Everything happens on one event loop, which is the listener's and the workers' as well, so there
/// are no locks.
package final class CoordinatorService: CallService {
  private static let tickInterval = TimeAmount.milliseconds(50)

  private let state: NIOLoopBound<CoordinatorState>

  /// On the event loop.
  init(state: CoordinatorState, eventLoop: any EventLoop) {
    self.state = NIOLoopBound(state, eventLoop: eventLoop)
    let bound = self.state
    eventLoop.scheduleRepeatedTask(
      initialDelay: Self.tickInterval, delay: Self.tickInterval
    ) { _ in
      bound.value.checkTime(.now())
    }
  }

  package func callReceived(_ call: IncomingCall) {
    state.value.callReceived(call)
  }

  package func loadReport() -> LoadReport? { nil }
}

/// What a coordinator knows; on its event loop only.
final class CoordinatorState {
  private let configuration: CoordinatorConfiguration
  private let eventLoop: any EventLoop
  private let logger: Logger
  private let started = NIODeadline.now()
  private var pool = WorkerPool()
  private var links: [WorkerPool.WorkerID: WorkerLink] = [:]
  private var costModels: [String: CostModel] = [:]
  private var relays: [ObjectIdentifier: CallRelay] = [:]
  private var openBytes = 0
  private var readyWaiters: [() -> Void] = []
  private var isPumpDue: Set<String> = []

  init(
    configuration: CoordinatorConfiguration, eventLoop: any EventLoop, logger: Logger
  ) {
    self.configuration = configuration
    self.eventLoop = eventLoop
    self.logger = logger
  }

  // MARK: Workers

  /// A worker that is to be: of our own with a model, or elsewhere without.
  func addWorker(model: String?) -> WorkerPool.WorkerID { pool.add(model: model) }

  /// A worker listens at the address.
  func workerListens(
    _ id: WorkerPool.WorkerID, at address: WorkerAddress, processID: Int
  ) {
    if let link = links[id] {
      link.restarts += 1
      link.moved(to: address, processID: processID)
      return
    }
    let link = WorkerLink(
      id: id, address: address, processID: processID,
      configuration: .defaults(agent: "millpond \(Version.current) coordinator"),
      eventLoop: eventLoop, logger: logger
    ) { [unowned self] link, event in
      workerEvent(link, event)
    }
    links[id] = link
    link.connect()
  }

  /// A worker's process has ended.
  func workerExited(_ id: WorkerPool.WorkerID) {
    links[id]?.processEnded()
    pool.starting(id)
  }

  /// Calls back once every worker of our own is ready; with none of our own, once any is.
  func whenReady(_ body: @escaping () -> Void) {
    readyWaiters.append(body)
    checkReady()
  }

  func stop() {
    for link in links.values { link.stop() }
  }

  var openCallCount: Int { relays.count }

  private func workerEvent(_ link: WorkerLink, _ event: WorkerLink.Event) {
    switch event {
    case .ready(let info):
      pool.ready(link.id, info: info)
      logger.info(
        "worker ready",
        metadata: [
          "worker": "\(link.address)", "model": "\(info.name)", "pid": "\(link.processID)",
        ]
      )
      checkReady()
      pumpAll(model: info.name)
    case .load(let load):
      pool.reported(load, by: link.id)
      if let model = pool.workers[link.id]?.model {
        costModels[model, default: CostModel()].seed(from: load)
      }
    case .draining: pool.draining(link.id)
    case .down:
      pool.down(link.id)
    }
  }

  private func checkReady() {
    let all = pool.workers.values
    let isReady =
      configuration.models.isEmpty
      ? all.contains { $0.phase == .ready }
      : all.allSatisfy { $0.phase == .ready || isElsewhere($0) }
    guard isReady else { return }
    let waiters = readyWaiters
    readyWaiters = []
    for waiter in waiters { waiter() }
  }

  private func isElsewhere(_ worker: WorkerPool.Worker) -> Bool {
    links[worker.id].map { $0.processID == 0 } ?? false
  }

  /// Lets the calls that wait for a worker of the model go on, in their order.
  private func pumpAll(model: String) {
    isPumpDue.remove(model)
    let waiting = relays.values.filter { $0.model == model && $0.hasPending }
    for relay in waiting.sorted(by: { $0.goes(before: $1) }) { relay.pump() }
  }

  /// A worker of the model has room again: once the present event is dealt with, waiting calls go
  /// on.
  private func pumpSoon(model: String) {
    guard relays.count > 1, isPumpDue.insert(model).inserted else { return }
    let bound = NIOLoopBound(self, eventLoop: eventLoop)
    eventLoop.execute { bound.value.pumpAll(model: model) }
  }

  // MARK: Calls

  func callReceived(_ call: IncomingCall) {
    switch call.head.method {
    case .info: call.respond(ResponseHead(), body: info().encoded())
    case .health: call.respond(ResponseHead(), body: health().encoded())
    case .embed?, .classify?, .score?, .tokenize?:
      do throws(Status) {
        try relay(call)
      } catch {
        call.refuse(error)
      }
    case .admin?, nil:
      call.refuse(
        Status(
          .unimplemented, reason: .unknownMethod,
          "method \(call.head.methodNumber) is not known here"))
    }
  }

  func checkTime(_ now: NIODeadline) {
    for relay in Array(relays.values) {
      relay.checkTime(now)
      let hasWaitedLong =
        relay.deadline == nil
        && now - relay.received > TimeAmount(configuration.admission.noWorkerWait)
      if relay.isWaiting, hasWaitedLong, pool.readyWorkers(of: relay.model).isEmpty {
        relay.fail(
          Status(
            .unavailable, reason: .workerLost,
            "no worker of model '\(relay.model)' came up in \(configuration.admission.noWorkerWait)",
            isRetryable: true))
      }
    }
  }

  private func relay(_ call: IncomingCall) throws(Status) {
    guard let method = call.head.method else { return }
    let model = try modelName(call.head.model)
    if let deadline = call.deadline, deadline <= .now() {
      throw Status(.deadlineExceeded, "the deadline had passed when the call arrived")
    }
    try admit(call, model: model)
    let costModel = costModels[model, default: CostModel()]
    let workerCount = pool.workers(of: model).count
    // What a head says is not true of every caller's; texts are never longer than the body.
    let textByteCount = min(call.head.textByteCount, call.body.readableBytes)
    let total = costModel.cost(byteCount: textByteCount)
    var splittable: SplittableCall?
    var counts = [textByteCount]
    let fanOut = configuration.fanOut.adapted(
      batchNanoseconds: pool.batchNanoseconds(of: model))
    if workerCount > 1, call.head.inputCount > 1, total > fanOut.pieceMin.nanoseconds {
      splittable = try Self.split(call, method)
      counts = splittable?.inputByteCounts ?? counts
    }
    start(
      CallRelay(
        call: call, method: method, model: model, splittable: splittable,
        inputByteCounts: counts, costs: counts.map { costModel.cost(byteCount: $0) },
        configuration: fanOut, environment: environment(model: model)),
      call)
  }

  /// - Returns: nil for a call that only a worker can judge.
  private static func split(
    _ call: IncomingCall, _ method: Method
  ) throws(Status) -> SplittableCall? {
    let body = call.body
    let splittable: SplittableCall?
    do throws(WireError) {
      splittable = try SplittableCall(method, body: body.readableBytesSpan)
    } catch {
      throw Status(.invalidArgument, error.message)
    }
    guard let splittable, splittable.isWellFormed else { return nil }
    try call.head.check(inputCount: splittable.inputByteCounts.count)
    return splittable
  }

  private func start(_ relay: CallRelay, _ call: IncomingCall) {
    relays[ObjectIdentifier(relay)] = relay
    openBytes += relay.byteCount
    let bound = NIOLoopBound(relay, eventLoop: eventLoop)
    call.onCancel { [eventLoop] in
      eventLoop.execute { bound.value.cancel() }
    }
    relay.pump()
  }

  private func environment(model: String) -> CallRelay.Environment {
    CallRelay.Environment(
      candidates: { [unowned self] in pool.candidates(for: $0) },
      link: { [unowned self] in links[$0] },
      sent: { [unowned self] in pool.sent($0, to: $1) },
      ended: { [unowned self] in
        pool.ended($0, on: $1)
        pumpSoon(model: model)
      },
      reported: { [unowned self] in pool.reported($0, by: $1) },
      observed: { [unowned self] in
        costModels[model, default: CostModel()].observe(
          byteCount: $0, inputCount: $1, computeNanoseconds: $2)
      },
      held: { [unowned self] in openBytes += $0 },
      finished: { [unowned self] relay in
        guard relays.removeValue(forKey: ObjectIdentifier(relay)) != nil else { return }
        openBytes -= relay.byteCount
      })
  }

  /// - Throws: NOT_FOUND for a model that is not served, INVALID_ARGUMENT where none is named and
  ///   several are; both list what there is.
  private func modelName(_ asked: String) throws(Status) -> String {
    let names = pool.modelNames
    let list = names.map { "'\($0)'" }.joined(separator: ", ")
    if asked.isEmpty {
      guard let only = names.first, names.count == 1 else {
        throw Status(
          names.isEmpty ? .unavailable : .invalidArgument, reason: .unknownModel,
          names.isEmpty
            ? "no worker has told its model yet"
            : "the call names no model and several are served: \(list)")
      }
      return only
    }
    guard names.contains(asked) else {
      throw Status(
        .notFound, reason: .unknownModel, "model '\(asked)' is not served here; served: \(list)")
    }
    return asked
  }

  /// All or nothing: a call that does not fit is refused whole, with a time to come back.
  private func admit(_ call: IncomingCall, model: String) throws(Status) {
    let admission = configuration.admission
    let backlog = pool.leastBacklog(of: model) ?? 0
    let isFull =
      relays.count >= admission.callsMax
      || openBytes + call.body.readableBytes > admission.bytesMax
    let isBehind = backlog > admission.backlogMax.nanoseconds
    guard isFull || isBehind else { return }
    let reason =
      isBehind
      ? "the backlog of model '\(model)' is \(backlog / 1_000_000) ms, the limit is "
        + "\(admission.backlogMax.nanoseconds / 1_000_000) ms"
      : "\(relays.count) calls of \(openBytes) bytes are open, the limits are "
        + "\(admission.callsMax) and \(admission.bytesMax)"
    throw Status(
      .resourceExhausted, reason: .overloaded, reason, isRetryable: true,
      retryAfterMicroseconds: UInt64(clamping: max(backlog / 1_000, 10_000)))
  }

  // MARK: Answers about itself

  private func info() -> InfoResponse {
    let workers = pool.workers.values.sorted { $0.id < $1.id }
    var models: [String: ModelInfo] = [:]
    for worker in workers {
      if let info = worker.info { models[info.name] = info }
    }
    return InfoResponse(
      role: "coordinator", version: Version.current,
      models: models.values.sorted { $0.name < $1.name }, workers: workers.map(workerInfo),
      residentBytes: cp_resident_bytes(),
      uptimeMilliseconds: UInt64(clamping: (.now() - started).nanoseconds / 1_000_000))
  }

  private func workerInfo(_ worker: WorkerPool.Worker) -> WorkerInfo {
    var info = WorkerInfo()
    let link = links[worker.id]
    info.address = link?.address.description ?? ""
    info.model = worker.model ?? ""
    info.state = worker.phase.rawValue
    info.processID = link?.processID ?? 0
    info.restarts = link?.restarts ?? 0
    info.load = worker.load
    info.openPieces = worker.openPieces
    return info
  }

  private func health() -> HealthResponse {
    let models = pool.modelNames.map { name in
      ModelHealth(
        name: name, workersReady: pool.readyWorkers(of: name).count,
        workersKnown: pool.workers(of: name).count)
    }
    let isReady = !models.isEmpty && models.allSatisfy { $0.workersReady > 0 }
    return HealthResponse(isLive: true, isReady: isReady, isProgressing: true, models: models)
  }
}
