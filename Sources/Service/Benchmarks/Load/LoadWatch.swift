internal import Glibc

/// The machine's and our own processor time at one moment.
package struct LoadSample: Sendable, Equatable {
  /// Of the whole machine.
  package var machine: MachineTimes
  /// Of the processes that are measured, in the same ticks.
  package var own: UInt64

  /// A sample as given.
  package init(machine: MachineTimes, own: UInt64) {
    self.machine = machine
    self.own = own
  }

  /// The part of the machine's processor time between this sample and a later one that others had:
  /// other processes, and other machines on the host. 0…1.
  package func foreignShare(until later: LoadSample) -> Double {
    func gone(_ from: UInt64, _ to: UInt64) -> Double { to > from ? Double(to - from) : 0 }
    let used =
      gone(machine.busy, later.machine.busy) + gone(machine.stolen, later.machine.stolen)
    let all = used + gone(machine.idle, later.machine.idle)
    // Ticks are sampled: a busy process may be charged a little more than there was.
    return all > 0 ? max(0, used - gone(own, later.own)) / all : 0
  }
}

/// Reads who used the processors.
package struct LoadWatch: Sendable {
  /// The processes that are measured; their descendants count as well.
  package var roots: Set<Int>

  /// Watches this process, and what else is named, with their descendants.
  package init(andProcesses others: Set<Int> = []) {
    roots = others.union([Int(getpid())])
  }

  /// The times of now. Without a readable `/proc` all is zero, and no load is ever seen.
  package func sample() -> LoadSample {
    let nothing = MachineTimes(busy: 0, stolen: 0, idle: 0)
    // The machine first: what happens between the two readings is then ours.
    let machine = SystemFile.text("/proc/stat").flatMap { MachineTimes(procStat: $0) } ?? nothing
    let processes = SystemFile.processIDs().compactMap { id in
      SystemFile.text("/proc/\(id)/stat").flatMap { ProcessTimes(procPidStat: $0) }
    }
    return LoadSample(machine: machine, own: processes.ticks(ofTreesUnder: roots))
  }
}
