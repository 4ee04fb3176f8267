/// Why status is not served.
package struct StatusError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Code: Sendable {
    /// The address cannot be listened on.
    case addressUnavailable
  }

  package var code: Code
  /// Names the address.
  package var message: String

  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  package var description: String { message }
}
