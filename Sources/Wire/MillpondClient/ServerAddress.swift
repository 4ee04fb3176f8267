/// Where a server listens: `HOST:PORT`, or `[ADDRESS]:PORT` for IPv6.
public struct ServerAddress: Sendable, Hashable, CustomStringConvertible {
  /// A name or an address, IPv6 without brackets.
  public var host: String
  /// 0…65535.
  public var port: Int

  /// An address of its parts.
  public init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// Nil if the text is not `HOST:PORT` with a port of 0…65535.
  public init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":"),
      let port = Int(text[text.index(after: colon)...]), (0...65_535).contains(port)
    else { return nil }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      return nil
    }
    guard !host.isEmpty else { return nil }
    self.init(host: String(host), port: port)
  }

  /// `HOST:PORT`, with brackets around an IPv6 address.
  public var description: String {
    host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }
}
