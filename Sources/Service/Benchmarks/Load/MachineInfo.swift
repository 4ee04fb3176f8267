internal import CPlatform

/// What a figure was measured on.
package struct MachineInfo: Sendable, Equatable {
  /// The processor's name as the system gives it.
  package var processor: String
  /// Processors that this process may use.
  package var processorCount: Int
  /// The commit of the checkout that the program was built in, else nil.
  package var commit: String?

  /// This machine, and the checkout around this program.
  package static func current() -> MachineInfo {
    MachineInfo(
      processor: SystemFile.text("/proc/cpuinfo").flatMap { processor(procCpuinfo: $0) }
        ?? "unknown",
      processorCount: Int(cp_usable_cpus()),
      commit: ProgramFolder.path.flatMap { commit(above: $0) })
  }

  /// The first "model name" in the text of `/proc/cpuinfo`.
  package static func processor(procCpuinfo text: String) -> String? {
    for line in text.split(separator: "\n") where line.hasPrefix("model name") {
      let value = line.drop { $0 != ":" }.dropFirst().drop { $0 == " " }
      return value.isEmpty ? nil : String(value)
    }
    return nil
  }

  /// The commit that is checked out in the folder or one above it, without asking git.
  private static func commit(above folder: String) -> String? {
    var folder = folder[...]
    while true {
      if let head = SystemFile.text("\(folder)/.git/HEAD") {
        return hash(head: head) { name in
          SystemFile.text("\(folder)/.git/\(name)").map { firstLine($0) }
            ?? SystemFile.text("\(folder)/.git/packed-refs").flatMap { packed(name, in: $0) }
        }
      }
      guard let slash = folder.lastIndex(of: "/") else { return nil }
      folder = folder[..<slash]
    }
  }

  /// The hash that the text of a `HEAD` file names, directly or by a reference.
  package static func hash(head: String, reference: (String) -> String?) -> String? {
    let line = firstLine(head)
    return line.hasPrefix("ref: ") ? reference(String(line.dropFirst("ref: ".count))) : line
  }

  private static func packed(_ name: String, in text: String) -> String? {
    for line in text.split(separator: "\n") where line.hasSuffix(" \(name)") {
      return String(line.prefix { $0 != " " })
    }
    return nil
  }

  private static func firstLine(_ text: String) -> String { String(text.prefix { $0 != "\n" }) }
}

/// Where this program's file is, to find the programs beside it.
package enum ProgramFolder {
  /// The folder's path; nil if the system does not say.
  package static var path: String? {
    guard let file = SystemFile.target(ofLink: "/proc/self/exe"),
      let slash = file.lastIndex(of: "/")
    else { return nil }
    return String(file[..<slash])
  }
}
