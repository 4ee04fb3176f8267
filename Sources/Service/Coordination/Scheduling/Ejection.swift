/// Whether a worker has failed so often in a row that it is left alone for a while.
///
/// Three lost connections in a row, or five faults of its own, count. It stays out 5 s, then twice
/// as long each time up to 300 s, a tenth more or less by chance; the next success after it came
/// back forgives. What a caller or the load brings about (bad input, deadline, cancel, overload)
/// counts for nothing.
package struct Ejection: Sendable, Equatable {
  private static let lossesMax = 3
  private static let faultsMax = 5
  private static let first: Int64 = 5_000_000_000
  private static let longest: Int64 = 300_000_000_000

  private var losses = 0
  private var faults = 0
  private var times = 0
  private var until: Int64 = .min

  package init() {}

  package func isEjected(now: Int64) -> Bool { now < until }

  /// Whether it has come back and not yet answered: it gets one piece to show.
  package func isOnTrial(now: Int64) -> Bool { times > 0 && now >= until }

  package mutating func succeeded() {
    losses = 0
    faults = 0
    times = 0
  }

  /// - Parameters:
  ///   - isAllowed: whether one more may be left alone.
  ///   - jitter: 0…1, by chance.
  /// - Returns: whether it is ejected by this.
  package mutating func lostConnection(now: Int64, isAllowed: Bool, jitter: Double) -> Bool {
    losses += 1
    return losses >= Self.lossesMax && eject(now, isAllowed, jitter)
  }

  package mutating func faulted(now: Int64, isAllowed: Bool, jitter: Double) -> Bool {
    faults += 1
    let isOnTrial = isOnTrial(now: now)
    return (isOnTrial || faults >= Self.faultsMax) && eject(now, isAllowed, jitter)
  }

  private mutating func eject(_ now: Int64, _ isAllowed: Bool, _ jitter: Double) -> Bool {
    guard isAllowed, !isEjected(now: now) else { return false }
    let length = min(Self.first << Int64(min(times, 16)), Self.longest)
    until = now + Int64(Double(length) * (0.9 + 0.2 * jitter))
    times += 1
    losses = 0
    faults = 0
    return true
  }
}
