/// Why bytes of a peer were not understood, or what the peer did against the contract.
package struct WireError: Error, Sendable, Equatable {
  /// What the receiver does about it.
  package enum Code: Sendable {
    /// The peer broke the contract: the connection is closed.
    case protocolViolation
    /// A frame over the limit that hello stated: the connection is closed.
    case frameTooLong
    /// A protobuf that does not parse, or a field out of its bounds: the call is refused.
    case malformed
    /// A message that would need more memory than its bound: the call is refused.
    case tooLarge
  }

  package var code: Code
  /// Names the message or field, with limit and actual value.
  package var message: String

  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}
