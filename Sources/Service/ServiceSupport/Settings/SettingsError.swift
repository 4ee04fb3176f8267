/// What is wrong with the configuration. Always the caller's to mend: a program exits 2 for it.
package struct SettingsError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Code: Sendable {
    /// The configuration file cannot be read or is not JSON.
    case unreadable
    /// A key that no setting has.
    case unknownKey
    /// A value that its setting cannot have.
    case badValue
    /// Settings that do not go together.
    case conflict
  }

  package var code: Code
  /// Names the flag, the variable, or the key and its file, with the value and what is expected.
  package var message: String

  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  package var description: String { message }
}
