/// What a simulated worker is like.
package struct WorkerProfile: Sendable {
  package var threads = 1
  /// Against a worker that needs just what the model's texts cost.
  package var speed = 1.0
  /// A batch takes up to this share more or less, by chance.
  package var noise = 0.0
  /// Nanoseconds of a batch, whatever is in it.
  package var batchNanoseconds: Int64 = 200_000
  /// A batch ends at about this many nanoseconds of work …
  package var batchCost: Int64 = 10_000_000
  /// … or at as many inputs.
  package var batchUnitsMax = 512
  /// Calls are refused while this much is queued, in nanoseconds.
  package var waitMax: Int64 = 2_000_000_000
  /// Bulk work gets a batch at least this often.
  package var bulkPatience: Int64 = 100_000_000
  /// Whether it says what it has learned; if not, the coordinator learns from its answers alone.
  package var tellsCosts = true
  package var fingerprint = "f0"

  package init() {}
}

/// The time a message takes, by chance.
package struct NetworkProfile: Sendable {
  package var latencyMin: Int64 = 50_000
  /// What comes on top of it on average.
  package var latencyMean: Int64 = 50_000

  package init() {}
}
