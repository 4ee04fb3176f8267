internal import CWireMessages

/// What a coordinator did for one model since it started, and has in hand.
package struct ModelTraffic: Sendable, Equatable {
  package var model = ""
  /// What new calls are sent to.
  package var fingerprint = ""
  package var openCalls = 0
  package var waitingInputs = 0
  /// Predicted until a new call would begin.
  package var backlogMicroseconds: UInt64 = 0
  package var answeredCalls: UInt64 = 0
  package var answeredInputs: UInt64 = 0
  package var refusedCalls: UInt64 = 0
  package var failedCalls: UInt64 = 0
  /// Pieces that were sent again …
  package var retriedPieces: UInt64 = 0
  /// … and those sent to a second worker for being late.
  package var hedgedPieces: UInt64 = 0
  /// Inputs that were not computed: an equal one was under way …
  package var sharedInputs: UInt64 = 0
  /// … or its answer was kept.
  package var cachedInputs: UInt64 = 0
  /// Of the calls answered in the last ten seconds, with the next.
  package var medianMicroseconds: UInt64 = 0
  package var p99Microseconds: UInt64 = 0

  package init() {}
}

extension ModelTraffic: ProtobufConvertible {
  typealias Raw = Millpond__V1__ModelTraffic
  static let messageName: StaticString = "ModelTraffic"
  static var initializeRaw: Initialize<Raw> { millpond__v1__model_traffic__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__model_traffic__unpack }

  init(raw: borrowing Raw) throws(WireError) {
    model = try raw.model.string("ModelTraffic.model")
    fingerprint = try raw.fingerprint.string("ModelTraffic.fingerprint")
    openCalls = Int(raw.open_calls)
    waitingInputs = Int(raw.waiting_inputs)
    backlogMicroseconds = raw.backlog_us
    answeredCalls = raw.answered_calls
    answeredInputs = raw.answered_inputs
    refusedCalls = raw.refused_calls
    failedCalls = raw.failed_calls
    retriedPieces = raw.retried_pieces
    hedgedPieces = raw.hedged_pieces
    sharedInputs = raw.shared_inputs
    cachedInputs = raw.cached_inputs
    medianMicroseconds = raw.median_us
    p99Microseconds = raw.p99_us
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    raw.model = builder.bytes(model)
    raw.fingerprint = builder.bytes(fingerprint)
    raw.open_calls = UInt32(clamping: openCalls)
    raw.waiting_inputs = UInt32(clamping: waitingInputs)
    raw.backlog_us = backlogMicroseconds
    raw.answered_calls = answeredCalls
    raw.answered_inputs = answeredInputs
    raw.refused_calls = refusedCalls
    raw.failed_calls = failedCalls
    raw.retried_pieces = retriedPieces
    raw.hedged_pieces = hedgedPieces
    raw.shared_inputs = sharedInputs
    raw.cached_inputs = cachedInputs
    raw.median_us = medianMicroseconds
    raw.p99_us = p99Microseconds
  }
}
