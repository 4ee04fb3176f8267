/// What came of asking a source once.
package enum AddressOutcome: Sendable, Equatable {
  /// At least one address, in any order, perhaps some twice.
  ///
  /// - Parameters:
  ///   - ttl: how long they may be taken for true.
  ///   - problem: why a part of them is what was known before; nil if all is new.
  case found([Address], ttl: Duration, problem: String? = nil)
  /// No addresses, and why.
  case failed(Failure, String)

  package enum Failure: Sendable, Hashable {
    /// The source says that there are none: no such name, no records, an empty file.
    case noAddresses
    /// The source says nothing: no server answers, the file cannot be read.
    case unavailable
  }
}
