internal import Logging

/// What an operator can have done while calls are served: swap a model, drain a worker, read the
/// configuration again. One thing at a time.
actor Operator {
  /// How long calls that need the old workers may take.
  private static let drainTimeout = Duration.seconds(60)

  private let handle: CoordinatorHandle
  private let fleet: Fleet
  private let logger: Logger
  private let readConfiguration: @Sendable () throws -> CoordinatorConfiguration
  private var configuration: CoordinatorConfiguration
  private var last: Task<Void, Never>?

  init(
    handle: CoordinatorHandle, fleet: Fleet, logger: Logger,
    configuration: CoordinatorConfiguration,
    readConfiguration: @escaping @Sendable () throws -> CoordinatorConfiguration
  ) {
    self.handle = handle
    self.fleet = fleet
    self.logger = logger
    self.configuration = configuration
    self.readConfiguration = readConfiguration
  }

  typealias Report = @Sendable (String) -> Void

  /// Starts workers of another directory beside those of a model, sends new calls to them once all
  /// are ready, and ends the old ones when their calls are answered.
  ///
  /// - Throws: `CoordinationError` when the new workers could not start; the old ones go on then.
  func swap(model: String, directory: String, report: @escaping Report) async throws {
    try await inTurn { operate in
      guard let index = operate.configuration.models.firstIndex(where: { $0.name == model })
      else {
        throw CoordinationError(.unknownModel, "model '\(model)' has no workers of our own here")
      }
      var changed = operate.configuration
      changed.models[index].directory = directory
      // Also of the directory that is served: its files may be others than before.
      let old = operate.fleet.workers(of: model)
      let launches = operate.launches(of: model, changed, insteadOf: old)
      try await operate.replace(launches, insteadOf: old, report)
      operate.changed(to: changed)
    }
  }

  /// Sends a worker nothing more; one of our own is replaced first.
  func drain(address: String, report: @escaping Report) async throws {
    try await inTurn { operate in
      guard let id = try await operate.handle.ask({ $0.worker(at: address) }) else {
        throw CoordinationError(.unknownWorker, "no worker is at \(address)")
      }
      if let launch = operate.fleet.launch(of: id) {
        try await operate.replace([launch], insteadOf: [id], mustBeSame: true, report)
      } else {
        try await operate.letGo(id, report)
        report("worker \(address) gets nothing more, until a reload")
      }
    }
  }

  /// Reads the configuration again and does what is new in it.
  func reload(report: @escaping Report) async throws {
    try await inTurn { operate in
      let new: CoordinatorConfiguration
      do {
        new = try operate.readConfiguration()
      } catch {
        throw CoordinationError(.configurationUnreadable, "\(error)")
      }
      try await operate.apply(new, report)
    }
  }

  // MARK: -

  /// Runs what is asked for after what was asked for before.
  private func inTurn(_ body: @escaping @Sendable (isolated Operator) async throws -> Void)
    async throws
  {
    let previous = last
    let task = Task {
      await previous?.value
      try await body(self)
    }
    last = Task { _ = await task.result }
    try await task.value
  }

  private func changed(to new: CoordinatorConfiguration) {
    configuration = new
  }

  /// As many as there are, where the plan is ours to make: made now, it would find the old ones'
  /// memory taken.
  private func launches(
    of model: String, _ configuration: CoordinatorConfiguration, insteadOf old: [Int]
  ) -> [WorkerLaunch] {
    let planned = configuration.launches(of: model)
    let isGiven = configuration.models.contains { $0.name == model && $0.replicas != nil }
    guard !isGiven, let directory = planned.first?.modelDirectory else { return planned }
    let kept = old.compactMap { id in
      fleet.launch(of: id).map { launch in
        var launch = launch
        launch.modelDirectory = directory
        return launch
      }
    }
    return kept.isEmpty ? planned : kept
  }

  private func apply(_ new: CoordinatorConfiguration, _ report: @escaping Report) async throws {
    for name in new.settingsThatNeedRestart(from: configuration) {
      report("\(name) changed: that takes effect at the next start")
    }
    let old = configuration
    for model in old.models where !new.models.contains(where: { $0.name == model.name }) {
      for id in fleet.workers(of: model.name) { try await letGo(id, report) }
      let name = model.name
      try await handle.ask { $0.removeModel(name) }
      report("model '\(name)' is served no longer")
    }
    for model in new.models {
      let launches = new.launches(of: model.name)
      let lost = fleet.workers(of: model.name).filter { fleet.hasGivenUp($0) }
      for id in lost { try await fleet.end(id) }
      if !lost.isEmpty || old.launches(of: model.name) != launches {
        try await replace(launches, of: model.name, report)
      }
    }
    try await handle.ask { $0.follow(new.workerSources) }
    changed(to: new)
    report("the configuration is in force")
  }

  private func replace(
    _ launches: [WorkerLaunch], of model: String, _ report: @escaping Report
  ) async throws {
    let old = fleet.workers(of: model)
    // Workers that stay as they are need not be started anew.
    let isOnlyCount = Set(old.compactMap { fleet.launch(of: $0) }).union(launches).count == 1
    guard !isOnlyCount else { return try await resize(launches, old, report) }
    try await replace(launches, insteadOf: old, report)
  }

  private func resize(
    _ launches: [WorkerLaunch], _ old: [Int], _ report: @escaping Report
  ) async throws {
    let new = try await start(Array(launches.dropFirst(old.count)))
    for _ in new { report("one more worker of '\(launches[0].modelName)' is ready") }
    for id in old.dropFirst(launches.count) {
      try await letGo(id, report)
      report("a worker less")
    }
  }

  /// - Parameter mustBeSame: the new ones are to answer as the others do.
  private func replace(
    _ launches: [WorkerLaunch], insteadOf old: [Int], mustBeSame: Bool = false,
    _ report: @escaping Report
  ) async throws {
    guard let model = launches.first?.modelName else { return }
    // Until all of the new ones are ready, calls go where they went.
    let before = try await handle.ask { $0.holdFingerprint(of: model) }
    report("starting \(launches.count) of \(launches[0].modelDirectory)")
    let new: [Int]
    do {
      new = try await start(launches)
    } catch {
      try await handle.ask { $0.prefer(fingerprint: before.preferred, of: model) }
      throw error
    }
    let fingerprint = try await handle.ask { $0.fingerprint(of: new[0]) }
    let isSame = fingerprint == before.held
    if mustBeSame, !isSame, before.held != nil {
      for id in new { try await fleet.end(id) }
      try await handle.ask { $0.prefer(fingerprint: before.preferred, of: model) }
      throw CoordinationError(
        .workerNotStarted,
        "\(launches[0].modelDirectory) is not what it was when the workers started: swap the model")
    }
    let preferred = isSame ? before.preferred : fingerprint
    try await handle.ask { $0.prefer(fingerprint: preferred, of: model) }
    report("ready: new calls go to \(fingerprint ?? "them")")
    try await endWhenIdle(old, before.held, model, isSame: isSame, report)
  }

  /// Starts workers and waits until all are ready: the first alone, since it packs the weights for
  /// all, and then a quarter at a time, since they take processors from those that serve. Where one
  /// does not start, none goes on.
  private func start(_ launches: [WorkerLaunch]) async throws -> [Int] {
    var started: [Int] = []
    var count = 1
    do {
      while started.count < launches.count {
        let begun = started.count
        for launch in launches.dropFirst(begun).prefix(count) {
          started.append(try await fleet.start(launch))
        }
        for id in started[begun...] { try await fleet.waitUntilReady(id) }
        count = max(1, launches.count / 4)
      }
    } catch {
      for id in started { try await fleet.end(id) }
      throw error
    }
    return started
  }

  private func endWhenIdle(
    _ old: [Int], _ fingerprint: String?, _ model: String, isSame: Bool, _ report: Report
  ) async throws {
    if let fingerprint, !isSame {
      let isFree = try await handle.wait(Self.drainTimeout) {
        !$0.isInUse(fingerprint, of: model)
      }
      if !isFree { report("calls still wait for \(fingerprint); they begin anew") }
    }
    for id in old { try await letGo(id, report) }
    report("ended: the old ones, \(old.count) in number")
  }

  /// A worker gets nothing more, and goes once what it has is answered.
  private func letGo(_ id: Int, _ report: Report) async throws {
    try await handle.ask { $0.retire(id) }
    let isIdle = try await handle.wait(Self.drainTimeout) { !$0.isBusy(id) }
    if !isIdle { report("a worker did not answer all it had in \(Self.drainTimeout)") }
    if fleet.launch(of: id) != nil {
      try await fleet.end(id)
    } else {
      try await handle.ask { $0.removeWorker(id) }
    }
  }
}
