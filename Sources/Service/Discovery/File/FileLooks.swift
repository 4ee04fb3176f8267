/// When a file that is looked at now and then is worth reading. Reads nothing itself.
///
/// A change is taken once two looks in a row see the same file, so that one that is written piece by
/// piece is read when it is whole; or after a few looks, if it never stops changing. The very first
/// state is taken at once.
package struct FileLooks: Sendable {
  package enum Action: Sendable, Equatable {
    /// Read it, and say so with `taken`.
    case read
    /// Nothing new, or nothing that stands still yet.
    case keep
  }

  /// Looks in a row that find the file changed before it is read all the same.
  package static let restlessLooksMax = 5

  private var taken: FileIdentity?
  private var seen: FileIdentity?
  private var restlessLooks = 0

  package init() {}

  package mutating func looked(_ identity: FileIdentity) -> Action {
    defer { seen = identity }
    guard taken != nil else { return .read }
    guard identity != taken else {
      restlessLooks = 0
      return .keep
    }
    restlessLooks += 1
    return identity == seen || restlessLooks >= Self.restlessLooksMax ? .read : .keep
  }

  /// This state was read, good or bad: it needs no second reading.
  package mutating func taken(_ identity: FileIdentity) {
    taken = identity
    restlessLooks = 0
  }
}
