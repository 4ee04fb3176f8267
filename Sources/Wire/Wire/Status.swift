/// gRPC's codes, by their numbers.
package enum StatusCode: UInt32, Sendable, CaseIterable {
  case ok = 0
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

  /// The code in gRPC's spelling, as the command line prints it: `INVALID_ARGUMENT`.
  package var name: String {
    switch self {
    case .ok: "OK"
    case .cancelled: "CANCELLED"
    case .unknown: "UNKNOWN"
    case .invalidArgument: "INVALID_ARGUMENT"
    case .deadlineExceeded: "DEADLINE_EXCEEDED"
    case .notFound: "NOT_FOUND"
    case .alreadyExists: "ALREADY_EXISTS"
    case .permissionDenied: "PERMISSION_DENIED"
    case .resourceExhausted: "RESOURCE_EXHAUSTED"
    case .failedPrecondition: "FAILED_PRECONDITION"
    case .aborted: "ABORTED"
    case .outOfRange: "OUT_OF_RANGE"
    case .unimplemented: "UNIMPLEMENTED"
    case .internal: "INTERNAL"
    case .unavailable: "UNAVAILABLE"
    case .dataLoss: "DATA_LOSS"
    case .unauthenticated: "UNAUTHENTICATED"
    }
  }
}

/// Tells apart what shares a code. The raw values are the wire's.
package enum StatusReason: UInt32, Sendable, CaseIterable {
  case unspecified = 0
  case overloaded = 1
  case warmingUp = 2
  case draining = 3
  case tooLong = 4
  case unknownModel = 5
  case unknownMethod = 6
  case invalidUTF8 = 7
  case wrongTask = 8
  case workerLost = 9
  case limit = 10
  case tooLate = 11
  case poison = 12
  case unknownFingerprint = 13
}

/// The outcome of a call, or of one input of it.
package struct Status: Error, Sendable, Equatable {
  package var code: StatusCode
  package var reason: StatusReason
  /// For a person: names limits and counts, never the caller's text.
  package var message: String
  /// The same call may succeed when it is sent again.
  package var isRetryable: Bool
  /// Not before this many microseconds; 0 is at once.
  package var retryAfterMicroseconds: UInt64
  /// The input at fault, or nil when it is the call.
  package var inputIndex: Int?

  package init(
    _ code: StatusCode, reason: StatusReason = .unspecified, _ message: String,
    isRetryable: Bool = false, retryAfterMicroseconds: UInt64 = 0, inputIndex: Int? = nil
  ) {
    self.code = code
    self.reason = reason
    self.message = message
    self.isRetryable = isRetryable
    self.retryAfterMicroseconds = retryAfterMicroseconds
    self.inputIndex = inputIndex
  }

  /// The refusal of a call whose answer would hold more bytes than the limit.
  package static func answerTooLarge(_ byteCount: Int, limit: Int, inputCount: Int) -> Status {
    Status(
      .invalidArgument, reason: .limit,
      "the results of \(inputCount) inputs take \(byteCount) bytes or more, an answer holds at most "
        + "\(limit): send fewer in a call")
  }

  package static var ok: Status { Status(.ok, "") }

  package var isOK: Bool { code == .ok }
}

/// A value in an input's slot, or why there is none.
package enum Outcome<Value: Sendable & Equatable>: Sendable, Equatable {
  case value(Value)
  case error(Status)
}
