internal import Logging
internal import NIOCore
internal import Transport
internal import Wire

/// A line for each call that took long, with where its time went.
struct SlowCallLog {
  /// Seconds from which a call is logged; nil is never.
  let limit: Double?
  let logger: Logger

  func ended(_ call: RelayedCall, _ outcome: TrafficRecord.Outcome, model: String) {
    guard let limit, outcome.duration >= limit else { return }
    let head = call.caller.head
    var metadata: Logger.Metadata = [
      "model": "\(model)", "method": "\(outcome.method)", "code": "\(outcome.code.name)",
      "inputs": "\(head.inputCount)", "bytes": "\(call.caller.body.readableBytes)",
      "priority": "\(head.priority)", "ms": "\(milliseconds(outcome.duration))",
      "queue_ms": "\(outcome.timings.queueMicroseconds / 1_000)",
      "tokenize_ms": "\(outcome.timings.tokenizeMicroseconds / 1_000)",
      "compute_ms": "\(outcome.timings.computeMicroseconds / 1_000)",
    ]
    if let wait = outcome.wait { metadata["wait_ms"] = "\(milliseconds(wait))" }
    if !head.requestID.isEmpty { metadata["request_id"] = "\(head.requestID)" }
    if !head.traceparent.isEmpty { metadata["traceparent"] = "\(head.traceparent)" }
    logger.notice("slow call", metadata: metadata)
  }

  private func milliseconds(_ seconds: Double) -> Int { Int(min(seconds * 1_000, 1e12)) }
}
