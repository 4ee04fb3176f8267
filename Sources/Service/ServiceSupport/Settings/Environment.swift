internal import CPlatform

/// The process's environment variables.
package enum Environment {
  /// All of them as they are now; of a name that occurs twice the first counts, as in `getenv`.
  package static var current: [String: String] {
    var variables: [String: String] = [:]
    var pointer = cp_environment()
    while let current = pointer, let entry = current.pointee {
      let text = String(cString: entry)
      if let equals = text.firstIndex(of: "="), variables[String(text[..<equals])] == nil {
        variables[String(text[..<equals])] = String(text[text.index(after: equals)...])
      }
      pointer = current + 1
    }
    return variables
  }
}
