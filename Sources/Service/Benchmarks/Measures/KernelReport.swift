internal import Kernels

/// What `bench kernels` prints.
package struct KernelReport: Sendable {
  /// The products of one precision.
  struct Part: Sendable {
    var precision: String
    /// Of the products' instruction on one thread, and the mean of all threads at once, in 1/s.
    var peak = 0.0
    var sharedPeak = 0.0
    var rates: [KernelProbe.Rate] = []
  }

  let instructionSet: String
  let machine: MachineInfo
  var parts: [Part] = []
  var rows: [KernelProbe.Rate] = []
  /// Bytes a second that one thread reads, and the mean of all threads at once.
  var bandwidth = 0.0
  var sharedBandwidth = 0.0
  var foreignShare = 0.0

  init(instructionSet: String, machine: MachineInfo) {
    self.instructionSet = instructionSet
    self.machine = machine
  }

  /// Whether other load left the figures alone.
  package var isUndisturbed: Bool { foreignShare <= RunSelection<Int>.foreignShareMax }

  /// Every figure with its name in the JSON report, its name for a person and what follows it.
  private var figures: [(key: String, name: String, value: Double, unit: String)] {
    var figures: [(String, String, Double, String)] = []
    for part in parts {
      let precision = part.precision
      figures.append(("\(precision)Peak", "\(precision) instruction peak", part.peak / 1e9, giga))
      figures.append(
        (
          "\(precision)SharedPeak", "\(precision) … all threads busy, each",
          part.sharedPeak / 1e9, giga
        ))
    }
    figures.append(("readBandwidth", "memory, one thread reading", bandwidth / 1e9, "GB/s"))
    figures.append(
      ("sharedReadBandwidth", "memory, all threads reading, each", sharedBandwidth / 1e9, "GB/s"))
    for part in parts {
      for rate in part.rates {
        figures.append(share(rate, of: part, key: "\(part.precision) \(rate.name)"))
      }
    }
    for rate in rows {
      figures.append((rate.name, rate.name, 100 * rate.passShare, "% of a plain pass"))
    }
    return figures
  }

  private var giga: String { "G operations/s" }

  private func share(
    _ rate: KernelProbe.Rate, of part: Part, key: String
  ) -> (String, String, Double, String) {
    (key, key, 100 * rate.operationsPerSecond / part.peak, "% of the peak of \(part.precision)")
  }

  /// One line: a JSON object; shares are percentages.
  package var json: String {
    ReportTable.json(
      figures.map { ($0.key, .number($0.value)) } + [
        ("isa", .text(instructionSet)), ("processors", .integer(machine.processorCount)),
        ("undisturbed", .bool(isUndisturbed)), ("foreignCpuPercent", .number(100 * foreignShare)),
        ("machine", .text(machine.processor)), ("commit", .text(machine.commit ?? "unknown")),
      ])
  }

  /// A table for a person.
  package var text: String {
    ReportTable.text(
      figures.map { ($0.name, "\($0.value.grouped(decimals: 1)) \($0.unit)") } + [
        ("instruction set", instructionSet),
        ("machine", "\(machine.processor), \(machine.processorCount) processors"),
        ("commit", machine.commit ?? "unknown"),
      ])
  }
}
