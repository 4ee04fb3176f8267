internal import Discovery
internal import Logging
internal import NIOCore
internal import NIOPosix

/// The workers that somebody else runs: connections follow what the sources say.
///
/// On the coordinator's event loop only.
final class RemoteWorkers {
  /// Sources that are asked at the same time.
  private static let threadCount = 4

  private unowned let state: CoordinatorState
  private let eventLoop: any EventLoop
  private let logger: Logger
  private lazy var threads: NIOThreadPool = {
    let pool = NIOThreadPool(numberOfThreads: Self.threadCount)
    pool.start()
    return pool
  }()
  private var watchers: [AddressSource: AddressWatcher] = [:]
  /// Each address with the worker that is there, and the sources that name it.
  private var known: [Address: (worker: Int, sources: Set<AddressSource>)] = [:]

  init(state: CoordinatorState, eventLoop: any EventLoop, logger: Logger) {
    self.state = state
    self.eventLoop = eventLoop
    self.logger = logger
  }

  /// From now on these sources and no others. What an operator had drained is taken up again.
  func follow(_ sources: [AddressSource]) {
    let wanted = Set(sources)
    for (source, watcher) in watchers where !wanted.contains(source) {
      watcher.stop()
      watchers[source] = nil
      for address in watcher.addresses { remove(address, source) }
    }
    for source in sources where watchers[source] == nil { watch(source) }
    for (address, worker) in known where !state.hasWorker(worker.worker) {
      known[address]?.worker = connect(to: address)
    }
  }

  func stop() {
    for watcher in watchers.values { watcher.stop() }
    watchers = [:]
  }

  private func watch(_ source: AddressSource) {
    let watcher = AddressWatcher(source, eventLoop: eventLoop, logger: logger, threads: threads) {
      [unowned self] added, removed in
      for address in added { add(address, source) }
      for address in removed { remove(address, source) }
    }
    watchers[source] = watcher
    watcher.start()
  }

  private func add(_ address: Address, _ source: AddressSource) {
    if known[address] != nil {
      known[address]?.sources.insert(source)
      return
    }
    known[address] = (connect(to: address), [source])
  }

  private func connect(to address: Address) -> Int {
    let id = state.addWorker(model: nil)
    state.workerListens(
      id, at: WorkerAddress(host: address.host, port: address.port), processID: 0)
    return id
  }

  /// The worker gets nothing more; what it has is still answered.
  private func remove(_ address: Address, _ source: AddressSource) {
    known[address]?.sources.remove(source)
    guard let worker = known[address], worker.sources.isEmpty else { return }
    known[address] = nil
    state.letGo(worker.worker)
  }
}
