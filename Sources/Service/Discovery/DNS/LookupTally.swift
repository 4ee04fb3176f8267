/// The addresses that one lookup has found so far, by question: what DNS said now, or, where it said
/// nothing now, what it had said to the same question in the lookup before.
struct LookupTally: Sendable {
  /// The addresses that each question gave, as text.
  typealias Memory = [DNSQuestion: [String]]

  /// With a part of the answers missing, the source is asked again at least this soon.
  static let partialTTL = Duration.seconds(30)

  /// For the next lookup.
  private(set) var memory: Memory = [:]
  /// Whether any question was answered.
  private(set) var isAnswered = false
  private let last: Memory
  private var ttlSeconds = UInt32.max
  private var problem: String?
  /// How many more addresses are taken: one more than are kept, so that it is seen that some are cut.
  private var addressesLeft = AddressWatchConfiguration.addressesMax + 1

  init(last: Memory) {
    self.last = last
  }

  /// The least TTL counts, aliases included.
  mutating func limit(to records: [DNSMessage.Record]) {
    for record in records { ttlSeconds = min(ttlSeconds, record.ttlSeconds) }
  }

  /// DNS answered a question that gives no addresses by itself.
  mutating func answered(with records: [DNSMessage.Record]) {
    isAnswered = true
    limit(to: records)
  }

  /// A question for addresses, and what came of it.
  mutating func take(_ question: DNSQuestion, _ answer: DNSAnswer) {
    switch answer {
    case .message(let message):
      answered(with: message.answers)
      note(question, message.answers)
    case .noData, .noSuchName:
      isAnswered = true
    case .unavailable(let reason):
      problem = problem ?? "\(question): \(reason)"
      memory[question] = last[question]
    }
  }

  /// Addresses of a name that came unasked.
  mutating func take(_ name: DNSName, _ records: [DNSMessage.Record]) {
    limit(to: records)
    for question in DNSQuestion.addresses(of: name) { note(question, records) }
  }

  private mutating func note(_ question: DNSQuestion, _ records: [DNSMessage.Record]) {
    let addresses = records.lazy.compactMap { $0.data.address(of: question.type) }
    let taken = Array(addresses.prefix(addressesLeft))
    addressesLeft -= taken.count
    memory[question] = taken
  }

  /// All addresses of a name.
  func hosts(of name: DNSName) -> [String] {
    DNSQuestion.addresses(of: name).flatMap { memory[$0] ?? [] }
  }

  /// Whether a question remains open, so that "none" would be a guess.
  var isPartial: Bool { problem != nil }

  /// What the lookup comes to.
  ///
  /// - Parameter none: what to say if there are no addresses and no question remains open.
  func outcome(_ addresses: [Address], none: String) -> AddressOutcome {
    if isAnswered, !addresses.isEmpty {
      let ttl = Duration.seconds(Int64(ttlSeconds))
      return .found(
        addresses, ttl: isPartial ? min(ttl, Self.partialTTL) : ttl, problem: problem)
    }
    if let problem { return .failed(.unavailable, problem) }
    return .failed(.noAddresses, none)
  }
}

extension DNSMessage.Data {
  /// The address, if it is of this type.
  func address(of type: DNSRecordType) -> String? {
    switch (self, type) {
    case (.ipv4(let address), .a), (.ipv6(let address), .aaaa): address
    default: nil
    }
  }
}
