internal import CPlatform
internal import Discovery
internal import Logging
internal import NIOCore
internal import Status
package import Transport
package import Wire

/// Answers callers: routes calls by model, and tells of itself.
///
/// Everything happens on one event loop, which is the listener's and the workers' as well, so there
/// are no locks.
package final class CoordinatorService: CallService {
  private static let tickInterval = TimeAmount.milliseconds(20)

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

  package func callCancelled(_ call: IncomingCall) {
    state.value.callCancelled(call)
  }

  package func loadReport() -> LoadReport? { nil }
}

/// What a coordinator knows; on its event loop only.
final class CoordinatorState {
  /// A worker with the connection to it, once there is one.
  private struct KnownWorker {
    /// The model that it serves or is to serve; nil for one elsewhere that has not said yet.
    var model: String?
    /// Its id with the model's scheduler.
    var id: Scheduler.WorkerID?
    var link: WorkerLink?
    var info: ModelInfo?
    var restarts = 0
    /// Its process is ours.
    var isOurs: Bool
    var isReady = false
    /// It goes once it has nothing more to answer.
    var isLeaving = false
  }

  private static let emptyModelAge = TimeAmount.seconds(60)

  private let configuration: CoordinatorConfiguration
  private let eventLoop: any EventLoop
  private let logger: Logger
  private let started = NIODeadline.now()
  private var workers: [Int: KnownWorker] = [:]
  private var nextWorkerID = 0
  private var relays: [String: ModelRelay] = [:]
  /// Since when a model has no worker, up or down.
  private var emptySince: [String: NIODeadline] = [:]
  /// The one that the last call went to: most often the next one goes there too.
  private var lastRelay: ModelRelay?
  private lazy var slowCalls = SlowCallLog(limit: configuration.slowCall, logger: logger)
  private lazy var healthWatch = ChangeWatch(on: eventLoop) {
    [bound = NIOLoopBound(self, eventLoop: eventLoop)] in
    bound.value.health()
  }
  /// All workers that were wanted at the start have been up.
  private var hasStarted = false
  /// Models that calls were answered for, or could have been.
  private var servedModels: Set<String> = []
  private var isStopping = false
  private var connectionCount: () -> Int = { 0 }
  private var openBytes = 0
  private(set) var openCallCount = 0
  private lazy var remote = RemoteWorkers(state: self, eventLoop: eventLoop, logger: logger)

  init(
    configuration: CoordinatorConfiguration, eventLoop: any EventLoop, logger: Logger
  ) {
    self.configuration = configuration
    self.eventLoop = eventLoop
    self.logger = logger
  }

  // MARK: Workers

  /// A worker that is to be: of our own with a model, or elsewhere without.
  func addWorker(model: String?) -> Int {
    let id = nextWorkerID
    nextWorkerID += 1
    workers[id] = KnownWorker(model: model, isOurs: model != nil)
    if let model { workers[id]?.id = relay(for: model).addWorker() }
    return id
  }

  /// A worker listens at the address.
  func workerListens(_ id: Int, at address: WorkerAddress, processID: Int) {
    guard workers[id] != nil else { return }
    if let link = workers[id]?.link {
      workers[id]?.restarts += 1
      return link.moved(to: address, processID: processID)
    }
    let link = WorkerLink(
      id: id, address: address, processID: processID,
      configuration: .defaults(agent: "millpond \(Version.current) coordinator"),
      eventLoop: eventLoop, logger: logger
    ) { [unowned self] link, event in
      workerEvent(link, event)
    }
    workers[id]?.link = link
    link.connect()
  }

  /// A worker's process has ended.
  func workerExited(_ id: Int) {
    workers[id]?.link?.processEnded()
  }

  /// A worker's process is not started again.
  func workerGivenUp(_ id: Int) {
    guard let worker = workers[id], let known = worker.id else { return }
    relay(of: worker)?.workerLost(known, isDeath: false, isStarting: false)
  }

  /// Finds workers that somebody else runs at these sources from now on, and at no others.
  func follow(_ sources: [AddressSource]) { remote.follow(sources) }

  func isReady(_ id: Int) -> Bool { workers[id]?.isReady ?? false }

  func hasWorker(_ id: Int) -> Bool { workers[id] != nil }

  var hasReadyWorker: Bool { workers.values.contains(where: \.isReady) }

  func fingerprint(of id: Int) -> String? { workers[id]?.info?.fingerprint }

  func worker(at address: String) -> Int? {
    workers.first { $0.value.link?.address.description == address }?.key
  }

