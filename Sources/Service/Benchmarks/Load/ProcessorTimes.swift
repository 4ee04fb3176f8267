/// Processor time of the whole machine since it started, in clock ticks summed over processors.
package struct MachineTimes: Sendable, Equatable {
  /// User, nice, system and interrupts.
  package var busy: UInt64
  /// What the host gave to other machines.
  package var stolen: UInt64
  /// Idle, waiting for disks included.
  package var idle: UInt64

  /// Times as given.
  package init(busy: UInt64, stolen: UInt64, idle: UInt64) {
    self.busy = busy
    self.stolen = stolen
    self.idle = idle
  }

  /// Reads the text of `/proc/stat`; nil if its first line is not that of all processors.
  package init?(procStat text: String) {
    let fields = text.prefix { $0 != "\n" }.split(separator: " ")
    guard fields.first == "cpu" else { return nil }
    let ticks = fields.dropFirst().compactMap { UInt64($0) }
    // Guest time, the last two, is part of user and nice.
    guard ticks.count >= 8, ticks.count == fields.count - 1 else { return nil }
    busy = ticks[0] &+ ticks[1] &+ ticks[2] &+ ticks[5] &+ ticks[6]
    stolen = ticks[7]
    idle = ticks[3] &+ ticks[4]
  }
}

/// Processor time of one process, in clock ticks.
package struct ProcessTimes: Sendable, Equatable {
  /// The process's id.
  package var id: Int
  /// The id of the process that started it.
  package var parent: Int
  /// What its threads and the children that it waited for have used.
  package var ticks: UInt64

  /// Times as given.
  package init(id: Int, parent: Int, ticks: UInt64) {
    self.id = id
    self.parent = parent
    self.ticks = ticks
  }

  /// Reads the text of `/proc/<pid>/stat`; nil if it is not one.
  package init?(procPidStat text: String) {
    // The name stands in parentheses and may hold blanks and parentheses itself.
    guard let nameStart = text.firstIndex(of: "("), let nameEnd = text.lastIndex(of: ")"),
      nameStart < nameEnd, let id = Int(text[..<nameStart].drop { $0 == " " }.prefix { $0 != " " })
    else { return nil }
    let fields = text[text.index(after: nameEnd)...].split { $0 == " " || $0 == "\n" }
    guard fields.count >= 15, let parent = Int(fields[1]) else { return nil }
    let ticks = fields[11...14].compactMap { UInt64($0) }
    guard ticks.count == 4 else { return nil }
    self.init(id: id, parent: parent, ticks: ticks.reduce(0, &+))
  }
}

extension [ProcessTimes] {
  /// The ticks of some processes and of all that descend from them. One that is gone counts
  /// nothing: what it used is with the parent that waited for it.
  package func ticks(ofTreesUnder roots: Set<Int>) -> UInt64 {
    let children = Dictionary(grouping: self, by: \.parent)
    let times = Dictionary(map { ($0.id, $0) }) { first, _ in first }
    var open = roots.compactMap { times[$0] }
    var seen: Set<Int> = []
    var total: UInt64 = 0
    while let process = open.popLast() {
      guard seen.insert(process.id).inserted else { continue }
      total &+= process.ticks
      open += children[process.id] ?? []
    }
    return total
  }
}
