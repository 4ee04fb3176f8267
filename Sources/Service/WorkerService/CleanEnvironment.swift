internal import CPlatform
internal import Glibc
internal import Kernels

/// The environment that OpenBLAS reads before `main` runs.
///
/// An `OPENBLAS_CORETYPE` that somebody exported, or a processor that OpenBLAS does not know, would
/// cost half the speed without a word, and other bits. Setting the variable in `main` is too late,
/// so the process executes itself once more with the right one.
package enum CleanEnvironment {
  private static let mark = "MILLPOND_CLEAN_ENVIRONMENT"
  private static let coreVariable = "OPENBLAS_CORETYPE"

  /// Executes this program again if its environment would mislead OpenBLAS; returns if it is right,
  /// or if this is the second time.
  ///
  /// - Parameter warn: told why the environment stays wrong, should the execution fail.
  package static func enforce(warn: (String) -> Void) {
    let entries = environment()
    guard !entries.contains(where: { $0.hasPrefix(mark + "=") }) else {
      unsetenv(mark)
      return
    }
    let core = BLAS.preferredCore(for: .current)
    let wanted = entries.filter { !isForBLAS($0) } + (core.map { ["\(coreVariable)=\($0)"] } ?? [])
    guard Set(wanted) != Set(entries) else { return }
    let error = executeSelf(environment: wanted + ["\(mark)=1"])
    warn("OPENBLAS_* variables stay as they are: \(String(cString: strerror(error)))")
  }

  private static func isForBLAS(_ entry: String) -> Bool {
    ["OPENBLAS_", "GOTO_", "OMP_"].contains { entry.hasPrefix($0) }
  }

  private static func environment() -> [String] {
    var entries: [String] = []
    var pointer = cp_environment()
    while let current = pointer, let entry = current.pointee {
      entries.append(String(cString: entry))
      pointer = current + 1
    }
    return entries
  }

  /// - Returns: an errno value; only if it failed.
  private static func executeSelf(environment: [String]) -> Int32 {
    let arguments = (0..<Int(CommandLine.argc)).map { CommandLine.unsafeArgv[$0] } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
    defer { for variable in variables { free(variable) } }
    return Int32(cp_execute_self(arguments, &variables))
  }
}
