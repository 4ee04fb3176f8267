internal import Inference
internal import Wire

extension Status {
  /// The engine's errors by the wire's codes: the only place that knows both.
  init(_ error: EngineError) {
    let code: StatusCode =
      switch error.code {
      case .invalidArgument: .invalidArgument
      case .failedPrecondition: .failedPrecondition
      case .resourceExhausted: .resourceExhausted
      case .deadlineExceeded: .deadlineExceeded
      case .cancelled: .cancelled
      case .unavailable: .unavailable
      case .internal, .startUp: .internal
      }
    let reason: StatusReason =
      switch error.reason {
      case .none: .unspecified
      case .overloaded: .overloaded
      case .warmingUp: .warmingUp
      case .draining: .draining
      case .tooLong: .tooLong
      case .invalidUTF8: .invalidUTF8
      case .wrongTask: .wrongTask
      case .callTooLarge: .limit
      }
    let retryAfter = error.retryAfter.map { duration in
      let (seconds, attoseconds) = duration.components
      return UInt64(clamping: seconds) * 1_000_000
        + UInt64(clamping: attoseconds / 1_000_000_000_000)
    }
    self.init(
      code, reason: reason, error.message,
      isRetryable: code == .unavailable || code == .resourceExhausted,
      retryAfterMicroseconds: retryAfter ?? 0, inputIndex: error.index)
  }
}
