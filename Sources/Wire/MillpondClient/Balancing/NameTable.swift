package import NIOCore
internal import Transport

/// The addresses that a client was given, and what the names among them stand for, without I/O:
/// which to resolve, and when again.
package struct NameTable: Sendable {
  private struct Name {
    let name: ServerAddress
    /// By the last try that gave any.
    var addresses: [ServerAddress] = []
    /// Why the last try gave none.
    var failure: MillpondError?
    var isResolving = false
    var tried: NIODeadline?
    /// When a name that failed is tried again.
    var retryAt: NIODeadline?
    var backoff = Backoff.reconnect
  }

  private enum Given {
    case address(ServerAddress)
    /// By its place in `names`.
    case name(Int)
  }

  /// Addresses and names that are kept; more are dropped.
  package static let givenMax = 64

  private var given: [Given] = []
  private var names: [Name] = []

  /// - Parameter isAddress: whether a host is no name, but an address.
  package init(_ addresses: [ServerAddress], isAddress: (String) -> Bool) {
    for address in addresses.prefix(Self.givenMax) {
      if isAddress(address.host) {
        given.append(.address(address))
      } else {
        given.append(.name(names.count))
        names.append(Name(name: address))
      }
    }
  }

  /// All addresses that are known now, in the order in which they were given.
  package var addresses: [ServerAddress] {
    given.flatMap { given in
      switch given {
      case .address(let address): [address]
      case .name(let index): names[index].addresses
      }
    }
  }

  /// Whether some name has not been tried to its end yet.
  package var isPending: Bool { names.contains { $0.addresses.isEmpty && $0.failure == nil } }

  /// Why names without an address have none.
  package var failures: [MillpondError] {
    names.filter(\.addresses.isEmpty).map {
      $0.failure ?? MillpondError(.unavailable, "\($0.name): the name is not resolved yet")
    }
  }

  /// When a name that failed is due; nil if none is.
  package var nextDue: NIODeadline? {
    names.compactMap { $0.isResolving ? nil : $0.retryAt }.min()
  }

  /// The names to resolve now; they are taken to be resolved from here on.
  ///
  /// - Parameter age: names that were resolved so long ago are due as well; nil is none of them.
  package mutating func takeDue(olderThan age: TimeAmount?, now: NIODeadline) -> [ServerAddress] {
    var due: [ServerAddress] = []
    for index in names.indices where !names[index].isResolving {
      let name = names[index]
      let isOld = name.tried.map { tried in age.map { now - tried >= $0 } ?? false } ?? true
      let isRetried = name.retryAt.map { $0 <= now } ?? false
      guard isOld || isRetried else { continue }
      names[index].isResolving = true
      names[index].tried = now
      due.append(name.name)
    }
    return due
  }

  /// A name was resolved, or not: then its last addresses stay.
  ///
  /// - Parameter chance: 0…1.
  package mutating func resolved(
    _ name: ServerAddress, _ result: Result<[ServerAddress], MillpondError>, now: NIODeadline,
    chance: Double
  ) {
    for index in names.indices where names[index].name == name {
      names[index].isResolving = false
      switch result {
      case .success(let addresses):
        names[index].addresses = addresses
        names[index].failure = nil
        names[index].retryAt = nil
        names[index].backoff.reset()
      case .failure(let error):
        names[index].failure = error
        names[index].retryAt = now + names[index].backoff.next(chance: chance)
      }
    }
  }
}