  /// Whether the worker has something to answer.
  func isBusy(_ id: Int) -> Bool {
    guard let worker = workers[id], let known = worker.id else { return false }
    return relay(of: worker)?.scheduler.worker(known)?.pieces.isEmpty == false
  }

  /// A worker gets nothing more; that it ends will be our doing.
  func retire(_ id: Int) {
    guard let worker = workers[id] else { return }
    worker.link?.leave()
    if let known = worker.id { relay(of: worker)?.workerDraining(known) }
  }

  /// A worker gets nothing more, and is let go once it has answered what it has.
  func letGo(_ id: Int) {
    retire(id)
    workers[id]?.isLeaving = true
  }

  /// A worker is no more.
  func removeWorker(_ id: Int) {
    guard let worker = workers.removeValue(forKey: id) else { return }
    worker.link?.stop()
    if let known = worker.id { relay(of: worker)?.removeWorker(known) }
  }

  /// A model is served no longer, if it has no workers.
  func removeModel(_ name: String) {
    guard !hasWorkers(of: name) else { return }
    relays[name]?.refuseAll(
      Status(.notFound, reason: .unknownModel, "model '\(name)' is served no longer"))
    relays[name] = nil
    servedModels.remove(name)
    emptySince[name] = nil
    lastRelay = nil
  }

  /// Has new calls of a model go on to the fingerprint that answers them now, whatever else comes up.
  ///
  /// - Returns: that one, and what was preferred before.
  func holdFingerprint(of model: String) -> (held: String?, preferred: String?) {
    let relay = relay(for: model)
    let scheduler = relay.scheduler
    let preferred = scheduler.current.map { scheduler.fingerprints[$0] }
    let held = preferred ?? scheduler.currentFingerprints.first
    relay.prefer(fingerprint: held)
    return (held, preferred)
  }

  func prefer(fingerprint: String?, of model: String) {
    relay(for: model).prefer(fingerprint: fingerprint)
  }

  func isInUse(_ fingerprint: String, of model: String) -> Bool {
    relays[model]?.scheduler.isInUse(fingerprint: fingerprint) ?? false
  }

  func stop() {
    remote.stop()
    for worker in workers.values { worker.link?.stop() }
  }

  func checkTime(_ now: NIODeadline) {
    for relay in relays.values { relay.checkTime(now) }
    for (id, worker) in workers where worker.isLeaving && !isBusy(id) { removeWorker(id) }
    forgetEmptyModels(now)
  }

  /// A model that no worker is known of is not served any more, if that lasts: workers that are all
  /// replaced at once leave the name for a moment.
  private func forgetEmptyModels(_ now: NIODeadline) {
    for name in relays.keys {
      let since = hasWorkers(of: name) ? nil : emptySince[name] ?? now
      emptySince[name] = since
      if let since, now - since > Self.emptyModelAge { removeModel(name) }
    }
  }

  private func hasWorkers(of model: String) -> Bool {
    workers.values.contains { $0.model == model }
  }

  private func workerEvent(_ link: WorkerLink, _ event: WorkerLink.Event) {
    guard let worker = workers[link.id] else { return }
    switch event {
    case .ready(let info): workerReady(link, info)
    case .load(let load):
      guard let id = worker.id else { return }
      relay(of: worker)?.workerReported(id, load)
    case .draining:
      guard let id = worker.id else { return }
      relay(of: worker)?.workerDraining(id)
    case .down(let isDeath):
      if worker.isReady {
        logger.log(
          level: isDeath ? .warning : .info, "worker lost",
          metadata: ["worker": "\(link.address)", "model": "\(worker.model ?? "")"])
      }
      workers[link.id]?.isReady = false
      guard let id = worker.id else { return }
      relay(of: worker)?.workerLost(id, isDeath: isDeath, isStarting: worker.isOurs)
    }
  }

  private func workerReady(_ link: WorkerLink, _ info: ModelInfo) {
    guard let worker = workers[link.id], !worker.isLeaving else { return }
    if worker.model != info.name || worker.id == nil {
      // One elsewhere has told its model, or has another one than before.
      if let id = worker.id { relay(of: worker)?.removeWorker(id) }
      workers[link.id]?.model = info.name
      workers[link.id]?.id = relay(for: info.name).addWorker()
    }
    workers[link.id]?.info = info
    workers[link.id]?.isReady = true
    guard let id = workers[link.id]?.id else { return }
    servedModels.insert(info.name)
    warnOfOthers(than: info, link)
    relay(for: info.name).workerReady(id, link, info)
    logger.info(
      "worker ready",
      metadata: [
        "worker": "\(link.address)", "model": "\(info.name)", "pid": "\(link.processID)",
      ]
    )
  }

