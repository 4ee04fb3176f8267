internal import Wire

/// Some of the workers: put in, taken out and drawn by chance at once, however many they are.
struct WorkerSet: Sendable {
  private var ids: [Int] = []
  /// By worker, its place among `ids`; -1 is none.
  private var places: [Int] = []

  var count: Int { ids.count }

  subscript(place: Int) -> Int { ids[place] }

  mutating func set(_ id: Int, _ isIn: Bool) {
    let place = id < places.count ? places[id] : -1
    guard isIn != (place >= 0) else { return }
    if isIn {
      while places.count <= id { places.append(-1) }
      places[id] = ids.count
      ids.append(id)
    } else {
      let last = ids[ids.count - 1]
      ids[place] = last
      places[last] = place
      ids.removeLast()
      places[id] = -1
    }
  }
}

/// Workers of one fingerprint that are up and have nothing to do that would go before a new piece.
struct IdleWorkers: Sendable {
  var interactive = WorkerSet()
  var bulk = WorkerSet()

  func of(_ priority: Priority) -> WorkerSet { priority.isBulk ? bulk : interactive }
}
