internal import NIOCore

/// Lookups of one subject, one after the other, on threads that may wait.
struct DNSInquiry: Sendable {
  private let subject: AddressLookup.Subject
  private let configuration: ResolverConfiguration
  /// The last that found something, for what DNS does not say in the next.
  private var last: AddressLookup?

  init(_ subject: AddressLookup.Subject, _ configuration: ResolverConfiguration) {
    self.subject = subject
    self.configuration = configuration
  }

  /// Looks it up. Waits for at most `lookupTimeout`, or until the signal is set.
  mutating func ask(_ stop: StopSignal) -> AddressOutcome {
    if let outcome = localAddresses() { return outcome }
    do {
      return try lookUp(Resolver(configuration), stop)
    } catch {
      return .failed(.unavailable, error.message)
    }
  }

  private mutating func lookUp(_ resolver: borrowing Resolver, _ stop: StopSignal) -> AddressOutcome
  {
    let end = NIODeadline.now() + TimeAmount(configuration.lookupTimeout)
    var lookup = AddressLookup(subject, resolver.search, last: last)
    var action = lookup.begin()
    while true {
      switch action {
      case .ask(let questions):
        let left = Duration(end - .now())
        action = lookup.answered(resolver.ask(questions, wait: left, stop: stop))
      case .done(let outcome):
        remember(lookup, outcome)
        return outcome
      }
    }
  }

  private mutating func remember(_ lookup: AddressLookup, _ outcome: AddressOutcome) {
    switch outcome {
    case .found: last = lookup
    case .failed(.noAddresses, _): last = nil
    case .failed(.unavailable, _): break
    }
  }

  /// What the file of names says, which needs no DNS; nil if it does not know the name.
  private func localAddresses() -> AddressOutcome? {
    guard case .name(let name, let port) = subject,
      // As everywhere: without such a file there are no such names.
      let file = try? FileContents(
        path: configuration.hostsPath, byteCountMax: HostsFile.byteCountMax)
    else { return nil }
    let hosts = HostsFile.addresses(of: name, in: file.bytes)
    guard !hosts.isEmpty else { return nil }
    return .found(hosts.map { Address(host: $0, port: port) }, ttl: configuration.hostsTTL)
  }
}
