internal import NIOCore
internal import Transport
internal import Wire

/// What every call can be told.
public struct CallOptions: Sendable, Hashable {
  /// The model's name; nil is the only one that is served.
  public var model: String?
  /// How long the caller waits; nil is for ever, zero is already too late.
  public var timeout: Duration?
  /// What happens to a text over the limit.
  public var truncation: Truncation
  /// Lowers the model's limit of tokens for this call; special tokens count.
  public var maxTokens: Int?
  /// Who is served first.
  public var priority: Priority
  /// The only fingerprint that may answer, as in ``Answer/fingerprint``; nil is any. Without a
  /// worker that has it the call fails with `.failedPrecondition`. At most 256 bytes.
  public var fingerprint: String?
  /// Whether the answer may be one that was computed for an equal call.
  public var sharing: Sharing
  /// Repeated in the server's logs; at most 128 bytes.
  public var requestID: String
  /// W3C trace context, passed on untouched; at most 256 bytes.
  public var traceparent: String
  /// Names the caller to the server, in place of the client's; at most 4,096 bytes.
  public var token: String

  /// Options; by default none is set.
  public init(
    model: String? = nil, timeout: Duration? = nil, truncation: Truncation = .off,
    maxTokens: Int? = nil, priority: Priority = .interactive, fingerprint: String? = nil,
    sharing: Sharing = .serverDefault, requestID: String = "", traceparent: String = "",
    token: String = ""
  ) {
    self.model = model
    self.timeout = timeout
    self.truncation = truncation
    self.maxTokens = maxTokens
    self.priority = priority
    self.fingerprint = fingerprint
    self.sharing = sharing
    self.requestID = requestID
    self.traceparent = traceparent
    self.token = token
  }

  var length: LengthOptions {
    LengthOptions(truncation: truncation.wire, maxTokens: maxTokens)
  }

  /// A call with these options. Its deadline counts from now.
  func outgoing(
    _ method: Method, body: [UInt8], inputCount: Int, textByteCount: Int
  ) -> OutgoingCall {
    let head = RequestHead(
      method: method, model: model ?? "", priority: priority.wire, inputCount: inputCount,
      textByteCount: textByteCount, requestID: requestID, traceparent: traceparent, token: token,
      fingerprint: fingerprint ?? "", sharing: sharing.wire)
    return OutgoingCall(
      head: head, body: ByteBuffer(bytes: body),
      deadline: timeout.map { NIODeadline.now() + TimeAmount($0) })
  }
}

/// Who is served first.
public enum Priority: Sendable, Hashable, CaseIterable {
  /// Somebody waits.
  case interactive
  /// After interactive calls.
  case bulk

  var wire: Wire.Priority {
    switch self {
    case .interactive: .interactive
    case .bulk: .bulk
    }
  }
}

/// Whether equal calls that are open at once may be computed once, and finished answers be kept.
public enum Sharing: Sendable, Hashable {
  /// As the server is configured.
  case serverDefault
  /// This call is computed for itself.
  case off

  var wire: Wire.Sharing {
    switch self {
    case .serverDefault: .serverDefault
    case .off: .off
    }
  }
}
