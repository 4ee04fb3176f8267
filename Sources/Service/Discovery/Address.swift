internal import Glibc

/// Where a worker listens.
package struct Address: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// A name or an address, IPv6 without brackets.
  package var host: String
  /// 1…65,535.
  package var port: Int

  package init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// Reads `HOST:PORT`, or `[ADDRESS]:PORT` for IPv6. The host is an address or could be a name.
  ///
  /// - Throws: `.badText`.
  package init(_ text: String) throws(DiscoveryError) {
    let (host, port) = try Self.split(text, expected: "HOST:PORT")
    if host.hasPrefix("["), host.hasSuffix("]") {
      let address = String(host.dropFirst().dropLast())
      // What follows a percent sign names the interface of a link-local address.
      guard Self.isIPv6(String(address.prefix { $0 != "%" })) else {
        throw DiscoveryError(.badText, "there is no IPv6 address between the brackets")
      }
      self.init(host: address, port: port)
    } else {
      _ = try DNSName(host)
      self.init(host: host, port: port)
    }
  }

  package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

  package static func < (left: Address, right: Address) -> Bool {
    (left.host, left.port) < (right.host, right.port)
  }

  /// The parts of a text that ends with a port.
  ///
  /// - Parameter expected: what the whole should have been, for the message.
  static func split(
    _ text: String, expected: String
  ) throws(DiscoveryError) -> (host: String, port: Int) {
    guard let colon = text.lastIndex(of: ":") else {
      throw DiscoveryError(.badText, "it is \(expected)")
    }
    let digits = text[text.index(after: colon)...]
    guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(digits) else {
      throw DiscoveryError(.badText, "it is \(expected), with a port from 1 to 65535")
    }
    let host = String(text[..<colon])
    guard !host.isEmpty else { throw DiscoveryError(.badText, "no host: it is \(expected)") }
    if host.contains(":"), !host.hasPrefix("[") {
      throw DiscoveryError(.badText, "it is \(expected), an IPv6 address in brackets")
    }
    guard port > 0 else { throw DiscoveryError(.badText, "a worker cannot be at port 0") }
    return (host, Int(port))
  }

  static func isIPv4(_ text: String) -> Bool {
    var address = in_addr()
    return inet_pton(AF_INET, text, &address) == 1
  }

  static func isIPv6(_ text: String) -> Bool {
    var address = in6_addr()
    return inet_pton(AF_INET6, text, &address) == 1
  }
}
