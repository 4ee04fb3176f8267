internal import Wire

/// Whether a worker works, judged from how far it is and from how long its stillest compute thread
/// has not moved.
package struct WorkerHealth: Sendable, Equatable {
  /// How far a worker's life has come.
  package enum Phase: Sendable, Equatable {
    /// The model is read.
    case loading
    /// The threads run their first batches.
    case warmingUp
    /// Calls are taken.
    case serving
    /// Open calls are finished, and no more are taken.
    case draining
  }

  /// A compute thread that is in a step and has not moved for longer is stuck; 2 seconds.
  package static let stillnessMax = Duration.seconds(2)

  package var modelName: String
  package var phase: Phase
  /// How long the stillest compute thread has not moved, nil where none is in a step.
  package var stillness: Duration?
  /// From which stillness on a thread is stuck.
  package var stillnessMax: Duration

  package init(
    modelName: String, phase: Phase, stillness: Duration?,
    stillnessMax: Duration = Self.stillnessMax
  ) {
    self.modelName = modelName
    self.phase = phase
    self.stillness = stillness
    self.stillnessMax = stillnessMax
  }

  /// Whether every compute thread that has something to do moves. A busy one does.
  package var isProgressing: Bool { stillness ?? .zero < stillnessMax }

  /// Whether calls are taken, and computed.
  package var isReady: Bool { phase == .serving && isProgressing }

  /// For a person: "ready", or why not.
  package var text: String {
    switch phase {
    case .loading: "model '\(modelName)' is loading"
    case .warmingUp: "model '\(modelName)' is warming up"
    case .draining: "model '\(modelName)' is draining: it takes no more calls"
    case .serving where !isProgressing:
      "a compute thread of model '\(modelName)' is stuck: it has not moved for "
        + "\((stillness ?? .zero).components.seconds) s"
    case .serving: "ready"
    }
  }
}

extension HealthResponse {
  /// The same as it goes out.
  init(_ health: WorkerHealth) {
    self.init(
      isLive: true, isReady: health.isReady, isProgressing: health.isProgressing,
      models: [
        ModelHealth(
          name: health.modelName, workersReady: health.isReady ? 1 : 0, workersKnown: 1)
      ])
  }
}
