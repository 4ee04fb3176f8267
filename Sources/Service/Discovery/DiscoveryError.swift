/// Why addresses of workers cannot be had.
package struct DiscoveryError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Code: Sendable {
    /// A text that names no source, name or address.
    case badText
    /// A list of addresses that is not one. The message names file and line.
    case badList
    /// A file that cannot be read.
    case unreadable
    /// Bytes that are no DNS message.
    case badMessage
    /// The configuration of DNS cannot be used.
    case noResolver
  }

  package var code: Code
  /// What is wrong and what is expected.
  package var message: String

  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  package var description: String { message }
}
