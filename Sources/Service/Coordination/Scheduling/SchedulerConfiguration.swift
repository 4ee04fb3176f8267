/// How calls are cut, balanced, bounded and sent again. Times are nanoseconds.
package struct SchedulerConfiguration: Sendable, Hashable {
  /// Predicted time of the smallest piece worth sending …
  package var pieceMin: Int64 = 5_000_000
  /// … and at least this multiple of what a batch costs a worker whatever is in it.
  package var pieceBatches: Int64 = 4
  /// Predicted time of the largest piece.
  package var pieceMax: Int64 = 10_000_000
  /// Pieces of one call that one worker holds at once.
  package var outstandingPerWorker = 2
  /// A worker with more predicted work before it than this gets nothing new: pieces wait here, where
  /// any worker can still take them.
  package var window: Int64 = 30_000_000
  /// … and at least this multiple of what a batch costs a worker whatever is in it.
  package var windowBatches: Int64 = 20
  /// Up to so many workers each is looked at for a piece; of more, two by chance.
  package var scanMax = 16
  /// A worker's window grows from a quarter to all of it in this time.
  package var slowStart: Int64 = 5_000_000_000
  /// Each worker gets a bulk piece at least this often while some wait.
  package var bulkPatience: Int64 = 100_000_000

  /// Predicted time until a new call would begin, above which calls are refused. A caller with less
  /// than its share of it waiting is still let in, up to twice as much in all.
  package var backlogMax: Int64 = 30_000_000_000
  /// Calls open at once.
  package var callsMax = 16_384
  /// How much longer than predicted an answer may take before a deadline counts as missed, in
  /// hundredths of the prediction.
  package var deadlineMargin: Int64 = 10
  /// Workers are told a deadline that is so much later, so that an equal call that comes after the
  /// first can be answered with it.
  package var deadlineSlack: Int64 = 20_000_000
  /// How long a call without a deadline waits while no worker is up that may answer it.
  package var noWorkerWait: Int64 = 30_000_000_000
  /// How long a call that was answered in part waits for workers of the same fingerprint.
  package var fingerprintWait: Int64 = 5_000_000_000

  /// A piece is late after this multiple of its predicted time …
  package var lateFactor: Int64 = 4
  /// … and at least this long.
  package var lateMin: Int64 = 300_000_000
  /// A late answer is waited for on a worker this long before all that the worker has is sent
  /// elsewhere.
  package var stallMax: Int64 = 10_000_000_000
  /// Ask a second worker as well for what is slower than 95 of 100 pieces.
  package var hedges = false
  /// Workers that may lose or refuse a unit before its call fails; twice as many, of a unit that is
  /// looked for as the cause.
  package var attemptsMax = 6
  /// Different workers that may fail at a unit before its call fails.
  package var faultsMax = 2
  /// Times that a call may begin anew since the workers of its fingerprint are gone.
  package var restartsMax = 3
  /// A worker that refused, or could not be written to, gets nothing for at least this long, and
  /// twice as long each time that it refuses in a row, up to a limit.
  package var refusalWait: Int64 = 10_000_000
  package var refusalWaitMax: Int64 = 250_000_000

  package init() {}

  /// The smallest piece for workers whose batches cost so much whatever is in them.
  func pieceMin(batchNanoseconds: Int64) -> Int64 {
    min(max(pieceMin, batchNanoseconds * pieceBatches), max(pieceMax, pieceMin))
  }
}
