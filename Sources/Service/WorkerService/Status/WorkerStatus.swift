internal import CPlatform
internal import Glibc
package import Inference
package import NIOCore
package import Status
internal import Synchronization
internal import Wire

/// What a worker says of itself, to probes, scrapers and callers, from its start to its end.
///
/// Questions over HTTP are answered on the service's event loop, so that an answer shows that it
/// runs.
package final class WorkerStatus: StatusSource {
  private struct State {
    var phase = WorkerHealth.Phase.loading
    var engine: Engine?
    var counts = WorkerCounts()
  }

  private let modelName: String
  private let eventLoop: any EventLoop
  private let stillnessMax: Duration
  private let startSeconds: Double
  private let state = Mutex(State())

  /// A worker whose model is loading.
  ///
  /// - Parameters:
  ///   - eventLoop: that of the service.
  ///   - stillnessMax: from which stillness on a compute thread is stuck.
  package init(
    modelName: String, on eventLoop: any EventLoop,
    stillnessMax: Duration = WorkerHealth.stillnessMax
  ) {
    self.modelName = modelName
    self.eventLoop = eventLoop
    self.stillnessMax = stillnessMax
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    startSeconds = Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
  }

  // MARK: - How far the worker is

  /// The engine is loaded and begins to warm up.
  package func warmingUp(_ engine: Engine) {
    state.withLock { state in
      state.engine = engine
      state.phase = .warmingUp
    }
  }

  /// Calls are taken.
  package func serving() { state.withLock { $0.phase = .serving } }

  /// No more calls are taken.
  package func draining() { state.withLock { $0.phase = .draining } }

  /// Whether no more calls are taken.
  var isDraining: Bool { state.withLock { $0.phase == .draining } }

  // MARK: - What it says

  /// Whether it works, at this moment.
  package var health: WorkerHealth {
    let (phase, engine) = state.withLock { ($0.phase, $0.engine) }
    return WorkerHealth(
      modelName: modelName, phase: phase,
      stillness: phase == .serving || phase == .draining ? engine?.longestStillness : nil,
      stillnessMax: stillnessMax)
  }

  /// All that is counted and measured, at this moment.
  package var reading: WorkerReading {
    let (engine, counts) = state.withLock { ($0.engine, $0.counts) }
    return WorkerReading(
      health: health, counts: counts,
      engine: engine.map { engine in
        WorkerReading.Engine(
          info: engine.info, load: engine.load(), batches: engine.batchCounts,
          step: engine.oldestStep)
      },
      residentBytes: cp_resident_bytes(), startSeconds: startSeconds)
  }

  package func ask(
    _ question: StatusQuestion, answer: @escaping @Sendable (StatusAnswer) -> Void
  ) {
    eventLoop.execute { [self] in
      switch question {
      case .live: answer(StatusAnswer(isGood: true, "live"))
      case .ready:
        let health = health
        answer(StatusAnswer(isGood: health.isReady, health.text))
      case .metrics: answer(StatusAnswer(reading.text))
      }
    }
  }

  // MARK: - What it counts

  /// A call was answered as a whole with this code; nil is a method that is not known.
  func answered(_ method: Wire.Method?, _ code: StatusCode, inputs: Int) {
    state.withLock { $0.counts.answered(method, code, inputs: inputs) }
  }

  /// A call that the engine took was answered; with an error instead of its results where `status`
  /// is not OK.
  func answered(
    _ method: Wire.Method, _ answer: InferenceAnswer, _ status: Status, inputs: Int
  ) {
    var failures: [StatusCode: Int] = [:]
    if status.isOK, case .success(let results) = answer.outcome {
      for case .failure(let error) in results.lazy.map(\.value) {
        failures[Status(error).code, default: 0] += 1
      }
    }
    state.withLock { state in
      if status.isOK {
        state.counts.answered(method, inputs: inputs, failures: failures)
      } else {
        state.counts.answered(method, status.code, inputs: inputs)
      }
      // What was refused at the door took no time.
      if answer.timings.total > 0 { state.counts.timed(method, answer.timings) }
    }
  }
}
