/// Extra work that may be done on top of what callers asked for: a share of it, and a little at any
/// time, saved up for some seconds at most (Finagle's retry budget).
package struct Budget: Sendable, Equatable {
  private let share: Double
  private let perNanosecond: Double
  private let savedMax: Double
  private var saved: Double
  private var lastTime: Int64?

  /// - Parameters:
  ///   - share: of asked work that may be extra.
  ///   - perSecond: extra work that is allowed however little is asked.
  ///   - seconds: how much of `perSecond` can be saved up; the share is saved to no more than ten
  ///     times that.
  package init(share: Double, perSecond: Double, seconds: Double) {
    self.share = share
    perNanosecond = perSecond / 1e9
    savedMax = perSecond * seconds * 10
    saved = perSecond * seconds
  }

  /// Callers asked for that much.
  package mutating func asked(_ amount: Double) {
    saved = min(savedMax, saved + amount * share)
  }

  /// Takes so much if it is there.
  package mutating func take(_ amount: Double, now: Int64) -> Bool {
    if let lastTime, now > lastTime {
      saved = min(savedMax, saved + Double(now - lastTime) * perNanosecond)
    }
    lastTime = max(now, lastTime ?? now)
    guard saved >= amount else { return false }
    saved -= amount
    return true
  }
}
