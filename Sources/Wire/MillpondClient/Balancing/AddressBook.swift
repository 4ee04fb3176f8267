package import NIOCore
internal import Transport

/// The addresses of a service and how each of them is doing, without I/O: which to connect to and
/// when, and which one takes the next call. Time and chance are passed in.
///
/// At most so many addresses are connected to; where there are more, chance chooses, and one that
/// cannot be reached makes place for another.
package struct AddressBook: Sendable {
  /// Names an address for as long as it is connected to; never used again.
  package struct ID: Hashable, Sendable {
    fileprivate var number: Int
  }

  private enum State {
    /// To be connected to, at once.
    case idle
    case connecting
    case open(since: NIODeadline)
    /// Not to be connected to before then.
    case failed(until: NIODeadline)
  }

  private struct Entry {
    let id: ID
    let address: ServerAddress
    var state = State.idle
    /// The last connection was not had, or was lost.
    var hasFailed = false
    /// Calls that it has and has not answered.
    var openCalls = 0
    var reconnect = Backoff.reconnect
    /// It refused calls: others are asked until then.
    var restsUntil = NIODeadline.distantPast
    var rest = Backoff.reconnect

    var isOpen: Bool {
      if case .open = state { true } else { false }
    }

    func livedLong(now: NIODeadline) -> Bool {
      guard case .open(let since) = state else { return false }
      return now - since >= AddressBook.goodAge
    }
  }

  /// An address that is not connected to.
  private struct Spare {
    var address: ServerAddress
    var until: NIODeadline
  }

  /// Addresses that are kept; more are dropped.
  package static let addressesMax = 256
  /// A connection that lived so long was a good one: after it, waits begin with the shortest.
  private static let goodAge = TimeAmount.milliseconds(500)
  /// For an address that was given up in favour of another.
  private static let spareWait = TimeAmount.seconds(5)
  /// The longest that a refusal keeps calls away.
  private static let restMax = TimeAmount.seconds(5)

  private let connectionsMax: Int
  private var active: [Entry] = []
  private var spares: [Spare] = []
  private var nextNumber = 0

  /// - Parameter connectionsMax: addresses that are connected to at once, at least 1.
  package init(connectionsMax: Int) {
    self.connectionsMax = connectionsMax
  }

  /// Addresses that are connected to, or to be.
  package var activeIDs: [ID] { active.map(\.id) }

  /// Whether any address takes calls.
  package var hasOpen: Bool { active.contains(where: \.isOpen) }

  /// Whether none takes calls, and the last try of each has failed.
  package var hasAllFailed: Bool { active.allSatisfy { !$0.isOpen && $0.hasFailed } }

  /// When the next address is due to be connected to; nil if none waits for a time.
  package var nextDue: NIODeadline? {
    active.compactMap {
      if case .failed(let until) = $0.state { until } else { nil }
    }.min()
  }

  package func address(of id: ID) -> ServerAddress? {
    active.first { $0.id == id }?.address
  }

  // MARK: Addresses

  /// These are the addresses there are now.
  ///
  /// - Returns: those that were connected to and are no more among them.
  package mutating func update(
    _ addresses: [ServerAddress], using generator: inout some RandomNumberGenerator
  ) -> [ID] {
    var known = Set<ServerAddress>()
    let kept = addresses.filter { known.insert($0).inserted }.prefix(Self.addressesMax)
    known = Set(kept)
    let gone = active.filter { !known.contains($0.address) }.map(\.id)
    active.removeAll { !known.contains($0.address) }
    spares.removeAll { !known.contains($0.address) }
    let old = Set(active.map(\.address)).union(spares.map(\.address))
    spares += kept.filter { !old.contains($0) }.map { Spare(address: $0, until: .distantPast) }
    while active.count < connectionsMax, !spares.isEmpty {
      activate(Int.random(in: 0..<spares.count, using: &generator))
    }
    return gone
  }

  private mutating func activate(_ spare: Int) {
    active.append(Entry(id: ID(number: nextNumber), address: spares.remove(at: spare).address))
    nextNumber += 1
  }

  // MARK: Connections

  /// The addresses to connect to now; they are taken to be connected to from here on.
  package mutating func takeDue(now: NIODeadline) -> [(id: ID, address: ServerAddress)] {
    var due: [(id: ID, address: ServerAddress)] = []
    for index in active.indices {
      switch active[index].state {
      case .idle: break
      case .failed(let until) where until <= now: break
      case .failed, .connecting, .open: continue
      }
      active[index].state = .connecting
      due.append((active[index].id, active[index].address))
    }
    return due
  }

  /// The server said hello.
  package mutating func opened(_ id: ID, now: NIODeadline) {
    modify(id) { entry in
      entry.state = .open(since: now)
      entry.hasFailed = false
    }
  }

  /// The server said go-away: the next connection is made at once, unless this one was a short one.
  package mutating func wentAway(
    _ id: ID, now: NIODeadline, using generator: inout some RandomNumberGenerator
  ) {
    let chance = Double.random(in: 0...1, using: &generator)
    modify(id) { entry in
      if entry.livedLong(now: now) {
        entry.reconnect.reset()
        entry.state = .idle
      } else {
        entry.state = .failed(until: now + entry.reconnect.next(chance: chance))
      }
    }
  }

  /// The connection could not be had, or was lost.
  ///
  /// - Returns: whether another address takes its place: this one's id is no more.
  package mutating func failed(
    _ id: ID, now: NIODeadline, using generator: inout some RandomNumberGenerator
  ) -> Bool {
    let chance = Double.random(in: 0...1, using: &generator)
    guard let index = active.firstIndex(where: { $0.id == id }) else { return false }
    if let spare = spares.indices.filter({ spares[$0].until <= now })
      .randomElement(using: &generator)
    {
      activate(spare)
      let given = active.remove(at: index)
      spares.append(Spare(address: given.address, until: now + Self.spareWait))
      return true
    }
    if active[index].livedLong(now: now) { active[index].reconnect.reset() }
    let wait = active[index].reconnect.next(chance: chance)
    active[index].state = .failed(until: now + wait)
    active[index].hasFailed = true
    return false
  }

  // MARK: Calls

  /// The address for the next call: of two that chance names, the one with fewer open calls.
  ///
  /// - Parameters:
  ///   - avoided: asked only if there is no other …
  ///   - isElsewhereOnly: … and not even then.
  /// - Returns: nil if none takes calls.
  package func choose(
    avoiding avoided: [ID] = [], isElsewhereOnly: Bool = false, now: NIODeadline,
    using generator: inout some RandomNumberGenerator
  ) -> ID? {
    let awake = pick(using: &generator) {
      $0.isOpen && $0.restsUntil <= now && !avoided.contains($0.id)
    }
    if let awake { return awake }
    if let other = pick(using: &generator, { $0.isOpen && !avoided.contains($0.id) }) {
      return other
    }
    return isElsewhereOnly || avoided.isEmpty ? nil : pick(using: &generator, \.isOpen)
  }

  private func pick(
    using generator: inout some RandomNumberGenerator, _ matches: (Entry) -> Bool
  ) -> ID? {
    let count = active.count(where: matches)
    guard count > 0 else { return nil }
    let first = Int.random(in: 0..<count, using: &generator)
    // Another one: a step of 1 to all but one around the circle.
    let step = count == 1 ? 0 : Int.random(in: 1..<count, using: &generator)
    let second = (first + step) % count
    var (place, one, other) = (0, active[0], active[0])
    for entry in active where matches(entry) {
      if place == first { one = entry }
      if place == second { other = entry }
      place += 1
    }
    return other.openCalls < one.openCalls ? other.id : one.id
  }

  /// Whether an address is left for a call that some have failed.
  ///
  /// - Parameter openOnly: it takes calls and has refused none lately; else one will do that is
  ///   being connected to for the first time, or after a go-away.
  package func hasOther(than avoided: [ID], openOnly: Bool, now: NIODeadline) -> Bool {
    active.contains { entry in
      guard !avoided.contains(entry.id) else { return false }
      if openOnly { return entry.isOpen && entry.restsUntil <= now }
      return entry.isOpen || !entry.hasFailed
    }
  }

  package mutating func callStarted(_ id: ID) {
    modify(id) { $0.openCalls += 1 }
  }

  package mutating func callEnded(_ id: ID) {
    modify(id) { $0.openCalls -= 1 }
  }

  /// The server did what it was asked.
  package mutating func answered(_ id: ID) {
    modify(id) { entry in
      entry.rest.reset()
      entry.restsUntil = .distantPast
    }
  }

  /// The server refused a call, or did not stir while one waited: others are asked for a while, if
  /// there are any.
  ///
  /// - Parameter retryAfter: when it wants to be asked again; zero if it did not say.
  package mutating func refused(
    _ id: ID, retryAfter: TimeAmount = .zero, now: NIODeadline, chance: Double
  ) {
    modify(id) { entry in
      // One rest for all the calls that are refused at once.
      guard entry.restsUntil <= now else { return }
      let wait = max(entry.rest.next(chance: chance), retryAfter)
      entry.restsUntil = now + min(wait, Self.restMax)
    }
  }

  private mutating func modify(_ id: ID, _ body: (inout Entry) -> Void) {
    guard let index = active.firstIndex(where: { $0.id == id }) else { return }
    body(&active[index])
  }
}
