internal import CWireMessages

/// A worker as its coordinator sees it.
package struct WorkerInfo: Sendable, Equatable {
  package var address = ""
  package var model = ""
  /// "starting", "warming", "ready", "draining" or "down".
  package var state = ""
  /// 0 when the process is not the coordinator's.
  package var processID = 0
  package var restarts = 0
  package var load: LoadReport?
  package var openPieces = 0
  package var fingerprint = ""
  /// Predicted until it would begin something new, as the coordinator reckons.
  package var backlogMicroseconds: UInt64 = 0
  /// Since the coordinator knows it.
  package var answeredPieces: UInt64 = 0
  package var answeredInputs: UInt64 = 0
  package var computeMicroseconds: UInt64 = 0
  /// What it needs of the model's predicted time: 2 is half as fast; 0 is not known.
  package var slowness = 0.0

  package init() {}
}

extension WorkerInfo: ProtobufConvertible {
  typealias Raw = Millpond__V1__WorkerInfo
  static let messageName: StaticString = "WorkerInfo"
  static var initializeRaw: Initialize<Raw> { millpond__v1__worker_info__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__worker_info__unpack }

  init(raw: borrowing Raw) throws(WireError) {
    address = try raw.address.string("WorkerInfo.address")
    model = try raw.model.string("WorkerInfo.model")
    state = try raw.state.string("WorkerInfo.state")
    processID = Int(raw.pid)
    restarts = Int(raw.restarts)
    load = try value(raw.load)
    openPieces = Int(raw.open_pieces)
    fingerprint = try raw.fingerprint.string("WorkerInfo.fingerprint")
    backlogMicroseconds = raw.backlog_us
    answeredPieces = raw.answered_pieces
    answeredInputs = raw.answered_inputs
    computeMicroseconds = raw.compute_us
    slowness = Double(raw.slowness_thousandths) / 1_000
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    raw.address = builder.bytes(address)
    raw.model = builder.bytes(model)
    raw.state = builder.bytes(state)
    raw.pid = UInt32(clamping: processID)
    raw.restarts = UInt32(clamping: restarts)
    raw.load = builder.message(load)
    raw.open_pieces = UInt32(clamping: openPieces)
    raw.fingerprint = builder.bytes(fingerprint)
    raw.backlog_us = backlogMicroseconds
    raw.answered_pieces = answeredPieces
    raw.answered_inputs = answeredInputs
    raw.compute_us = computeMicroseconds
    raw.slowness_thousandths = UInt32(max(0, min(slowness * 1_000, 1e9)).rounded())
  }
}
