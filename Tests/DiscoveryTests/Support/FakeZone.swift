import Discovery

/// What a DNS server would say, as a value.
struct FakeZone {
  /// By name and type: "w.test A". What is not in it does not exist.
  var answers: [String: DNSAnswer] = [:]
  /// Everything that was asked, in order.
  private(set) var asked: [String] = []

  init(_ answers: [String: DNSAnswer]) {
    self.answers = answers
  }

  /// Carries a lookup out.
  mutating func run(_ lookup: inout AddressLookup) -> AddressOutcome {
    var action = lookup.begin()
    while case .ask(let questions) = action {
      asked += questions.map(\.description)
      action = lookup.answered(questions.map { answers[$0.description] ?? .noSuchName })
    }
    guard case .done(let outcome) = action else { preconditionFailure("\(action)") }
    return outcome
  }
}

extension DNSAnswer {
  static func a(_ addresses: String..., ttl: UInt32 = 60) -> DNSAnswer {
    records(addresses.map { .ipv4($0) }, ttl)
  }

  static func aaaa(_ addresses: String..., ttl: UInt32 = 60) -> DNSAnswer {
    records(addresses.map { .ipv6($0) }, ttl)
  }

  /// Records of priority, port and target, and addresses by name that come with them.
  static func srv(
    _ services: [(UInt16, UInt16, String)], ttl: UInt32 = 60,
    additional: [(String, DNSMessage.Data)] = []
  ) -> DNSAnswer {
    let answers = services.map { priority, port, target in
      DNSMessage.Data.service(priority: priority, port: port, target: target)
    }
    return records(
      answers, ttl,
      additional.map { DNSMessage.Record(name: $0, ttlSeconds: ttl, data: $1) })
  }

  static let serverFailed = DNSAnswer.unavailable("server failed")

  private static func records(
    _ data: [DNSMessage.Data], _ ttl: UInt32, _ additional: [DNSMessage.Record] = []
  ) -> DNSAnswer {
    .message(
      DNSMessage(
        answers: data.map { DNSMessage.Record(name: "w.test", ttlSeconds: ttl, data: $0) },
        additional: additional))
  }
}
