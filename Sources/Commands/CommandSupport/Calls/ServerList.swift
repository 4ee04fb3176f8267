package import MillpondClient

/// The servers that a command may call: they serve the same.
package struct ServerList: Sendable, Equatable, CustomStringConvertible {
  /// At least one.
  package let addresses: [ServerAddress]

  /// One server.
  package init(_ address: ServerAddress) {
    addresses = [address]
  }

  /// Servers of texts with commas between: `HOST:PORT[,HOST:PORT…]`; one that is named twice counts
  /// once.
  ///
  /// - Throws: the text that is no address, or has port 0; an empty text if there is none.
  package init(_ texts: [String]) throws(NotAnAddress) {
    var addresses: [ServerAddress] = []
    for text in texts.flatMap({ $0.split(separator: ",", omittingEmptySubsequences: false) }) {
      guard let address = ServerAddress(String(text)), address.port > 0 else {
        throw NotAnAddress(text: String(text))
      }
      if !addresses.contains(address) { addresses.append(address) }
    }
    guard !addresses.isEmpty else { throw NotAnAddress(text: "") }
    self.addresses = addresses
  }

  /// A text that was to be one.
  package struct NotAnAddress: Error, Equatable {
    /// As given.
    package let text: String
  }

  /// `HOST:PORT`, or several with commas between.
  package var description: String { addresses.map(\.description).joined(separator: ", ") }
}
