package import Logging
internal import NIOCore
internal import Transport

/// Keeps one worker of our own running: restarts it after each exit, later and later while it does
/// not stay up.
struct WorkerSupervisor: Sendable {
  /// A run of at least this length counts as up: the next restart is quick again.
  private static let settled = Duration.seconds(10)
  /// Starts in a row that end before the worker is ready, after which it is given up.
  private static let failedStartsMax = 5

  let launch: WorkerLaunch
  let logger: Logger
  /// The worker listens at the address.
  let onReady: @Sendable (WorkerAddress, Int) -> Void
  /// Its process has ended; it will be started again.
  let onExit: @Sendable () -> Void

  /// Runs until the task is cancelled, which ends the worker in an orderly way.
  ///
  /// - Throws: `.workerNotStarted` if the very first run ends before it is ready, or five later ones
  ///   in a row: the model or the flags are wrong, and trying again would not help.
  ///   `.programMissing`.
  func run() async throws(CoordinationError) {
    var backoff = Backoff.reconnect
    var isFirst = true
    var failedStarts = 0
    while !Task.isCancelled {
      let began = ContinuousClock.now
      let exit: WorkerProcess.Exit
      do {
        exit = try await WorkerProcess.run(launch, logger: logger, onReady: onReady)
      } catch let error as CoordinationError {
        throw error
      } catch {
        return
      }
      if Task.isCancelled { return }
      onExit()
      failedStarts = exit.wasReady ? 0 : failedStarts + 1
      if !exit.wasReady, isFirst || failedStarts >= Self.failedStartsMax {
        throw CoordinationError(
          .workerNotStarted,
          "the worker of model '\(launch.modelName)' could not start (\(exit.description)); "
            + "it says why on the coordinator's standard error")
      }
      isFirst = false
      if began.duration(to: .now) > Self.settled { backoff.reset() }
      let wait = Duration(backoff.next(chance: .random(in: 0...1)))
      logger.warning(
        "a worker ended and is restarted",
        metadata: [
          "model": "\(launch.modelName)", "exit": "\(exit.description)", "wait": "\(wait)",
        ])
      do {
        try await Task.sleep(for: wait)
      } catch {
        return
      }
    }
  }
}

/// Starts a worker on a free port for the length of `body`, and ends it after.
///
/// - Throws: `.workerNotStarted`, `.programMissing`, and what `body` throws.
package func withWorker<Result: Sendable>(
  _ launch: WorkerLaunch, logger: Logger,
  _ body: @escaping @Sendable (_ host: String, _ port: Int) async throws -> Result
) async throws -> Result {
  let (addresses, continuation) = AsyncStream.makeStream(
    of: WorkerAddress.self, bufferingPolicy: .bufferingOldest(1))
  return try await withThrowingTaskGroup(of: Result?.self) { group in
    group.addTask {
      defer { continuation.finish() }
      do {
        let exit = try await WorkerProcess.run(launch, logger: logger) { address, _ in
          continuation.yield(address)
        }
        if Task.isCancelled { return nil }
        throw CoordinationError(
          .workerNotStarted,
          "the worker of model '\(launch.modelName)' ended (\(exit.description))")
      } catch is CancellationError {
        return nil
      }
    }
    group.addTask {
      for await address in addresses { return try await body(address.host, address.port) }
      return nil
    }
    while let finished = try await group.next() {
      guard let result = finished else { continue }
      group.cancelAll()
      return result
    }
    throw CancellationError()
  }
}
