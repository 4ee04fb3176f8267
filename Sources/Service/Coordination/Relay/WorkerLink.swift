internal import Logging
internal import NIOCore
internal import Transport
internal import Wire

/// The connection to one worker: made, asked for its model, watched, and made anew.
///
/// On the coordinator's event loop only.
final class WorkerLink {
  /// What the coordinator hears of it.
  enum Event {
    /// It takes pieces.
    case ready(ModelInfo)
    case load(LoadReport)
    case draining
    /// The connection is gone; every open call has failed already. It may have died of what it
    /// had, or not: it said go-away before, or is only not heard of.
    case down(isDeath: Bool)
  }

  let id: Int
  private(set) var address: WorkerAddress
  /// 0 when the process is not ours.
  private(set) var processID: Int
  /// Times that the process was started again.
  var restarts = 0

  private let eventLoop: any EventLoop
  private let configuration: ClientConfiguration
  private let logger: Logger
  private let onEvent: (WorkerLink, Event) -> Void
  private var connection: ClientConnection?
  private var backoff = Backoff.reconnect
  private var isStopped = false
  private var isGone = false
  /// It said that it goes, or was told to: its end is nobody's fault.
  private var isLeaving = false
  /// Counts connections, so that events of an old one are known as such.
  private var generation = 0

  /// A lost connection is made anew, later and later while it fails.
  init(
    id: Int, address: WorkerAddress, processID: Int,
    configuration: ClientConfiguration, eventLoop: any EventLoop, logger: Logger,
    onEvent: @escaping (WorkerLink, Event) -> Void
  ) {
    self.id = id
    self.address = address
    self.processID = processID
    self.configuration = configuration
    self.eventLoop = eventLoop
    self.logger = logger
    self.onEvent = onEvent
  }

  /// Makes the connection, at once.
  func connect() {
    generation += 1
    isLeaving = false
    connection = ClientConnection(
      host: address.host, port: address.port, on: eventLoop, configuration: configuration
    ) { [weak self, generation] event in
      // The worker may have moved while an old connection was ending.
      guard let self, generation == self.generation else { return }
      connectionEvent(event)
    }
  }

  /// Its process has ended: nothing listens at the address until it has moved.
  func processEnded() {
    isGone = true
  }

  /// The worker was started anew.
  func moved(to address: WorkerAddress, processID: Int) {
    self.address = address
    self.processID = processID
    isGone = false
    let old = connection
    connect()
    old?.close()
  }

  /// Its end is ours from now on.
  func leave() {
    isLeaving = true
  }

  func stop() {
    isStopped = true
    connection?.close()
  }

  /// - Returns: nil if there is no connection.
  func start(_ call: OutgoingCall, onEvent: @escaping (CallEvent) -> Void) -> UInt64? {
    connection?.start(call, onEvent: onEvent)
  }

  /// An answer is late.
  func probe() {
    connection?.probe()
  }

  func cancel(_ callID: UInt64) {
    connection?.cancel(callID)
  }

  private func connectionEvent(_ event: ConnectionEvent) {
    switch event {
    case .opened: askForModel()
    case .loadReport(let load): onEvent(self, .load(load))
    case .goAway:
      isLeaving = true
      onEvent(self, .draining)
    case .closed(let error):
      logger.debug("worker connection closed", metadata: ["reason": "\(error.message)"])
      connection = nil
      onEvent(self, .down(isDeath: !isLeaving && !isStopped && error.code == .connectionClosed))
      reconnectLater()
    }
  }

  private func askForModel() {
    let asked = connection
    let call = OutgoingCall(
      head: RequestHead(method: .info), body: ByteBuffer(), deadline: .now() + .seconds(5))
    connection?.start(call) { [weak self] event in
      guard let self, asked === connection else { return }
      switch event {
      case .part(let head, _, let body, _) where head.status.isOK:
        modelTold(body)
      case .part(let head, _, _, _): refuse("Info: \(head.status.message)")
      case .failed(let status, _): refuse("Info: \(status.message)")
      }
    }
  }

  private func modelTold(_ body: ByteBuffer) {
    do throws(WireError) {
      let info = try InfoResponse(decoding: body.readableBytesSpan)
      guard info.role == "worker", let model = info.models.first else {
        return refuse("it is a \(info.role), not a worker with a model")
      }
      backoff.reset()
      onEvent(self, .ready(model))
    } catch {
      refuse("Info: \(error.message)")
    }
  }

  private func refuse(_ reason: String) {
    logger.warning(
      "a worker is not usable", metadata: ["worker": "\(address)", "reason": "\(reason)"])
    connection?.close()
  }

  private func reconnectLater() {
    guard !isGone, !isStopped else { return }
    let wait = backoff.next(chance: .random(in: 0...1))
    let bound = NIOLoopBound(self, eventLoop: eventLoop)
    eventLoop.scheduleTask(in: wait) {
      let link = bound.value
      guard !link.isGone, !link.isStopped, link.connection == nil else { return }
      link.connect()
    }
  }
}
