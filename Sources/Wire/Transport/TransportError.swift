/// Why a connection could not be had or was lost.
package struct TransportError: Error, Sendable, Equatable {
  package enum Code: Sendable {
    /// The address is in use, not ours, or does not resolve.
    case addressUnavailable
    /// The peer does not accept, or does not say hello in time.
    case unreachable
    /// The connection ended.
    case connectionClosed
    /// The peer broke the contract.
    case protocolViolation
  }

  package var code: Code
  /// Names the address.
  package var message: String

  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}
