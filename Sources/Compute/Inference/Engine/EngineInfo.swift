/// What an engine is: fixed from its start on.
package struct EngineInfo: Sendable, Equatable {
  /// The name under which the model is served.
  package var name: String
  /// `<model>-<numerics>`: changes exactly when results may change.
  package var fingerprint: String
  /// The model: task, labels, limits, prompts.
  package var model: ModelDescription
  /// The class named by the model directory: `BertModel`.
  package var architecture: String
  /// The type that is computed in: `f32`.
  package var precision: String
  /// The instruction set of the row kernels: `avx512`.
  package var instructionSet: String
  /// Compute threads.
  package var threadCount: Int
  /// Weights of the model, in numbers.
  package var parameterCount: Int
  /// Why packed weights are in memory of this process although there is a folder for them; nil
  /// where they are in its file, or no folder is given.
  package var packsRefusal: String?

  /// What an engine is.
  package init(
    name: String, fingerprint: String, model: ModelDescription, architecture: String,
    precision: String, instructionSet: String, threadCount: Int, parameterCount: Int,
    packsRefusal: String? = nil
  ) {
    self.name = name
    self.fingerprint = fingerprint
    self.model = model
    self.architecture = architecture
    self.precision = precision
    self.instructionSet = instructionSet
    self.threadCount = threadCount
    self.parameterCount = parameterCount
    self.packsRefusal = packsRefusal
  }
}

/// The load of an engine at one moment. Times are by the clock, as they pass on this machine now.
package struct LoadReport: Sendable, Equatable {
  /// Predicted nanoseconds of one compute thread for all that is queued, and for what remains of
  /// running batches. Divide by `threadCount` for the time until the engine is idle.
  package var backlogNanoseconds: UInt64
  /// Inputs in the queue, without those in batches.
  package var queuedInputs: Int
  /// Bytes held for calls that are not answered: texts and room for results.
  package var queuedBytes: Int
  /// Calls that are not answered.
  package var openCalls: Int
  /// Batches that run.
  package var runningBatches: Int
  /// Compute threads.
  package var threadCount: Int
  /// Learned: nanoseconds of one compute thread for each token.
  package var nanosecondsPerToken: Double
  /// Learned: nanoseconds of one compute thread for each squared token of an input.
  package var nanosecondsPerSquaredToken: Double
  /// Learned: nanoseconds of one compute thread for each batch, whatever is in it.
  package var nanosecondsPerBatch: Double
  /// Learned: tokens for each byte of text.
  package var tokensPerByte: Double
  /// Whether no more calls are taken.
  package var isDraining: Bool
}