  /// Calls of one model go to workers that answer differently, as while it is replaced: whoever did
  /// not mean that is told.
  private func warnOfOthers(than info: ModelInfo, _ link: WorkerLink) {
    let scheduler = relay(for: info.name).scheduler
    let others = scheduler.currentFingerprints.filter { $0 != info.fingerprint }
    guard !others.isEmpty, scheduler.current == nil else { return }
    logger.warning(
      "a worker answers differently from others of its model, and calls go to both",
      metadata: [
        "worker": "\(link.address)", "model": "\(info.name)", "fingerprint": "\(info.fingerprint)",
        "others": "\(others.joined(separator: " "))",
      ])
  }

  private func relay(of worker: KnownWorker) -> ModelRelay? {
    worker.model.flatMap { relays[$0] }
  }

  private func relay(for model: String) -> ModelRelay {
    if let relay = relays[model] { return relay }
    let relay = ModelRelay(
      model: model, configuration: configuration.scheduling,
      cacheBytes: configuration.admission.cacheBytes, eventLoop: eventLoop,
      owner: ModelRelay.Owner(
        held: { [unowned self] in openBytes += $0 },
        ended: { [unowned self] call, outcome in
          openCallCount -= 1
          slowCalls.ended(call, outcome, model: model)
        }))
    relays[model] = relay
    return relay
  }

  // MARK: Calls

  func callReceived(_ call: IncomingCall) {
    switch call.head.method {
    case .info?: call.respond(ResponseHead(), body: info().encoded())
    case .health?: healthAsked(call)
    case .embed?, .classify?, .score?, .tokenize?:
      do throws(Status) {
        try relay(call)
      } catch {
        call.refuse(error)
      }
    case .admin?:
      call.refuse(
        Status(
          .unimplemented, reason: .unknownMethod,
          "this address takes no commands: they go to the one that --admin names"))
    case nil:
      call.refuse(
        Status(
          .unimplemented, reason: .unknownMethod,
          "method \(call.head.methodNumber) is not known here"))
    }
  }

  func callCancelled(_ call: IncomingCall) {
    for relay in relays.values where relay.cancel(call) { return }
  }

  private func relay(_ call: IncomingCall) throws(Status) {
    guard let method = call.head.method else { return }
    let relay = try relay(asked: call.head.model)
    do throws(Status) {
      try admit(call)
      openCallCount += 1
      do throws(Status) {
        try relay.receive(call, method: method)
      } catch {
        openCallCount -= 1
        throw error
      }
    } catch {
      relay.refused(call, method, error)
      throw error
    }
  }

  /// - Throws: NOT_FOUND for a model that is not served, INVALID_ARGUMENT where none is named and
  ///   several are; both list what there is.
  private func relay(asked: String) throws(Status) -> ModelRelay {
    if let last = lastRelay, last.model == asked { return last }
    if let relay = relays[asked] {
      lastRelay = relay
      return relay
    }
    let list = relays.keys.sorted().map { "'\($0)'" }.joined(separator: ", ")
    if asked.isEmpty {
      guard let only = relays.values.first, relays.count == 1 else {
        throw Status(
          relays.isEmpty ? .unavailable : .invalidArgument, reason: .unknownModel,
          relays.isEmpty
            ? "no worker has told its model yet"
            : "the call names no model and several are served: \(list)",
          isRetryable: relays.isEmpty)
      }
      return only
    }
    // Whoever asks another coordinator, or later, may be answered.
    guard hasStarted, !workers.values.contains(where: { $0.model == nil }), !relays.isEmpty else {
      throw Status(
        .unavailable, reason: .warmingUp,
        "no worker has told yet that it serves '\(asked)'; served: \(list)", isRetryable: true)
    }
    throw Status(
      .notFound, reason: .unknownModel, "model '\(asked)' is not served here; served: \(list)")
  }

  /// All or nothing: a call whose bytes do not fit is refused whole.
  private func admit(_ call: IncomingCall) throws(Status) {
    let limit = configuration.admission.bytesMax
    guard openBytes + call.body.readableBytes > limit else { return }
    throw .overloaded(
      "\(openBytes) bytes of open calls are held, the limit is \(limit)",
      retryAfter: 100_000_000)
  }

  // MARK: Answers about itself

