internal import Transport
internal import Wire

/// Why a call, or one input of it, has no answer.
public struct MillpondError: Error, Sendable, Equatable, CustomStringConvertible {
  /// gRPC's codes.
  public enum Code: UInt32, Sendable {
    case cancelled = 1
    case unknown = 2
    case invalidArgument = 3
    case deadlineExceeded = 4
    case notFound = 5
    case alreadyExists = 6
    case permissionDenied = 7
    case resourceExhausted = 8
    case failedPrecondition = 9
    case aborted = 10
    case outOfRange = 11
    case unimplemented = 12
    case `internal` = 13
    case unavailable = 14
    case dataLoss = 15
    case unauthenticated = 16

    /// gRPC's spelling: `INVALID_ARGUMENT`.
    public var name: String { StatusCode(rawValue: rawValue)?.name ?? "UNKNOWN" }
  }

  /// Which of gRPC's codes.
  public var code: Code
  /// For a person: names limits and counts.
  public var message: String
  /// The same call may succeed when it is sent again.
  public var isRetryable: Bool
  /// Not before this long.
  public var retryAfter: Duration
  /// The input at fault, or nil when it is the call.
  public var inputIndex: Int?
  /// No server answered at the address at all.
  public var isUnreachable: Bool

  /// An error of the client's own side.
  public init(
    _ code: Code, _ message: String, isRetryable: Bool = false, retryAfter: Duration = .zero,
    inputIndex: Int? = nil, isUnreachable: Bool = false
  ) {
    self.code = code
    self.message = message
    self.isRetryable = isRetryable
    self.retryAfter = retryAfter
    self.inputIndex = inputIndex
    self.isUnreachable = isUnreachable
  }

  /// `CODE: message`.
  public var description: String { "\(code.name): \(message)" }

  init(_ status: Status) {
    self.init(
      Code(rawValue: status.code.rawValue) ?? .unknown, status.message,
      isRetryable: status.isRetryable,
      retryAfter: .microseconds(Int64(clamping: status.retryAfterMicroseconds)),
      inputIndex: status.inputIndex)
  }

  init(_ error: TransportError) {
    self.init(
      .unavailable, error.message, isRetryable: true,
      isUnreachable: error.code == .unreachable || error.code == .addressUnavailable)
  }

  init(_ error: WireError) {
    self.init(.internal, "the answer does not decode: \(error.message)")
  }
}
