/// What can be measured: something that embeds the inputs it was made with.
package protocol EmbedTarget: Sendable {
  /// What the target is.
  var facts: TargetFacts { get }

  /// Embeds a range of the inputs as one call, over-long ones cut on the right.
  ///
  /// - Parameter lane: which of the concurrent callers asks, from 0.
  /// - Returns: the tokens that were computed.
  /// - Throws: `.overloaded` when the call may be repeated; `.callFailed` naming the input.
  func embed(_ range: Range<Int>, lane: Int) async throws(BenchmarksError) -> Int
}

/// What a target is, for reports.
package struct TargetFacts: Sendable, Equatable {
  /// "engine", "coordinator" or "worker".
  package var kind: String
  /// The model's name.
  package var model: String
  /// `<model>-<numerics>`.
  package var fingerprint: String
  /// The type that is computed in.
  package var precision: String
  /// The instruction set of the kernels.
  package var instructionSet: String
  /// The core of a BLAS that an older worker uses, else "none".
  package var blasCore: String
  /// Compute threads of all workers together.
  package var threads: Int
  /// Worker processes; 0 for an engine in this process.
  package var workers: Int
  /// The version of the program.
  package var version: String

  /// Facts as given.
  package init(
    kind: String, model: String, fingerprint: String, precision: String, instructionSet: String,
    blasCore: String, threads: Int, workers: Int, version: String
  ) {
    self.kind = kind
    self.model = model
    self.fingerprint = fingerprint
    self.precision = precision
    self.instructionSet = instructionSet
    self.blasCore = blasCore
    self.threads = threads
    self.workers = workers
    self.version = version
  }
}
