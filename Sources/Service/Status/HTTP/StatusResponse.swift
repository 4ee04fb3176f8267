/// An answer as it goes out.
package struct StatusResponse: Sendable, Equatable {
  /// HTTP's status.
  package var code: UInt
  package var text: String
  package var contentType: String
  /// Only the header is sent: the request was a HEAD.
  package var omitsBody: Bool
  /// The connection ends with this answer.
  package var closes: Bool

  package init(
    _ code: UInt, _ text: String, contentType: String = "text/plain; charset=utf-8",
    omitsBody: Bool = false, closes: Bool
  ) {
    self.code = code
    self.text = text.hasSuffix("\n") ? text : text + "\n"
    self.contentType = contentType
    self.omitsBody = omitsBody
    self.closes = closes
  }
}

/// What a request's header says, as far as it matters here.
package struct StatusRequest: Sendable, Equatable {
  package enum Method: Sendable {
    case get
    case head
    /// Any other.
    case other
  }

  package var method: Method
  /// The request's target; what follows a question mark does not matter.
  package var target: String
  /// The connection may go on after the answer.
  package var keepsAlive: Bool
  /// A body is announced.
  package var hasBody: Bool

  package init(_ method: Method, _ target: String, keepsAlive: Bool = true, hasBody: Bool = false) {
    self.method = method
    self.target = target
    self.keepsAlive = keepsAlive
    self.hasBody = hasBody
  }
}
