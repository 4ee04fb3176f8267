internal import Glibc

/// The programs under test: built into the folder of the test program itself.
package enum Executables {
  /// Path of `millpond`.
  ///
  /// - Throws: `TestFailure` naming the path where it should be.
  package static func millpond() throws -> String { try program("millpond") }

  /// Path of `millpond-worker`.
  ///
  /// - Throws: as `millpond`.
  package static func worker() throws -> String { try program("millpond-worker") }

  private static func program(_ name: String) throws -> String {
    guard let own = realpath("/proc/self/exe", nil) else {
      throw TestFailure("/proc/self/exe leads nowhere: errno \(errno)")
    }
    defer { free(own) }
    let folder = String(cString: own).split(separator: "/").dropLast().joined(separator: "/")
    let path = "/\(folder)/\(name)"
    guard access(path, X_OK) == 0 else {
      throw TestFailure("\(path) is missing: `swift build --build-tests` makes it")
    }
    return path
  }
}
