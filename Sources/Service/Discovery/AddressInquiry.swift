/// A source that is asked again and again, on threads that may wait, and what it remembers between.
enum AddressInquiry: Sendable {
  case dns(DNSInquiry)
  case file(FileInquiry)

  /// Nil for a source that needs no asking.
  init?(_ source: AddressSource, _ resolver: ResolverConfiguration) {
    switch source {
    case .address: return nil
    case .name(let name, let port): self = .dns(DNSInquiry(.name(name, port: port), resolver))
    case .service(let name): self = .dns(DNSInquiry(.service(name), resolver))
    case .file(let path): self = .file(FileInquiry(path: path))
    }
  }

  /// When it is asked, and how much is taken of it.
  var pace: AddressWatchConfiguration {
    switch self {
    case .dns: .dns
    case .file: .file
    }
  }

  /// Waits for the answer: of DNS in bounded time, or until the signal is set; of a file as long as
  /// the system takes to read it.
  mutating func ask(_ stop: StopSignal) -> AddressOutcome {
    switch self {
    case .dns(var inquiry):
      defer { self = .dns(inquiry) }
      return inquiry.ask(stop)
    case .file(var inquiry):
      defer { self = .file(inquiry) }
      return inquiry.ask()
    }
  }
}
