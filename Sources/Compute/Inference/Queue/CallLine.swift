/// Sums over queued units.
struct QueueCounts: Sendable, Equatable {
  /// Predicted nanoseconds of raw units, units at a tokenising thread and ready ones.
  var queuedCost: UInt64 = 0
  /// Predicted nanoseconds of ready units.
  var readyCost: UInt64 = 0
  /// Units in the queue.
  var queuedUnits = 0
  /// Units that a compute thread may take now: raw or ready.
  var takeableUnits = 0
  /// Raw units that will be computed.
  var rawUnits = 0
  /// Raw units of calls that only tokenise.
  var rawTokenizeOnlyUnits = 0

  mutating func add(_ other: QueueCounts) {
    queuedCost += other.queuedCost
    readyCost += other.readyCost
    queuedUnits += other.queuedUnits
    takeableUnits += other.takeableUnits
    rawUnits += other.rawUnits
    rawTokenizeOnlyUnits += other.rawTokenizeOnlyUnits
  }

  mutating func subtract(_ other: QueueCounts) {
    queuedCost = queuedCost.minus(other.queuedCost)
    readyCost = readyCost.minus(other.readyCost)
    queuedUnits -= other.queuedUnits
    takeableUnits -= other.takeableUnits
    rawUnits -= other.rawUnits
    rawTokenizeOnlyUnits -= other.rawTokenizeOnlyUnits
  }

  mutating func replace(_ old: QueueCounts, by new: QueueCounts) {
    add(new)
    subtract(old)
  }
}

/// The calls of one priority class in order of arrival.
struct CallLine: Sendable {
  /// First come first served. Holds ids of calls that are gone or exhausted until they are passed.
  var ids = CallIDQueue()
  /// Sums over the calls of the line.
  var counts = QueueCounts()
}

/// A queue of ids whose front is dropped in constant time on average.
struct CallIDQueue: Sendable {
  private var storage: [CallID] = []
  private var start = 0

  /// How many ids.
  var count: Int { storage.count - start }

  /// The id at `position` from the front.
  subscript(position: Int) -> CallID { storage[start + position] }

  /// Adds at the back.
  mutating func append(_ id: CallID) {
    storage.append(id)
  }

  /// Drops at the front.
  mutating func removeFirst() {
    start += 1
    if start == storage.count {
      storage.removeAll(keepingCapacity: storage.count <= 4096)
      start = 0
    } else if start >= 1024, start * 2 >= storage.count {
      storage.removeFirst(start)
      start = 0
    }
  }
}
