internal import DequeModule
internal import HeapModule
package import Wire

/// Calls that wait for a worker, in the order in which they get one.
///
/// Interactive calls go before bulk ones, but bulk calls that have waited `patience` without a turn
/// get one. Within a class callers take turns by cost (start-time fair queueing: Goyal, Vin and
/// Cheng, 1996): each gets the same share however many calls it sends. A caller's calls that are cut
/// and those that are not are two lines, so that a small call waits for one piece of its caller's
/// large one and not for all of it.
///
/// Calls that wait for different workers are in different lanes, so that those whose workers are
/// full do not hold up the others.
package struct FairQueue: Sendable {
  package typealias CallID = ScheduledCall.ID

  /// A place in the queue; a call that is queued anew has another, and the old one is void.
  fileprivate struct Ticket: Sendable {
    var number: UInt64
    var priority: Priority
    var lane: Int
  }

  /// Whose turn it is.
  package struct Turn: Sendable {
    package let call: CallID
    package let priority: Priority
    package let lane: Int
    /// It is a bulk call's that goes before interactive ones.
    package let isDue: Bool
    fileprivate let line: LineKey
  }

  /// Lanes whose workers are full.
  package struct FullLanes: Sendable {
    fileprivate var lanes: [(priority: Priority, lane: Int)] = []

    package init() {}

    package mutating func insert(_ priority: Priority, _ lane: Int) {
      lanes.append((priority, lane))
    }

    fileprivate func contains(_ priority: Priority, _ lane: Int) -> Bool {
      lanes.contains { $0 == (priority, lane) }
    }
  }

  fileprivate struct LineKey: Hashable, Sendable {
    var caller: UInt64
    var isSplit: Bool
  }

  fileprivate struct Entry: Sendable {
    var call: CallID
    /// Of its ticket.
    var number: UInt64
    var order: UInt64
  }

  fileprivate struct Line: Sendable {
    /// In the order in which the calls first came.
    var entries: Deque<Entry> = []
    /// Virtual time at which the line's next piece begins.
    var start: Int64
    /// Of its place among the starts; others are void.
    var order: UInt64
  }

  fileprivate struct Start: Comparable, Sendable {
    var time: Int64
    var order: UInt64
    var line: LineKey

    static func < (a: Start, b: Start) -> Bool { (a.time, a.order) < (b.time, b.order) }
    static func == (a: Start, b: Start) -> Bool { a.order == b.order }
  }

  fileprivate struct Lane: Sendable {
    let number: Int
    /// Those with calls, and those that have had more than the others.
    var lines: [LineKey: Line] = [:]
    var starts = Heap<Start>()
    var waiting = 0
    /// When it was last served, or when it last had nothing to serve.
    var lastTurn: Int64 = 0
  }

  fileprivate struct Class: Sendable {
    var lanes: [Lane] = []
    var virtualTime: Int64 = 0
    var waiting = 0
  }

  /// Nanoseconds that bulk calls wait for a turn at most.
  package var patience: Int64
  private var classes = [Class(), Class()]
  private var nextNumber: UInt64 = 0
  private var tickets: [CallID: Ticket] = [:]

  package init(patience: Int64) {
    self.patience = patience
  }

  package var count: Int { tickets.count }
  package var isEmpty: Bool { tickets.isEmpty }

  package func contains(_ call: CallID) -> Bool { tickets[call] != nil }

  /// The lane in which the call waits, if it does.
  package func lane(of call: CallID) -> Int? { tickets[call]?.lane }

  /// The calls that wait, in the order in which they came, each with its lane.
  package var calls: [(call: CallID, lane: Int)] {
    tickets.sorted { $0.value.number < $1.value.number }.map { ($0.key, $0.value.lane) }
  }

  /// Whether no calls of the class wait in the lane.
  package func isEmpty(_ priority: Priority, lane: Int) -> Bool {
    classes[priority.index].lanes.first { $0.number == lane }?.waiting ?? 0 == 0
  }

  /// Lines that wait: about as many as callers.
  package var lineCount: Int {
    classes.reduce(0) { sum, each in
      each.lanes.reduce(sum) { $0 + min($1.lines.count, $1.waiting) }
    }
  }

  /// Puts a call into its caller's line, once: a call that waits keeps its place.
  ///
  /// - Parameter order: what an earlier `push` of the call returned; nil is behind all others.
  /// - Returns: the order in which it came first.
  @discardableResult
  package mutating func push(
    _ call: CallID, caller: UInt64, priority: Priority, isSplit: Bool, lane: Int = 0,
    order: UInt64? = nil, now: Int64
  ) -> UInt64 {
    let number = takeNumber()
    let order = order ?? number
    guard tickets[call] == nil else { return order }
    tickets[call] = Ticket(number: number, priority: priority, lane: lane)
    classes[priority.index].waiting += 1
    let index = classes[priority.index].index(of: lane)
    classes[priority.index].lanes[index].push(
      Entry(call: call, number: number, order: order), LineKey(caller: caller, isSplit: isSplit),
      virtualTime: classes[priority.index].virtualTime, now: now)
    return order
  }

  /// The call waits no longer.
  package mutating func remove(_ call: CallID) {
    guard let ticket = tickets.removeValue(forKey: call) else { return }
    classes[ticket.priority.index].waiting -= 1
    classes[ticket.priority.index].left(ticket.lane)
  }

  /// Whose turn it is in lanes that are not full, or nil when nobody waits there.
  package mutating func next(except full: FullLanes = FullLanes(), now: Int64) -> Turn? {
    if classes[Priority.bulk.index].waiting > 0, classes[Priority.interactive.index].waiting > 0,
      let due = dueLane(full, now: now), let turn = head(.bulk, due, isDue: true)
    {
      return turn
    }
    return next(.interactive, full) ?? next(.bulk, full)
  }

  /// The bulk lane that has waited too long for a turn.
  private func dueLane(_ full: FullLanes, now: Int64) -> Int? {
    classes[Priority.bulk.index].lanes.firstIndex { lane in
      lane.waiting > 0 && now - lane.lastTurn > patience && !full.contains(.bulk, lane.number)
    }
  }

  private mutating func next(_ priority: Priority, _ full: FullLanes) -> Turn? {
    let index = priority.index
    guard classes[index].waiting > 0 else { return nil }
    var first: (lane: Int, start: Int64)?
    for lane in classes[index].lanes.indices where classes[index].lanes[lane].waiting > 0 {
      guard !full.contains(priority, classes[index].lanes[lane].number),
        let start = classes[index].lanes[lane].firstStart(tickets)
      else { continue }
      if first.map({ start < $0.start }) ?? true { first = (lane, start) }
    }
    return first.flatMap { head(priority, $0.lane, isDue: false) }
  }

  private mutating func head(_ priority: Priority, _ lane: Int, isDue: Bool) -> Turn? {
    guard classes[priority.index].lanes[lane].firstStart(tickets) != nil,
      let (call, line) = classes[priority.index].lanes[lane].head
    else { return nil }
    return Turn(
      call: call, priority: priority, lane: classes[priority.index].lanes[lane].number,
      isDue: isDue, line: line)
  }

  /// The call whose turn it was got work done of that cost.
  ///
  /// - Parameter isOver: it waits for nothing more.
  package mutating func served(_ turn: Turn, cost: Int64, isOver: Bool, now: Int64) {
    let order = takeNumber()
    classes[turn.priority.index].served(turn, cost: cost, order, now: now)
    if isOver { remove(turn.call) }
  }

  private mutating func takeNumber() -> UInt64 {
    nextNumber += 1
    return nextNumber
  }
}

