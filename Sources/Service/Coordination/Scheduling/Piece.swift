package import Wire

/// A part of a call that goes to a worker.
package struct Piece: Sendable {
  package typealias ID = SlotTable<Piece>.ID

  /// A worker that has the piece.
  package struct Holder: Sendable {
    package let worker: Int
    let sent: Int64
    /// Nanoseconds until its answer, as predicted.
    let predicted: Int64
    /// When its answer is late.
    package let lateAfter: Int64
    /// When a second worker may be asked as well; `.max` is never.
    let hedgeAfter: Int64
    package internal(set) var isLate = false
  }

  package let call: ScheduledCall.ID
  /// Longest first.
  package let units: [Int32]
  /// Predicted nanoseconds of one compute thread.
  package let cost: Int64
  /// What the prediction was made of: see `CostModel.unit`.
  let costUnit: Double
  package let priority: Priority
  /// What the worker is told; `.max` is none.
  package let deadline: Int64
  var attempts: Attempts
  package let isAlone: Bool
  package internal(set) var holders: [Holder] = []
  /// Whether a second worker was asked before the first was late.
  package internal(set) var isHedged = false

  /// Workers that lost or refused it.
  package var tried: [Int] { attempts.workers }

  package func isHeld(by worker: Int) -> Bool { holders.contains { $0.worker == worker } }
}
