internal import Logging
internal import Synchronization

/// The workers of our own: started, kept running, and ended one by one, whenever that is wanted.
final class Fleet: Sendable {
  /// How long a worker may take to be ready.
  private static let startTimeout = Duration.seconds(600)

  private struct Member {
    var launch: WorkerLaunch
    var task: Task<Void, Never>
    /// It was ready once, and whoever started it knows.
    var isEstablished = false
    /// Why it is not tried again.
    var failure: CoordinationError?
  }

  private let handle: CoordinatorHandle
  private let logger: Logger
  private let members = Mutex<[Int: Member]>([:])
  private let onFailure: @Sendable (Int, CoordinationError) -> Void

  /// - Parameter onFailure: a worker is given up.
  init(
    handle: CoordinatorHandle, logger: Logger,
    onFailure: @escaping @Sendable (Int, CoordinationError) -> Void
  ) {
    self.handle = handle
    self.logger = logger
    self.onFailure = onFailure
  }

  /// The ids of the workers of a model, in the order of their starts.
  func workers(of model: String) -> [Int] {
    members.withLock { members in
      members.filter { $0.value.launch.modelName == model }.keys.sorted()
    }
  }

  func launch(of id: Int) -> WorkerLaunch? { members.withLock { $0[id]?.launch } }

  func hasGivenUp(_ id: Int) -> Bool { members.withLock { $0[id]?.failure != nil } }

  /// Whether some model had workers, and all of them were given up. Those that an operator has
  /// started and that were never ready do not count: he is told.
  func hasLostModel() -> Bool {
    members.withLock { members in
      let established = members.values.filter(\.isEstablished)
      let models = Dictionary(grouping: established, by: \.launch.modelName)
      return models.values.contains { $0.allSatisfy { $0.failure != nil } }
    }
  }

  /// Starts a worker; it takes calls once it is ready.
  func start(_ launch: WorkerLaunch) async throws -> Int {
    let model = launch.modelName
    let id = try await handle.ask { $0.addWorker(model: model) }
    let task = Task { await supervise(id, launch) }
    members.withLock { $0[id] = Member(launch: launch, task: task) }
    return id
  }

  /// Waits until a worker that was started is ready.
  ///
  /// - Throws: why it is not: `.workerNotStarted`, also after ten minutes or where it was ended
  ///   meanwhile; `.programMissing`.
  func waitUntilReady(_ id: Int) async throws {
    let end = ContinuousClock.now + Self.startTimeout
    while try await !handle.ask({ $0.isReady(id) }) {
      guard let member = members.withLock({ $0[id] }) else {
        throw CoordinationError(.workerNotStarted, "the worker was ended before it was ready")
      }
      if let failure = member.failure { throw failure }
      guard ContinuousClock.now < end else {
        throw CoordinationError(
          .workerNotStarted,
          "the worker of model '\(member.launch.modelName)' was not ready in \(Self.startTimeout)")
      }
      try await Task.sleep(for: .milliseconds(5))
    }
    members.withLock { $0[id]?.isEstablished = true }
  }

  /// Ends a worker in an orderly way and waits for its end.
  func end(_ id: Int) async throws {
    let task = members.withLock { $0.removeValue(forKey: id)?.task }
    try await handle.ask { $0.retire(id) }
    task?.cancel()
    await task?.value
    try await handle.ask { $0.removeWorker(id) }
  }

  /// Ends all workers and waits for their ends.
  func endAll() async {
    let tasks = members.withLock { members in
      defer { members = [:] }
      return members.values.map(\.task)
    }
    for task in tasks { task.cancel() }
    for task in tasks { await task.value }
  }

  private func supervise(_ id: Int, _ launch: WorkerLaunch) async {
    let handle = handle
    let supervisor = WorkerSupervisor(launch: launch, logger: logger) { address, processID in
      handle.tell { $0.workerListens(id, at: address, processID: processID) }
    } onExit: {
      handle.tell { $0.workerExited(id) }
    }
    do throws(CoordinationError) {
      try await supervisor.run()
    } catch {
      members.withLock { $0[id]?.failure = error }
      logger.error(
        "a worker is given up: reload starts it again",
        metadata: ["model": "\(launch.modelName)", "reason": "\(error.message)"])
      handle.tell { $0.workerGivenUp(id) }
      onFailure(id, error)
    }
  }
}
