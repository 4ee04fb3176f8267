package import NIOCore

/// How many calls may be sent again: a share of the calls of the last seconds, so that callers do
/// not multiply the load of servers that fail under it. A value without I/O.
package struct RetryBudget: Sendable {
  /// Seconds that are looked back on.
  package static let windowSeconds = 10
  /// Retries for each call of the window …
  package static let share = 0.2
  /// … and at least so many for each second of it.
  package static let leastPerSecond = 10

  private struct Second {
    var number: Int64 = -1
    var calls = 0
    var retries = 0
  }

  private var seconds = [Second](repeating: Second(), count: windowSeconds)

  package init() {}

  /// A call is sent for the first time.
  package mutating func callStarted(now: NIODeadline) {
    seconds[current(now)].calls += 1
  }

  /// Takes one retry.
  ///
  /// - Returns: false if there is none left; nothing is taken then.
  package mutating func takeRetry(now: NIODeadline) -> Bool {
    let index = current(now)
    let number = seconds[index].number
    var (calls, retries) = (0, 0)
    for second in seconds where second.number > number - Int64(Self.windowSeconds) {
      calls += second.calls
      retries += second.retries
    }
    let least = Self.leastPerSecond * Self.windowSeconds
    guard retries < max(least, Int(Double(calls) * Self.share)) else { return false }
    seconds[index].retries += 1
    return true
  }

  /// The place of this second, emptied of the one that is out of the window.
  private mutating func current(_ now: NIODeadline) -> Int {
    let number = Int64(clamping: now.uptimeNanoseconds / 1_000_000_000)
    let index = Int(number % Int64(Self.windowSeconds))
    if seconds[index].number != number { seconds[index] = Second(number: number) }
    return index
  }
}
