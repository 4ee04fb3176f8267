internal import DequeModule
internal import HeapModule
package import Wire

/// Calls that wait for a worker, in the order in which they get one.
///
/// Interactive calls go before bulk ones, but a class that has waited `patience` without a turn gets
/// one. Within a class callers take turns by cost (start-time fair queueing: Goyal, Vin and Cheng,
/// 1996): each gets the same share however many calls it sends. A caller's calls that are cut and
/// those that are not are two lines, so that a small call waits for one piece of its caller's large
/// one and not for all of it.
package struct FairQueue: Sendable {
  package typealias CallID = ScheduledCall.ID

  /// A place in the queue; a call that is queued anew has another, and the old one is void.
  package struct Ticket: Sendable, Hashable {
    fileprivate var number: UInt64
  }

  /// Whose turn it is.
  package struct Turn: Sendable {
    package var call: CallID
    package var priority: Priority
    fileprivate var line: LineKey
  }

  fileprivate struct LineKey: Hashable, Sendable {
    var caller: UInt64
    var isSplit: Bool
  }

  private struct Entry: Sendable {
    var call: CallID
    var ticket: Ticket
  }

  private struct Line: Sendable {
    var entries: Deque<Entry> = []
    /// Virtual time at which the line's next piece begins.
    var start: Int64
  }

  private struct Start: Comparable, Sendable {
    var time: Int64
    var order: UInt64
    var line: LineKey

    static func < (a: Start, b: Start) -> Bool { (a.time, a.order) < (b.time, b.order) }
  }

  private struct Class: Sendable {
    var lines: [LineKey: Line] = [:]
    var starts = Heap<Start>()
    var virtualTime: Int64 = 0
    /// When the class was last served, or when it last had nothing to serve.
    var lastTurn: Int64 = 0
  }

  private let patience: Int64
  private var classes = [Class(), Class()]
  private var nextNumber: UInt64 = 0
  /// Whether a ticket is that of a call that still waits.
  private var waiting: [CallID: Ticket] = [:]

  /// - Parameter patience: nanoseconds that bulk calls wait for a turn at most.
  package init(patience: Int64) {
    self.patience = patience
  }

  package var isEmpty: Bool { waiting.isEmpty }

  package func contains(_ call: CallID) -> Bool { waiting[call] != nil }

  /// Whether calls of the class wait.
  package func isEmpty(_ priority: Priority) -> Bool { classes[priority.index].lines.isEmpty }

  /// Callers with calls that wait.
  package var lineCount: Int { classes[0].lines.count + classes[1].lines.count }

  /// Puts a call at the end of its caller's line, once: a call that waits keeps its place.
  package mutating func push(
    _ call: CallID, caller: UInt64, priority: Priority, isSplit: Bool, now: Int64
  ) {
    guard waiting[call] == nil else { return }
    let ticket = Ticket(number: nextNumber)
    nextNumber += 1
    waiting[call] = ticket
    let key = LineKey(caller: caller, isSplit: isSplit)
    let index = priority.index
    if classes[index].lines[key] == nil {
      if classes[index].lines.isEmpty { classes[index].lastTurn = now }
      let start = classes[index].virtualTime
      classes[index].lines[key] = Line(start: start)
      classes[index].starts.insert(Start(time: start, order: ticket.number, line: key))
    }
    classes[index].lines[key]?.entries.append(Entry(call: call, ticket: ticket))
  }

  /// The call waits no longer.
  package mutating func remove(_ call: CallID) {
    waiting[call] = nil
  }

  /// Whose turn it is, or nil when nobody waits.
  package mutating func next(now: Int64) -> Turn? {
    let interactive = head(.interactive)
    guard let bulk = head(.bulk) else { return interactive }
    guard let interactive else { return bulk }
    return now - classes[Priority.bulk.index].lastTurn > patience ? bulk : interactive
  }

  /// Whose turn it is in the class.
  package mutating func next(in priority: Priority) -> Turn? { head(priority) }

  /// The call whose turn it was got work done of that cost.
  ///
  /// - Parameter isOver: it waits for nothing more.
  package mutating func served(_ turn: Turn, cost: Int64, isOver: Bool, now: Int64) {
    let index = turn.priority.index
    classes[index].lastTurn = now
    guard var line = classes[index].lines[turn.line] else { return }
    classes[index].virtualTime = max(classes[index].virtualTime, line.start)
    line.start += max(1, cost)
    if isOver {
      waiting[turn.call] = nil
      if line.entries.first?.call == turn.call { line.entries.removeFirst() }
    }
    guard !line.entries.isEmpty else {
      classes[index].lines[turn.line] = nil
      return
    }
    classes[index].lines[turn.line] = line
    // The start that it had is void now.
    classes[index].starts.insert(Start(time: line.start, order: nextNumber, line: turn.line))
    nextNumber += 1
  }

  /// The class's next turn; lines and entries of calls that wait no longer go.
  private mutating func head(_ priority: Priority) -> Turn? {
    let index = priority.index
    while let top = classes[index].starts.min {
      guard classes[index].lines[top.line]?.start == top.time else {
        classes[index].starts.removeMin()
        continue
      }
      while let entry = classes[index].lines[top.line]?.entries.first {
        if waiting[entry.call] == entry.ticket {
          return Turn(call: entry.call, priority: priority, line: top.line)
        }
        classes[index].lines[top.line]?.entries.removeFirst()
      }
      classes[index].lines[top.line] = nil
      classes[index].starts.removeMin()
    }
    return nil
  }
}

extension Priority {
  /// 0 for interactive, 1 for bulk.
  var index: Int { Int(rawValue) }
}
