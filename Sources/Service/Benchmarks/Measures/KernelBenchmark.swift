internal import Kernels

/// What the machine can do at most, and how near each kernel comes to it.
package struct KernelBenchmark: Sendable {
  private let instructionSet: String?
  private let seconds: Double

  /// - Parameters:
  ///   - instructionSet: as `MILLPOND_ISA` names it; nil: the best there is.
  ///   - seconds: for each measurement.
  package init(instructionSet: String?, seconds: Double) {
    self.instructionSet = instructionSet
    self.seconds = seconds
  }

  /// Measures; about 40 measurements. Throws `BenchmarksError` for an instruction set that this
  /// processor lacks.
  package func run() async throws(BenchmarksError) -> KernelReport {
    let table: KernelTable
    do {
      table = try KernelTable(named: instructionSet)
    } catch {
      throw BenchmarksError(.notStarted, error.message)
    }
    let machine = MachineInfo.current()
    let watch = LoadWatch()
    let before = watch.sample()
    let probe = KernelProbe(table, seconds: seconds)
    do {
      var report = KernelReport(
        instructionSet: table.instructionSet.rawValue, machine: machine)
      for precision in Precision.allCases {
        var part = KernelReport.Part(precision: precision.rawValue)
        part.peak = probe.instructionPeak(precision)
        part.sharedPeak = await together(machine.processorCount) {
          probe.instructionPeak(precision)
        }
        part.rates = try probe.products(precision)
        // That of int8 is bf16's.
        if precision != .int8 { part.rates.append(try probe.attention(precision)) }
        report.parts.append(part)
      }
      report.rows = try probe.rowOperations()
      report.bandwidth = try probe.readBandwidth()
      report.sharedBandwidth = await together(machine.processorCount) {
        (try? probe.readBandwidth()) ?? 0
      }
      report.foreignShare = before.foreignShare(until: watch.sample())
      return report
    } catch {
      throw BenchmarksError(.notStarted, error.message)
    }
  }

  /// The mean of what so many threads measure at once.
  private func together(_ count: Int, _ measure: @escaping @Sendable () -> Double) async -> Double {
    await withTaskGroup(of: Double.self) { group in
      for _ in 0..<count { group.addTask { measure() } }
      return await group.reduce(0, +) / Double(count)
    }
  }
}
