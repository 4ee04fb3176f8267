internal import Glibc

/// Names to addresses, by the system's resolver.
enum HostResolver {
  /// The addresses of a host as text, in the system's order, each once. An address is its own.
  ///
  /// It blocks, as long as the system's resolver takes.
  ///
  /// - Throws: `.unavailable` with `isUnreachable`, naming the address.
  static func addresses(_ name: ServerAddress) throws(MillpondError) -> [ServerAddress] {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_ADDRCONFIG
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(name.host, nil, &hints, &list)
    guard code == 0 else {
      let reason = code == EAI_NONAME ? "no such host" : String(cString: gai_strerror(code))
      throw MillpondError(
        .unavailable, "\(name): \(reason)", isRetryable: true, isUnreachable: true)
    }
    defer { freeaddrinfo(list) }
    var addresses: [ServerAddress] = []
    var next = list
    while let entry = next {
      next = entry.pointee.ai_next
      guard let host = numericHost(entry.pointee) else { continue }
      let address = ServerAddress(host: host, port: name.port)
      if !addresses.contains(address) { addresses.append(address) }
    }
    return addresses
  }

  /// Whether the host is an address already, so that nothing is to be resolved.
  static func isAddress(_ host: String) -> Bool {
    var bytes = in6_addr()
    return inet_pton(AF_INET, host, &bytes) == 1 || inet_pton(AF_INET6, host, &bytes) == 1
  }

  private static func numericHost(_ entry: addrinfo) -> String? {
    // The longest text of an address, with the zone of one that is local to a link.
    var text = [CChar](repeating: 0, count: 128)
    let code = getnameinfo(
      entry.ai_addr, entry.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
    guard code == 0 else { return nil }
    return text.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } }
  }
}
