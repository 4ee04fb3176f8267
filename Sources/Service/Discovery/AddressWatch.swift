package import NIOCore

/// The addresses of one source over time: what it was asked, when, and what came of it.
///
/// A source that says nothing changes nothing: the addresses it gave last are kept for as long as it
/// takes. One that says it has none (no such name, no records, an empty file) is believed once it
/// has said so, and nothing else, for `emptyAfter`: name servers say it also while they start.
package struct AddressWatch: Sendable {
  /// What to do now.
  package struct Step: Sendable, Equatable {
    /// New ones, sorted.
    package var added: [Address]
    /// Those that are gone, sorted.
    package var removed: [Address]
    /// How long to wait before the source is asked again.
    package var wait: Duration
    /// What is worth a line in the log; each is told when it begins, not while it lasts.
    package var notices: [Notice]
  }

  package enum Notice: Sendable, Equatable {
    /// It gives none, or not all; what was known is kept.
    case troubled(String)
    /// All is well again.
    case recovered
    /// It has had none for so long that the last ones were dropped.
    case emptied
    /// It gives more than the most that are kept.
    case cut
  }

  /// The addresses in force.
  package private(set) var addresses: Set<Address> = []

  private let configuration: AddressWatchConfiguration
  private var failures = 0
  /// Since when it has said that there are none, without saying anything else.
  private var emptySince: NIODeadline?
  private var trouble: String?
  private var isCut = false

  package init(_ configuration: AddressWatchConfiguration) {
    self.configuration = configuration
  }

  /// The source was asked.
  ///
  /// - Parameters:
  ///   - now: never goes back.
  ///   - jitter: 0…1, by chance; the wait varies by a tenth to either side.
  package mutating func learned(
    _ outcome: AddressOutcome, now: NIODeadline, jitter: Double
  ) -> Step {
    var step: Step
    switch outcome {
    case .found(let found, let ttl, let problem) where !found.isEmpty:
      step = self.found(found, problem)
      step.wait = min(max(ttl, configuration.ttlMin), configuration.ttlMax)
    case .found: return learned(.failed(.noAddresses, "no addresses"), now: now, jitter: jitter)
    case .failed(let failure, let reason):
      step = failed(failure, reason, now)
      step.wait = min(
        configuration.backoffMin * (1 << min(failures, 16)), configuration.backoffMax)
      failures += 1
    }
    step.wait = step.wait * (0.9 + 0.2 * jitter)
    return step
  }

  private mutating func found(_ found: [Address], _ problem: String?) -> Step {
    failures = 0
    emptySince = nil
    var notices: [Notice] = []
    let next = bounded(Set(found), &notices)
    if let problem {
      notices += troubled(problem)
    } else if trouble != nil {
      trouble = nil
      notices.append(.recovered)
    }
    return change(to: next, notices)
  }

  private mutating func failed(
    _ failure: AddressOutcome.Failure, _ reason: String, _ now: NIODeadline
  ) -> Step {
    let notices = troubled(reason)
    guard failure == .noAddresses else {
      emptySince = nil
      return change(to: addresses, notices)
    }
    let since = emptySince ?? now
    emptySince = since
    guard !addresses.isEmpty, now - since >= TimeAmount(configuration.emptyAfter) else {
      return change(to: addresses, notices)
    }
    isCut = false
    return change(to: [], notices + [.emptied])
  }

  private mutating func troubled(_ reason: String) -> [Notice] {
    guard trouble != reason else { return [] }
    trouble = reason
    return [.troubled(reason)]
  }

  /// At most as many as are kept: those that are in force first, so that a list that is too long
  /// does not change what it need not.
  private mutating func bounded(_ found: Set<Address>, _ notices: inout [Notice]) -> Set<Address> {
    let wasCut = isCut
    isCut = found.count > configuration.addressesMax
    guard isCut else { return found }
    if !wasCut { notices.append(.cut) }
    let kept = found.intersection(addresses)
    let others = found.subtracting(addresses).sorted()
    return kept.union(others.prefix(configuration.addressesMax - kept.count))
  }

  private mutating func change(to next: Set<Address>, _ notices: [Notice]) -> Step {
    let added = next.subtracting(addresses).sorted()
    let removed = addresses.subtracting(next).sorted()
    addresses = next
    return Step(added: added, removed: removed, wait: .zero, notices: notices)
  }
}

/// When a source is asked, and how much of it is taken.
package struct AddressWatchConfiguration: Sendable, Hashable {
  /// An answer holds at least this long …
  package var ttlMin: Duration
  /// … and at most this long.
  package var ttlMax: Duration
  /// The wait after a first failure; it doubles with each further one …
  package var backoffMin: Duration
  /// … up to this.
  package var backoffMax: Duration
  /// How long a source must say that it has no addresses before the last ones are dropped.
  package var emptyAfter: Duration
  /// The most that are kept.
  package var addressesMax: Int

  /// Addresses that are kept of one source.
  package static let addressesMax = 4_096

  /// Answers hold for 1…300 s as their TTL says, failures wait 1…30 s, none for 30 s are none.
  package static var dns: AddressWatchConfiguration {
    AddressWatchConfiguration(
      ttlMin: .seconds(1), ttlMax: .seconds(300), backoffMin: .seconds(1),
      backoffMax: .seconds(30), emptyAfter: .seconds(30), addressesMax: addressesMax)
  }

  /// A look each second, whatever it finds; none for 30 s are none.
  package static var file: AddressWatchConfiguration {
    AddressWatchConfiguration(
      ttlMin: .seconds(1), ttlMax: .seconds(1), backoffMin: .seconds(1), backoffMax: .seconds(1),
      emptyAfter: .seconds(30), addressesMax: addressesMax)
  }

  package init(
    ttlMin: Duration, ttlMax: Duration, backoffMin: Duration, backoffMax: Duration,
    emptyAfter: Duration, addressesMax: Int
  ) {
    self.ttlMin = ttlMin
    self.ttlMax = ttlMax
    self.backoffMin = backoffMin
    self.backoffMax = backoffMax
    self.emptyAfter = emptyAfter
    self.addressesMax = addressesMax
  }
}
