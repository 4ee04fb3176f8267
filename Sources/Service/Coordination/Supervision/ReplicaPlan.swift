internal import CPlatform

/// What this machine has for workers.
package struct MachineResources: Sendable, Hashable {
  /// Processors that affinity and quota allow, rounded up.
  package var processors: Int
  /// What control groups allow, in processors; 0 is no limit.
  package var quota: Double
  package var memoryNodes: Int
  /// Bytes that may still be used; 0 where that is not known.
  package var availableBytes: UInt64

  package init(processors: Int, quota: Double, memoryNodes: Int, availableBytes: UInt64) {
    self.processors = processors
    self.quota = quota
    self.memoryNodes = memoryNodes
    self.availableBytes = availableBytes
  }

  package static var ofThisMachine: MachineResources {
    MachineResources(
      processors: Int(cp_usable_cpus()), quota: cp_cgroup_cpu_quota(""),
      memoryNodes: Int(cp_memory_node_count("")),
      availableBytes: cp_available_memory_bytes(""))
  }
}

/// How many processes of how many threads serve a model, and why.
package struct ReplicaPlan: Sendable, Hashable {
  package var processes: Int
  package var threads: Int
  /// For a person.
  package var reason: String

  /// Threads of one process that share its queue; beyond, more processes are as good and one death
  /// costs less.
  private static let threadsMax = 8
  /// What a process needs beside the weights, which all of them share: scratch, tokenizer, buffers.
  private static let bytesPerProcess: UInt64 = 96 << 20
  /// Weights are packed anew once; both forms are in memory while that lasts.
  private static let bytesPerWeightByte: UInt64 = 2

  /// As the operator said.
  package init(processes: Int, threads: Int) {
    self.processes = processes
    self.threads = threads
    reason = ""
  }

  /// Plans for a model.
  ///
  /// - Parameters:
  ///   - processors: of the machine that are the model's.
  ///   - threads: of each process, where the operator said so.
  ///   - weightBytes: of the model's files.
  package init(
    processors: Int, threads given: Int?, weightBytes: UInt64, machine: MachineResources
  ) {
    let threadsMax = given ?? Self.threadsMax
    let bySize = (processors + threadsMax - 1) / threadsMax
    // Two, so that one may die; one for each memory node, so that each reads its own.
    let wanted = min(processors, max(bySize, 2, machine.memoryNodes))
    let fitting = Self.fitting(weightBytes, machine)
    processes = max(1, min(wanted, fitting))
    threads = given ?? max(1, processors / processes)
    var reasons = ["\(processors) of \(machine.processors) usable processors"]
    if machine.quota > 0 { reasons.append("quota \(machine.quota)") }
    if machine.memoryNodes > 1 { reasons.append("\(machine.memoryNodes) memory nodes") }
    reasons.append("\(weightBytes >> 20) MiB of weights, shared")
    if fitting < wanted { reasons.append("memory for \(fitting)") }
    let why =
      if processes == 1 {
        "one process"
      } else if bySize >= processes {
        "at most \(threadsMax) threads each"
      } else {
        "so that one may die"
      }
    reason = "\(processes) × \(threads) threads: \(why); " + reasons.joined(separator: ", ")
  }

  /// Processes that have room in memory.
  private static func fitting(_ weightBytes: UInt64, _ machine: MachineResources) -> Int {
    guard machine.availableBytes > 0 else { return .max }
    let (needed, overflow) = weightBytes.multipliedReportingOverflow(by: bytesPerWeightByte)
    guard !overflow, machine.availableBytes > needed else { return 1 }
    return max(1, Int(clamping: (machine.availableBytes - needed) / bytesPerProcess))
  }
}
