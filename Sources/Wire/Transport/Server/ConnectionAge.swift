package import NIOCore
package import Wire

/// How old a connection becomes. Callers whose connections end come back to whatever servers there
/// are then: so a new server gets its share, and one that goes is forgotten.
package struct ConnectionAge: Sendable, Hashable {
  /// The age at which a connection is told to go away, on average.
  package var mean: TimeAmount
  /// The share of it by which ages differ, to either side: 0…1. Connections that came together do
  /// not end together.
  package var spread: Double
  /// What calls that are open then have to end; beyond it the connection is closed under them.
  package var grace: TimeAmount

  /// 10 min ± 10 %, and 5 min for open calls: a coordinator takes calls on with a minute of work
  /// before them, and a large call takes minutes of its own.
  package static var defaults: ConnectionAge {
    ConnectionAge(mean: .minutes(10), spread: 0.1, grace: .minutes(5))
  }

  package init(mean: TimeAmount, spread: Double, grace: TimeAmount) {
    self.mean = mean
    self.spread = spread
    self.grace = grace
  }

  /// The age that one connection reaches.
  ///
  /// - Parameter chance: 0…1.
  func limit(chance: Double) -> TimeAmount {
    mean + .nanoseconds(Int64(Double(mean.nanoseconds) * spread * (2 * chance - 1)))
  }
}

/// One connection's age, without I/O: when it is told to go away, and when it is closed.
package struct ConnectionLifetime {
  /// What is to be done now.
  package enum Step: Equatable {
    case none
    /// Send a go-away with this status, and answer what is open.
    case goAway(Status)
    /// The calls took too long to end.
    case close(Status)
  }

  private let age: ConnectionAge
  private let opened: NIODeadline
  private let limit: TimeAmount
  private var told: NIODeadline?

  /// - Parameter chance: 0…1, of this connection.
  package init(_ age: ConnectionAge, opened: NIODeadline, chance: Double) {
    self.age = age
    self.opened = opened
    limit = age.limit(chance: chance)
  }

  /// Asked again and again; each step but `.none` is given once.
  package mutating func step(now: NIODeadline) -> Step {
    let seconds = (now - opened).nanoseconds / 1_000_000_000
    guard let told else {
      guard now - opened >= limit else { return .none }
      told = now
      return .goAway(.old("the connection is \(seconds) s old"))
    }
    guard now - told >= age.grace else { return .none }
    self.told = .distantFuture
    return .close(
      .old("the connection is \(seconds) s old, its calls did not end in \(age.grace.text)"))
  }
}

extension Status {
  fileprivate static func old(_ message: String) -> Status {
    Status(.unavailable, reason: .draining, message, isRetryable: true)
  }
}