  private func info() -> InfoResponse {
    var models: [String: ModelInfo] = [:]
    for (_, worker) in workers.sorted(by: { $0.key < $1.key }) {
      if let info = worker.info { models[info.name] = info }
    }
    return InfoResponse(
      role: "coordinator", version: Version.current,
      models: models.values.sorted { $0.name < $1.name },
      workers: workers.sorted { $0.key < $1.key }.map { workerInfo($0.value) },
      residentBytes: cp_resident_bytes(),
      uptimeMilliseconds: UInt64(clamping: (.now() - started).nanoseconds / 1_000_000),
      traffic: relays.values.sorted { $0.model < $1.model }.map { $0.traffic(.now()) })
  }

  private func workerInfo(_ worker: KnownWorker) -> WorkerInfo {
    var info = WorkerInfo()
    info.address = worker.link?.address.description ?? ""
    info.model = worker.model ?? ""
    info.processID = worker.link?.processID ?? 0
    info.restarts = worker.restarts
    info.fingerprint = worker.info?.fingerprint ?? ""
    info.state = WorkerPhase.starting.rawValue
    guard let id = worker.id, let state = relay(of: worker)?.scheduler.worker(id) else {
      return info
    }
    info.state = state.phase.rawValue
    info.load = state.load
    info.openPieces = state.pieces.count
    info.backlogMicroseconds = UInt64(max(0, state.backlog(.bulk)) / 1_000)
    info.answeredPieces = state.answeredPieces
    info.answeredInputs = state.answeredInputs
    info.computeMicroseconds = state.computeNanoseconds / 1_000
    info.slowness = state.slowness
    return info
  }

  private func healthAsked(_ call: IncomingCall) {
    let body = call.body
    do throws(WireError) {
      let request = try HealthRequest(decoding: body.readableBytesSpan)
      guard request.watch else {
        return call.respond(ResponseHead(), body: health().encoded())
      }
    } catch {
      return call.refuse(Status(.invalidArgument, error.message))
    }
    let id = healthWatch.watch(until: call.deadline) { health, isLast in
      call.respond(ResponseHead(), body: ByteBuffer(bytes: health.encoded()), isLast: isLast)
    }
    guard let id else {
      return call.refuse(Status(.resourceExhausted, reason: .limit, "too many watch"))
    }
    call.onCancel { [healthWatch] in
      guard healthWatch.cancel(id) else { return }
      call.refuse(Status(.cancelled, "cancelled by the caller"))
    }
  }

  func beganServing() { hasStarted = true }

  /// It takes no new calls from now on.
  func beginStopping() {
    isStopping = true
    healthWatch.end()
  }

  /// Why calls are not taken now, or nil.
  var unreadiness: String? {
    if isStopping { return "stopping" }
    if relays.isEmpty { return "no worker has told its model yet" }
    // One that an operator adds does not take the others away while its workers start.
    let without = relays.values.filter { relay in
      relay.scheduler.ready.isEmpty && (!hasStarted || servedModels.contains(relay.model))
    }.map(\.model).sorted()
    return without.isEmpty ? nil : "no worker is up of: \(without.joined(separator: ", "))"
  }

  /// Tells the service manager that all is well, as long as this loop runs.
  func keepAlive(_ manager: ServiceManager) {
    guard let interval = manager.watchdogInterval else { return }
    let period = TimeAmount(interval)
    eventLoop.scheduleRepeatedTask(initialDelay: period, delay: period) { _ in
      manager.notify(.watchdog)
    }
  }

  /// Whether no model has only workers that owe late answers.
  private var isProgressing: Bool {
    !relays.values.contains { relay in
      let late = relay.scheduler.lateWorkers
      return !late.isEmpty && late.count == relay.scheduler.ready.count
    }
  }

  func count(connections: @escaping () -> Int) { connectionCount = connections }

  func metrics() -> PrometheusText {
    let shown = workers.sorted { $0.key < $1.key }.map { _, worker in
      CoordinatorMetrics.Worker(
        address: worker.link?.address.description ?? "", model: worker.model ?? "",
        state: worker.id.flatMap { relay(of: worker)?.scheduler.worker($0) },
        restarts: worker.restarts)
    }
    var metrics = CoordinatorMetrics(
      relays.values.sorted { $0.model < $1.model }, shown, now: .now())
    return metrics.finished(
      isReady: unreadiness == nil, openBytes: openBytes, connections: connectionCount(),
      residentBytes: cp_resident_bytes())
  }

  private func health() -> HealthResponse {
    let models = relays.sorted { $0.key < $1.key }.map { name, relay in
      ModelHealth(
        name: name, workersReady: relay.scheduler.ready.count,
        workersKnown: relay.scheduler.workers.count)
    }
    return HealthResponse(
      isLive: true, isReady: unreadiness == nil, isProgressing: isProgressing, models: models)
  }
}
