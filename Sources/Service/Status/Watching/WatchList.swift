package import NIOCore

/// Who watches a value, without I/O: each watcher is told the value at once, after each change, and
/// for the last time when its deadline passes or everything ends. Time is passed in.
package struct WatchList<Value: Sendable & Equatable>: Sendable {
  /// What one watcher is told.
  package struct Telling: Sendable {
    package var watcher: WatcherID
    package var value: Value
    /// Nothing more comes, and the watcher is forgotten.
    package var isLast: Bool

    package init(watcher: WatcherID, value: Value, isLast: Bool) {
      self.watcher = watcher
      self.value = value
      self.isLast = isLast
    }
  }

  private struct Watcher: Sendable {
    var told: Value
    var deadline: NIODeadline?
  }

  /// The most watchers at once.
  package let countMax: Int
  private var watchers: [WatcherID: Watcher] = [:]
  private var hasEnded = false
  private var lastID: UInt64 = 0

  /// Nobody watches.
  package init(countMax: Int) {
    self.countMax = countMax
  }

  /// Whether nobody watches.
  package var isEmpty: Bool { watchers.isEmpty }

  /// Watchers now.
  package var count: Int { watchers.count }

  /// A watcher comes, is told the value, and waits for others until its deadline; nil: for good.
  ///
  /// - Returns: what it is told, or nil where too many watch.
  package mutating func add(
    _ value: Value, until deadline: NIODeadline?, now: NIODeadline
  ) -> Telling? {
    guard watchers.count < countMax else { return nil }
    lastID += 1
    let id = WatcherID(number: lastID)
    let isLast = hasEnded || deadline.map { $0 <= now } ?? false
    if !isLast { watchers[id] = Watcher(told: value, deadline: deadline) }
    return Telling(watcher: id, value: value, isLast: isLast)
  }

  /// Somebody looked: this is the value now.
  package mutating func looked(_ value: Value, now: NIODeadline) -> [Telling] {
    var tellings: [Telling] = []
    for (id, watcher) in watchers {
      let isLast = watcher.deadline.map { $0 <= now } ?? false
      guard isLast || watcher.told != value else { continue }
      tellings.append(Telling(watcher: id, value: value, isLast: isLast))
      watchers[id] = isLast ? nil : Watcher(told: value, deadline: watcher.deadline)
    }
    return tellings.sorted { $0.watcher.number < $1.watcher.number }
  }

  /// A watcher goes.
  ///
  /// - Returns: false if it is not known (any more).
  package mutating func remove(_ id: WatcherID) -> Bool {
    watchers.removeValue(forKey: id) != nil
  }

  /// All are told for the last time; those that come later are told once.
  package mutating func end(_ value: Value) -> [Telling] {
    hasEnded = true
    let ids = watchers.keys.sorted { $0.number < $1.number }
    watchers = [:]
    return ids.map { Telling(watcher: $0, value: value, isLast: true) }
  }
}

/// A watcher of a value.
package struct WatcherID: Sendable, Hashable {
  let number: UInt64
}
