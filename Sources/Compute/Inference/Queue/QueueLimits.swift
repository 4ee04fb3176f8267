/// The bounds of the queue and of a batch. Costs are nanoseconds of processor time.
package struct QueueLimits: Sendable, Equatable {
  /// Compute threads that share the queue.
  package var threadCount: Int
  /// A call is refused while what is queued before it is predicted to take this many nanoseconds.
  package var waitMax: UInt64
  /// Bytes of all calls that are not answered yet: texts and the room for their results.
  package var bytesMax: Int
  /// Bytes of one call; a larger one is never taken.
  package var callBytesMax: Int
  /// A batch ends where its predicted time comes closest to this, or to `fixedShare` times its
  /// fixed part where that is more: below it, threads would mostly do what every batch repeats.
  package var batchCost: UInt64
  /// What a batch grows to while much is queued; counts where it is above `batchCost`.
  package var batchCostMax: UInt64
  /// See `batchCost`.
  package var fixedShare: UInt64
  /// A call is not cut into smaller batches than this, nor than the fixed part of a batch, to
  /// occupy idle threads.
  package var batchCostMin: UInt64
  /// Tokens of a batch: what the scratch memory is sized for. One input always fits.
  package var batchTokensMax: Int
  /// Inputs of a batch.
  package var batchUnitsMax: Int
  /// Bulk work gets a batch of its own at least this often, in nanoseconds, while interactive work
  /// is queued.
  package var bulkPatience: UInt64
  /// Tokenising runs ahead until units of this cost are ready, and then waits.
  package var tokenizeAhead: UInt64

  /// Bounds for `threadCount` threads with every default: 2 s of queue, 64 MiB of calls, batches
  /// of 10 to 40 ms (or ten times their fixed part) cut no finer than 0.3 ms, 1,024 tokens and 512
  /// inputs a batch, a bulk batch at least every 100 ms, tokenising 200 ms a thread ahead.
  package static func defaults(threadCount: Int) -> QueueLimits {
    QueueLimits(
      threadCount: threadCount, waitMax: 2_000_000_000, bytesMax: 64 << 20,
      callBytesMax: 64 << 20, batchCost: 10_000_000, batchCostMax: 40_000_000,
      fixedShare: 10, batchCostMin: 300_000, batchTokensMax: 1_024, batchUnitsMax: 512,
      bulkPatience: 100_000_000,
      tokenizeAhead: 200_000_000 * UInt64(max(1, threadCount)))
  }
}
