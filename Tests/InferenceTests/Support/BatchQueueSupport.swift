import Inference
import Testing

/// Nothing could be taken where the test expects work.
struct NothingToTake: Error {}

/// Takes a batch, or throws when there is none.
func takeBatch(_ queue: inout BatchQueue, thread: Int, now: UInt64) throws -> BatchPlan {
  guard let plan = queue.takeBatch(thread: thread, now: now) else { throw NothingToTake() }
  return plan
}

/// Takes raw units, or throws when there are none.
func takeRaw(_ queue: inout BatchQueue) throws -> Selection {
  guard let selection = queue.takeRaw() else { throw NothingToTake() }
  return selection
}