extension FairQueue.Class {
  mutating func index(of lane: Int) -> Int {
    if let index = lanes.firstIndex(where: { $0.number == lane }) { return index }
    lanes.append(FairQueue.Lane(number: lane))
    return lanes.count - 1
  }

  /// A call has left the lane. All lanes but the first are forgotten when they are empty.
  mutating func left(_ lane: Int) {
    guard let index = lanes.firstIndex(where: { $0.number == lane }) else { return }
    lanes[index].waiting -= 1
    if lanes[index].waiting == 0, lane != 0 { lanes.remove(at: index) }
  }

  mutating func served(_ turn: FairQueue.Turn, cost: Int64, _ order: UInt64, now: Int64) {
    guard let index = lanes.firstIndex(where: { $0.number == turn.lane }) else { return }
    lanes[index].lastTurn = now
    virtualTime = max(virtualTime, lanes[index].lines[turn.line]?.start ?? 0)
    lanes[index].served(turn.line, cost: cost, order)
  }
}

extension FairQueue.Line {
  /// Those that come back are older than most.
  fileprivate mutating func insert(_ entry: FairQueue.Entry) {
    if entries.last.map({ $0.order < entry.order }) ?? true { return entries.append(entry) }
    let index = entries.firstIndex { $0.order > entry.order } ?? entries.endIndex
    entries.insert(entry, at: index)
  }
}

extension FairQueue.Lane {
  mutating func push(
    _ entry: FairQueue.Entry, _ key: FairQueue.LineKey, virtualTime: Int64, now: Int64
  ) {
    if waiting == 0 { lastTurn = now }
    waiting += 1
    // A line that has had more than the others begins later.
    if lines[key].map({ $0.entries.isEmpty && $0.start < virtualTime }) ?? true {
      sweep()
      lines[key] = FairQueue.Line(start: virtualTime, order: entry.number)
      starts.insert(FairQueue.Start(time: virtualTime, order: entry.number, line: key))
    }
    lines[key]?.insert(entry)
  }

  /// Forgets lines without calls before they outnumber the others.
  private mutating func sweep() {
    guard lines.count > 2 * waiting + 64 else { return }
    lines = lines.filter { !$0.value.entries.isEmpty }
  }

  /// When the first line begins; what waits no longer is forgotten on the way.
  mutating func firstStart(_ tickets: [FairQueue.CallID: FairQueue.Ticket]) -> Int64? {
    while let top = starts.min {
      if lines[top.line]?.order == top.order {
        while let entry = lines[top.line]?.entries.first {
          if tickets[entry.call]?.number == entry.number { return top.time }
          lines[top.line]?.entries.removeFirst()
        }
        lines[top.line] = nil
      }
      starts.removeMin()
    }
    return nil
  }

  /// The first call of the first line, after `firstStart`.
  var head: (FairQueue.CallID, FairQueue.LineKey)? {
    guard let top = starts.min, let entry = lines[top.line]?.entries.first else { return nil }
    return (entry.call, top.line)
  }

  mutating func served(_ key: FairQueue.LineKey, cost: Int64, _ order: UInt64) {
    guard let start = lines[key]?.start else { return }
    lines[key]?.start = start + max(1, cost)
    lines[key]?.order = order
    starts.insert(FairQueue.Start(time: start + max(1, cost), order: order, line: key))
  }
}

extension Priority {
  /// 0 for interactive, 1 for bulk.
  var index: Int { isBulk ? 1 : 0 }

  /// Without a call into the module of the type, as `==` would be.
  var isBulk: Bool {
    switch self {
    case .bulk: true
    case .interactive: false
    }
  }
}
