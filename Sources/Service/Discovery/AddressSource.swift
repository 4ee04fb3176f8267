/// Where addresses of workers come from, as `--worker` says it.
package enum AddressSource: Sendable, Hashable, CustomStringConvertible {
  /// `HOST:PORT`: one worker. A name is looked up at each connection.
  case address(Address)
  /// `dns:HOST:PORT`: one worker at every address of the name (A and AAAA), all at one port.
  case name(DNSName, port: Int)
  /// `srv:NAME`: one worker at every address of each target of the name's SRV records.
  ///
  /// Of the records those with the lowest priority number are taken. Weights are ignored: work goes
  /// where it is predicted to be done first.
  case service(DNSName)
  /// `file:PATH`: the addresses in a file, as `AddressList` reads it.
  case file(path: String)

  /// Reads one of the four forms. `dns:`, `srv:` and `file:` always begin one of them: a host of
  /// such a name is written with a dot at its end (`dns.:7071`).
  ///
  /// - Throws: `.badText`.
  package init(_ text: String) throws(DiscoveryError) {
    if let rest = Self.rest(of: text, after: "dns:") {
      self = try .named(rest)
    } else if let rest = Self.rest(of: text, after: "srv:") {
      guard !rest.contains(":") else {
        throw DiscoveryError(.badText, "it is srv:NAME: the ports are in the records")
      }
      self = .service(try DNSName(rest))
    } else if let rest = Self.rest(of: text, after: "file:") {
      guard !rest.isEmpty, !rest.utf8.contains(0) else {
        throw DiscoveryError(.badText, "it is file:PATH")
      }
      self = .file(path: rest)
    } else if text.contains(":") {
      self = .address(try Address(text))
    } else {
      throw DiscoveryError(.badText, "it is HOST:PORT, dns:HOST:PORT, srv:NAME or file:PATH")
    }
  }

  package var description: String {
    switch self {
    case .address(let address): "\(address)"
    case .name(let name, let port): "dns:\(name):\(port)"
    case .service(let name): "srv:\(name)"
    case .file(let path): "file:\(path)"
    }
  }

  private static func named(_ text: String) throws(DiscoveryError) -> AddressSource {
    let (host, port) = try Address.split(text, expected: "dns:HOST:PORT")
    guard !host.hasPrefix("["), !Address.isIPv4(host) else {
      throw DiscoveryError(.badText, "that is an address, not a name: it is given without dns:")
    }
    return .name(try DNSName(host), port: port)
  }

  private static func rest(of text: String, after prefix: String) -> String? {
    text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : nil
  }
}
